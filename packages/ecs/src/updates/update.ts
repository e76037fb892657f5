import type { ECSClient, Service } from '@aws-sdk/client-ecs'
import { type Clock, isUserError, type Log, messageOf } from '@deploy-actions/action-kit'
import type { StartedDeployment } from '../deployments/types.ts'
import { graceAfterCancel } from '../grace-after-cancel.ts'
import { describeService } from '../services/describe.ts'
import { primaryOf } from '../services/primary.ts'
import { familyRevision } from '../task-definitions/fetch.ts'
import { currentDeployment, startDeployment, startedAfter, type UpdateRequest } from './start.ts'
import { stopDeployment } from './stop.ts'

export interface UpdateContext {
  /** Built without the run's cancel, so that an update that is being sent then is still answered. */
  ecs: ECSClient
  clock: Clock
  log: Log
  /** The run's cancel: from then on an update has a few seconds to be answered. */
  signal: AbortSignal
}

/** One service's update. */
export interface ServiceUpdate extends UpdateRequest {
  before: Service
  /**
   * What the service is to run, as ARN or `family:revision`: by it the deployment is known should the answer be
   * lost.
   */
  brings: string
  /**
   * At ECS's limit of active deployments the newest is stopped and the update repeated, for as long as this.
   * Default: refused.
   */
  makeRoomMs?: number
}

/** What became of one service's update. */
export type ServiceUpdateResult =
  | { kind: 'started' | 'unchanged'; started: StartedDeployment }
  /** Certainly not updated. */
  | { kind: 'refused'; message: string; cause: unknown }
  /** ECS gave no clear answer, and no deployment of this update shows: it may still have been started. */
  | { kind: 'unanswered'; message: string }

/**
 * After a cancel an update that is under way may wait so long for its answer, and as long again be looked for: the
 * step has 7.5 s in all.
 */
const afterCancelMs = 1_200
const roomPauseMs = 3_000

/**
 * Updates services side by side; answers in the order of `updates`, and never throws: what happens to one service
 * does not hold back another. `onResult` is called as soon as each is known, since a run may be killed before the
 * last.
 */
export async function updateServices(
  context: UpdateContext,
  updates: ServiceUpdate[],
  onResult?: (result: ServiceUpdateResult, index: number) => void,
): Promise<ServiceUpdateResult[]> {
  return Promise.all(
    updates.map(async (update, index) => {
      const result = await updateOne(context, update)
      onResult?.(result, index)
      return result
    }),
  )
}

/** Updates one service. A deployment whose answer was lost is looked up and adopted. Never throws. */
export async function updateOne(context: UpdateContext, update: ServiceUpdate): Promise<ServiceUpdateResult> {
  try {
    const started = await withinCancel(context, (abortSignal) => send(context, update, abortSignal))
    return { kind: started.created ? 'started' : 'unchanged', started }
  } catch (cause) {
    const message = messageOf(cause)
    if (isUserError(cause)) return { kind: 'refused', message, cause }
    const found = await withinCancel(context, () => adopt(context, update)).catch(() => undefined)
    if (!found) return { kind: 'unanswered', message }
    context.log.info(`${found.service}: the answer of UpdateService was lost (${message}), the deployment was not.`)
    return { kind: 'started', started: found }
  }
}

async function send(
  context: UpdateContext,
  { makeRoomMs, ...update }: ServiceUpdate,
  abortSignal: AbortSignal,
): Promise<StartedDeployment> {
  const { ecs, clock, signal } = context
  // ECS replaces deploymentConfiguration as a whole, so what is not passed goes back as it is right now.
  const before = update.settings ? await describeService(ecs, update.cluster, update.service) : update.before
  const until = clock.now().getTime() + (makeRoomMs ?? 0)
  for (let attempt = 0; ; attempt++) {
    try {
      return await startDeployment(ecs, { ...update, before }, abortSignal)
    } catch (error) {
      if (!isFull(error) || makeRoomMs === undefined || signal.aborted || clock.now().getTime() > until) throw error
      if (attempt === 0) await stopNewest(context, update.cluster, before)
      await clock.sleep(roomPauseMs, signal)
    }
  }
}

/** Where five deployments are active ECS takes no more (aws/containers-roadmap#2836). */
function isFull(error: unknown): boolean {
  return isUserError(error) && error.cause instanceof Error && /active deployments exist/i.test(error.cause.message)
}

/** Makes room for one more. What it cannot stop may still end by itself, so a failure is only said. */
async function stopNewest({ ecs, log }: UpdateContext, cluster: string, before: Service): Promise<void> {
  log.warning(`${before.serviceName}: five deployments are active, more ECS does not take; waiting for one to end.`)
  try {
    log.info((await stopDeployment(ecs, currentDeployment(cluster, before))).text)
  } catch (error) {
    log.warning(`${before.serviceName}: the newest of them could not be stopped: ${messageOf(error)}`)
  }
}

/** The deployment that this update started although nobody heard of it; undefined where none shows. */
async function adopt(
  { ecs }: UpdateContext,
  { cluster, service, before, brings }: ServiceUpdate,
): Promise<StartedDeployment | undefined> {
  const found = currentDeployment(cluster, await describeService(ecs, cluster, service))
  if (found.deploymentId === primaryOf(before)?.id) return undefined
  if (familyRevision(found.taskDefinition) !== familyRevision(brings)) return undefined
  return startedAfter(found, before, true)
}

/** Does the work, which after a cancel of the run has a few seconds left; then it is aborted, and fails. */
async function withinCancel<T>(
  { clock, signal }: UpdateContext,
  work: (abortSignal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController()
  const grace = graceAfterCancel(clock, signal, afterCancelMs)
  const late = grace.over.then(() => {
    abort.abort()
    throw new Error('The run was cancelled before ECS answered.')
  })
  try {
    return await Promise.race([work(abort.signal), late])
  } finally {
    grace.dispose()
  }
}
