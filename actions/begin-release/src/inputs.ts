import { type InputReader, UserError } from '@deploy-actions/action-kit'
import { type EcrRepository, isDigest, isRegistryId, isRepositoryName } from '@deploy-actions/ecr'
import { segment, segmentHint } from '@deploy-actions/release'

export interface Inputs {
  application: string
  environment: string
  repository: EcrRepository
  digest: string
  commit: string | undefined
  lockTimeoutMs: number
  lockExpiresMs: number
  onSuperseded: 'fail' | 'skip'
  /** The environment in which the image has to have completed before; undefined checks nothing. */
  testedIn: string | undefined
  onUntested: 'warn' | 'refuse'
  order: 'warn' | 'strict'
  acceptHistory: boolean
  acrossSchema: boolean
  /** Reads contents of this repository on GitHub; undefined off GitHub. */
  token: string | undefined
  region: string
  registryRegion: string
}

const minute = 60_000

export function parseMode(reader: InputReader): 'begin' | 'end' {
  return reader.choice('mode', ['begin', 'end'], 'begin')
}

/** Validates everything before the first call. */
export function parseInputs(reader: InputReader): Inputs {
  const region = reader.region()
  const lockExpiresMs = reader.duration('lock-expires', 180 * minute)
  if (lockExpiresMs < 5 * minute)
    throw new UserError(
      `Input "lock-expires" is "${reader.text('lock-expires')}". Valid: at least 5m, and longer than the whole release takes, such as 3h.`,
    )
  return {
    application: matching(reader, 'application', segment, segmentHint),
    environment: matching(reader, 'environment', segment, segmentHint),
    repository: {
      name: checked(reader, 'repository', isRepositoryName, 'the name of an ECR repository, without a registry host'),
      registryId: optional(reader, 'registry', isRegistryId, 'an account id of 12 digits'),
    },
    digest: checked(reader, 'digest', isDigest, 'sha256: and 64 hex digits in lower case'),
    commit: reader.matching('commit', /^[0-9a-f]{40}$/, 'a full commit SHA of 40 hex digits'),
    lockTimeoutMs: reader.duration('lock-timeout', 30 * minute),
    lockExpiresMs,
    onSuperseded: reader.choice('on-superseded', ['fail', 'skip'], 'fail'),
    testedIn: testedInOf(reader),
    onUntested: reader.choice('on-untested', ['warn', 'refuse'], 'warn'),
    order: reader.choice('order', ['warn', 'strict'], 'warn'),
    acceptHistory: reader.flag('accept-history', false),
    acrossSchema: reader.flag('across-schema', false),
    token: reader.text('token'),
    region,
    registryRegion: reader.text('registry-region') ? reader.region('registry-region') : region,
  }
}

function matching(reader: InputReader, name: string, pattern: RegExp, valid: string): string {
  return checked(reader, name, (value) => pattern.test(value), valid)
}

function testedInOf(reader: InputReader): string | undefined {
  const testedIn = optional(reader, 'tested-in', (value) => segment.test(value), segmentHint)
  if (testedIn !== undefined && testedIn === reader.text('environment'))
    throw new UserError(
      `Input "tested-in" is "${testedIn}", the environment that is released to. Valid: the one before it, such as staging; empty checks nothing.`,
    )
  return testedIn
}

function checked(reader: InputReader, name: string, isValid: (value: string) => boolean, valid: string): string {
  const value = reader.required(name, valid)
  if (!isValid(value)) throw new UserError(`Input "${name}" is "${value}". Valid: ${valid}.`)
  return value
}

function optional(reader: InputReader, name: string, isValid: (value: string) => boolean, valid: string) {
  return reader.text(name) === undefined ? undefined : checked(reader, name, isValid, valid)
}
