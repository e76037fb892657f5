import { type InputReader, UserError } from '@deploy-actions/action-kit'
import { isDigest } from '@deploy-actions/ecr'
import { registryInputs, repositoryInput } from '@deploy-actions/ecr/inputs'
import { clusterInput, containerInput, servicesInput } from '@deploy-actions/ecs/inputs'
import { recordInput } from '@deploy-actions/release/inputs'

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
  const record = recordInput(reader)
  const services = servicesInput(reader)
  const { registryId, registryRegion } = registryInputs(reader)
  const to = destination(reader)
  if (to.kind === 'task-definition' && services.length > 1)
    throw new UserError(
      `Input "to" is "${to.familyRevision}", a task definition, which only one service can go back to; "service" names ${services.length}. Use previous, a digest or a commit.`,
    )
  return {
    record,
    cluster: clusterInput(reader, record?.environment),
    services,
    container: containerInput(reader),
    repository: repositoryInput(reader, 'repository'),
    registry: registryId,
    to,
    priority: reader.choice('priority', ['high', 'panic', 'normal'], 'high'),
    reason: reader.text('reason'),
    freeze: reader.flag('freeze', true),
    acrossSchema: reader.flag('across-schema', false),
    timeoutMs: reader.duration('timeout', 20 * 60_000),
    region: reader.region(),
    registryRegion,
  }
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
