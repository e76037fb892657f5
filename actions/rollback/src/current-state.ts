import type { Service } from '@aws-sdk/client-ecs'
import { isUserError, messageOf, UserError } from '@deploy-actions/action-kit'
import { isAccessError } from '@deploy-actions/aws'
import { describeDeployableServices, familyRevision, primaryOf } from '@deploy-actions/ecs'
import {
  goodReleases,
  type Intent,
  isOpen,
  type LockHolder,
  type RecordState,
  readLock,
  readRecord,
  recordName,
} from '@deploy-actions/release'
import type { Deps } from './deps.ts'
import { pinnableImage } from './images.ts'
import type { Inputs } from './inputs.ts'

/** What serves one service now, before anything is changed. */
export interface CurrentService {
  service: string
  described: Service
  /** `family:revision` and ARN of the PRIMARY deployment. */
  taskDefinition: string
  arn: string
  /** `ecs-svc/N` */
  deploymentId: string
  /**
   * As far as the record knows it, or the definition pins it; in panic the definition is not read before the
   * update.
   */
  digest: string | undefined
}

/** What there is before anything is changed. */
export interface CurrentState {
  state: RecordState | undefined
  /** The record is in use, but could not be read. */
  unreadable: boolean
  /** Who holds the lock right now. */
  holder: LockHolder | undefined
  /** The release that holds the lock right now. */
  underWay: Intent | undefined
  present: CurrentService[]
}

/** Reads record, lock and services side by side: one call each. */
export async function readCurrentState(inputs: Inputs, deps: Deps): Promise<CurrentState> {
  const { record, cluster, services, priority } = inputs
  const { ecs, ssm, clock } = deps
  const [{ state, unreadable }, holder, described] = await Promise.all([
    readState(inputs, deps),
    // Without it the way back goes on, as if no release were under way: what ECS deploys shows in the services all
    // the same.
    record && readLock(ssm, record, clock.now()).catch(() => undefined),
    describeDeployableServices(ecs, cluster, services),
  ])
  const intent = state?.intent
  const isUnderWay = intent?.kind === 'release' && isOpen(intent) && holder?.run === intent.run
  const present = described.map((service) => currentService(service, state))
  return {
    state,
    unreadable,
    holder,
    underWay: isUnderWay ? intent : undefined,
    present:
      priority === 'panic' ? present : await Promise.all(present.map((one) => withPinnedDigest(one, inputs, deps))),
  }
}

async function withPinnedDigest(one: CurrentService, inputs: Inputs, deps: Deps): Promise<CurrentService> {
  if (one.digest) return one
  // A definition whose image cannot be pinned only stops those who have to swap it.
  const place = await pinnableImage(one.arn, inputs, deps, inputs.to.kind === 'task-definition')
  return { ...one, digest: place?.image.digest }
}

function currentService(described: Service, state: RecordState | undefined): CurrentService {
  const primary = primaryOf(described)
  const arn = primary?.taskDefinition ?? described.taskDefinition ?? ''
  const service = described.serviceName ?? ''
  const taskDefinition = familyRevision(arn)
  const { intent } = state ?? {}
  const isMeant = intent?.target[service] === taskDefinition || intent?.services[service] === taskDefinition
  const release = state && goodReleases(state).find(({ services }) => services[service] === taskDefinition)
  const digest = isMeant ? intent?.digest : release?.digest
  return { service, described, taskDefinition, arn, deploymentId: primary?.id ?? '', digest }
}

/**
 * A record that cannot be read (damaged, denied, SSM out of reach) leaves the guard without an answer. Only an
 * operator in panic who takes that on goes on, by ECS's own memory.
 */
async function readState(
  { record, priority, acrossSchema }: Inputs,
  { ssm, log, signal }: Deps,
): Promise<Pick<CurrentState, 'state' | 'unreadable'>> {
  try {
    return { state: record && (await readRecord(ssm, record))?.state, unreadable: false }
  } catch (error) {
    if (signal.aborted) throw error
    const unreadable = `The record ${recordName(record!)} could not be read: ${messageOf(error)}`
    if (priority !== 'panic' || !acrossSchema)
      throw new UserError(
        `${unreadable}\nSo the guard cannot be asked whether the older code fits the schema. Nothing was changed. ${isAccessError(error) || isUserError(error) ? 'Mend that, or w' : 'Try again, or w'}here it cannot wait: priority: panic with across-schema: true goes back without the record, by ECS's own list of deployments.`,
        { cause: error },
      )
    log.warning(
      `${unreadable}\nacross-schema goes on without it, by ECS's own list of deployments: whether the older code fits the schema is not known.`,
    )
    return { state: undefined, unreadable: true }
  }
}
