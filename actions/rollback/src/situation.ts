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
import { imagePlace } from './images.ts'
import type { Inputs } from './inputs.ts'

/** What serves one service now, before anything is changed. */
export interface Present {
  service: string
  described: Service
  /** `family:revision` and ARN of the PRIMARY deployment. */
  taskDefinition: string
  arn: string
  /** `ecs-svc/N` */
  deploymentId: string
  /**
   * As far as the record knows it, or the definition pins it; in panic the definition is not read before the update.
   */
  digest: string | undefined
}

export interface Situation {
  state: RecordState | undefined
  /** Why the record, which is in use, could not be read. Then `state` is undefined. */
  unreadable?: string | undefined
  /** Who holds the lock right now. */
  holder: LockHolder | undefined
  /** The release that holds the lock right now. */
  underWay: Intent | undefined
  present: Present[]
}

/** Reads record, lock and services side by side: one call each. */
export async function lookAround(inputs: Inputs, deps: Deps): Promise<Situation> {
  const { record, cluster, services } = inputs
  const { ecs, ssm, clock } = deps
  const [{ state, unreadable }, holder, described] = await Promise.all([
    readState(inputs, deps),
    // Without it the way back goes on, as if no release were under way: what ECS deploys shows in the services all the
    // same.
    record && readLock(ssm, record, clock.now()).catch(() => undefined),
    describeDeployableServices(ecs, cluster, services),
  ])
  const intent = state?.intent
  const isUnderWay = intent?.kind === 'release' && isOpen(intent) && holder?.run === intent.run
  const present = described.map((service) => presentOf(service, state))
  return {
    state,
    unreadable,
    holder: holder || undefined,
    underWay: isUnderWay ? intent : undefined,
    present:
      inputs.priority === 'panic' ? present : await Promise.all(present.map((one) => pinnedBy(one, inputs, deps))),
  }
}

/** Whether the pending migration belongs to the run that holds the lock. */
export function isMigrating(state: RecordState | undefined, holder: LockHolder | undefined): boolean {
  return state?.pending?.run !== undefined && holder?.run === state.pending.run
}

function presentOf(described: Service, state: RecordState | undefined): Present {
  const primary = primaryOf(described)
  const arn = primary?.taskDefinition ?? described.taskDefinition ?? ''
  const service = described.serviceName ?? ''
  const taskDefinition = familyRevision(arn)
  const known = state ? [...(state.intent ? [state.intent] : []), ...goodReleases(state)] : []
  const runs = (one: (typeof known)[number]) =>
    one.services[service] === taskDefinition || ('target' in one && one.target[service] === taskDefinition)
  const digest = known.find(runs)?.digest
  return { service, described, taskDefinition, arn, deploymentId: primary?.id ?? '', digest }
}

/**
 * With the digest that its definition pins. A definition whose image cannot be pinned only stops those who have to swap
 * it.
 */
async function pinnedBy(present: Present, inputs: Inputs, { definition }: Deps): Promise<Present> {
  if (present.digest) return present
  const { taskDefinition } = await definition(present.arn)
  try {
    return { ...present, digest: imagePlace(taskDefinition, inputs).image.digest }
  } catch (error) {
    if (!isUserError(error) || inputs.to.kind !== 'task-definition') throw error
    return present
  }
}

/**
 * A record that cannot be read (damaged, denied, SSM out of reach) leaves the guard without an answer. Only an operator
 * in panic who takes that on goes on, by ECS's own memory.
 */
async function readState(
  { record, priority, acrossSchema }: Inputs,
  { ssm, log, signal }: Deps,
): Promise<Pick<Situation, 'state' | 'unreadable'>> {
  if (!record) return { state: undefined }
  try {
    return { state: (await readRecord(ssm, record))?.state }
  } catch (error) {
    if (signal.aborted) throw error
    const name = recordName(record)
    const unreadable = `The record ${name} could not be read: ${messageOf(error)}`
    if (priority === 'panic' && acrossSchema) {
      log.warning(
        `${unreadable}\nacross-schema goes on without it, by ECS's own list of deployments: whether the older code fits the schema is not known.`,
      )
      return { state: undefined, unreadable }
    }
    throw new UserError(
      `${unreadable}\nSo the guard cannot be asked whether the older code fits the schema. Nothing was changed. ${isAccessError(error) || isUserError(error) ? 'Mend that, or w' : 'Try again, or w'}here it cannot wait: priority: panic with across-schema: true goes back without the record, by ECS's own list of deployments.`,
      { cause: error },
    )
  }
}
