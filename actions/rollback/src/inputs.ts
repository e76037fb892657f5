import { type InputReader, UserError } from '@deploy-actions/action-kit'
import { isDigest, isRegistryId, isRepositoryName } from '@deploy-actions/ecr'
import { segment, segmentHint } from '@deploy-actions/release'

/** Where to go back to. */
export type Destination =
  | { kind: 'previous' }
  | { kind: 'digest'; digest: string }
  | { kind: 'commit'; commit: string }
  | { kind: 'task-definition'; familyRevision: string }

export interface Inputs {
  /** Where the record is kept; undefined works without one. */
  record: { application: string; environment: string } | undefined
  cluster: string
  services: string[]
  container: string | undefined
  repository: string | undefined
  registry: string | undefined
  to: Destination
  priority: 'high' | 'panic' | 'normal'
  reason: string | undefined
  freeze: boolean
  acrossSchema: boolean
  timeoutMs: number
  region: string
  registryRegion: string
}

/** Validates everything before the first call. */
export function parseInputs(reader: InputReader): Inputs {
  const region = reader.region()
  const record = recordKey(reader)
  const environment = reader.text('environment')
  const services = [...new Set(reader.list('service'))]
  if (services.length === 0)
    throw new UserError('Input "service" is required: the ECS services that go back, such as web.')
  const wrong = services.find((service) => !/^(arn:aws[\w-]*:ecs:\S+|[A-Za-z0-9_-]{1,255})$/.test(service))
  if (wrong) throw new UserError(`Input "service" holds "${wrong}". Valid: names of ECS services, or their ARNs.`)
  const cluster = reader.text('cluster') ?? environment
  if (!cluster)
    throw new UserError(
      'Input "cluster" is required where "environment" is empty: the ECS cluster, such as production.',
    )
  const to = destination(reader)
  if (to.kind === 'task-definition' && services.length > 1)
    throw new UserError(
      `Input "to" is "${to.familyRevision}", a task definition, which only one service can go back to; "service" names ${services.length}. Use previous, a digest or a commit.`,
    )
  return {
    record,
    cluster,
    services,
    container: reader.text('container'),
    repository: valid(reader, 'repository', isRepositoryName, 'the name of an ECR repository, without a registry host'),
    registry: valid(reader, 'registry', isRegistryId, 'an account id of 12 digits'),
    to,
    priority: reader.choice('priority', ['high', 'panic', 'normal'], 'high'),
    reason: reader.text('reason'),
    freeze: reader.flag('freeze', true),
    acrossSchema: reader.flag('across-schema', false),
    timeoutMs: reader.duration('timeout', 20 * 60_000),
    region,
    registryRegion: reader.text('registry-region') ? reader.region('registry-region') : region,
  }
}

function recordKey(reader: InputReader): Inputs['record'] {
  const application = valid(reader, 'application', (text) => segment.test(text), segmentHint)
  const environment = valid(reader, 'environment', (text) => segment.test(text), segmentHint)
  if (!application) return undefined
  if (!environment)
    throw new UserError('Input "environment" is required with "application": the record is kept for both together.')
  return { application, environment }
}

function destination(reader: InputReader): Destination {
  const to = reader.text('to') ?? 'previous'
  if (to === 'previous') return { kind: 'previous' }
  if (isDigest(to)) return { kind: 'digest', digest: to }
  if (/^[0-9a-f]{7,40}$/.test(to)) return { kind: 'commit', commit: to }
  // A digest cut short reads like a family of that name.
  if (/^(?!sha\d+:)[A-Za-z0-9_-]{1,255}:[1-9]\d*$/.test(to)) return { kind: 'task-definition', familyRevision: to }
  throw new UserError(
    `Input "to" is "${to}". Valid: previous, a digest (sha256: and 64 hex digits), a commit (7 to 40 hex digits) or a task definition (family:revision).`,
  )
}

function valid(
  reader: InputReader,
  name: string,
  isValid: (value: string) => boolean,
  hint: string,
): string | undefined {
  const value = reader.text(name)
  if (value !== undefined && !isValid(value)) throw new UserError(`Input "${name}" is "${value}". Valid: ${hint}.`)
  return value
}
