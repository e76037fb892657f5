import { type InputReader, UserError } from '@deploy-actions/action-kit'
import type { EcrRepository } from '@deploy-actions/ecr'
import { digestInput, repositoryInputs } from '@deploy-actions/ecr/inputs'
import { commitInput, requiredRecordInput, segment, segmentHint } from '@deploy-actions/release/inputs'

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
  const record = requiredRecordInput(reader)
  const { repository, region: registryRegion } = repositoryInputs(reader)
  reader.required('digest', 'of the image to be released, sha256: and 64 hex digits')
  return {
    ...record,
    repository,
    digest: digestInput(reader, 'digest') ?? '',
    commit: commitInput(reader),
    lockTimeoutMs: reader.duration('lock-timeout', 30 * minute),
    lockExpiresMs: reader.duration('lock-expires', 180 * minute, { min: 5 * minute }),
    onSuperseded: reader.choice('on-superseded', ['fail', 'skip'], 'fail'),
    testedIn: testedInOf(reader),
    onUntested: reader.choice('on-untested', ['warn', 'refuse'], 'warn'),
    order: reader.choice('order', ['warn', 'strict'], 'warn'),
    acceptHistory: reader.flag('accept-history', false),
    acrossSchema: reader.flag('across-schema', false),
    token: reader.text('token'),
    region: reader.region(),
    registryRegion,
  }
}

function testedInOf(reader: InputReader): string | undefined {
  const testedIn = reader.matching('tested-in', segment, segmentHint)
  if (testedIn !== undefined && testedIn === reader.text('environment'))
    throw new UserError(
      `Input "tested-in" is "${testedIn}", the environment that is released to. Valid: the one before it, such as staging; empty checks nothing.`,
    )
  return testedIn
}
