import { messageOf } from '@deploy-actions/action-kit'
import { isAccessError } from '@deploy-actions/aws'
import {
  type DeploymentOutcome,
  familyRevision,
  startDeployment,
  stopDeployment,
  type Verdict,
  watchDeployments,
} from '@deploy-actions/ecs'
import type { Deps } from './deps.ts'
import type { Inputs, Undo } from './inputs.ts'
import type { UndoRight } from './undo-right.ts'

/** ECS lists a deployment up to half a minute late. After SIGINT the runner leaves 7.5 s; what is not found by then is left to `post`. */
const patienceMs = { cancelled: 4_000, timeout: 60_000 }
/** All that a cancelled run may spend on stopping; the rest is for its last words. */
const cancelledMs = 5_000
/** How long to look at a deployment that turns out to have ended at the very timeout. */
const endedMs = 20_000
/** How long a rollback that we asked for is followed, so that the step can say what serves. */
const followMs = 10 * 60_000

const unfailed: Verdict[] = ['completed', 'paused', 'superseded']

/** An outcome after the undo. */
export interface Undone extends DeploymentOutcome {
  /** ECS is rolling back because we asked. */
  rollingBack?: boolean
  /** Still to be stopped, which is for `post`. */
  unfinished?: boolean
}

/**
 * After a cancel or a timeout: stops the deployments that are still open and has ECS roll them back, or leaves them, as `on-cancel` and `on-timeout` say
 * and the guard allows. Adds to each outcome's reason what state that leaves. A rollback that ECS has begun itself is not touched.
 */
export async function undoInterrupted(
  inputs: Inputs,
  outcomes: DeploymentOutcome[],
  right: UndoRight,
  deps: Deps,
): Promise<Undone[]> {
  return Promise.all(outcomes.map((outcome) => undoOne(inputs, outcome, right, deps)))
}

async function undoOne(inputs: Inputs, outcome: DeploymentOutcome, right: UndoRight, deps: Deps): Promise<Undone> {
  const { interrupted, started, phase } = outcome
  if (!interrupted) return outcome
  if (interrupted === 'credentials')
    return withText(
      outcome,
      `The deployment of ${started.service} goes on without this step; see in the AWS console how it ends.`,
    )
  if (!started.created) return withText(outcome, 'This step had not started that deployment, so it leaves it alone.')
  if (phase === 'rolling-back') return withText(outcome, 'ECS is rolling back and goes on doing so.')
  const [input, wish]: [string, Undo] =
    interrupted === 'timeout' ? ['on-timeout', inputs.onTimeout] : ['on-cancel', inputs.onCancel]
  if (wish === 'leave')
    return withText(outcome, `${input} is leave: the deployment goes on, and tasks of both releases may run.`)
  if (!right.allowed)
    return withText(
      outcome,
      `It was not rolled back, because the guard forbids it: ${right.why} The deployment goes on, and tasks of both releases may run.`,
    )
  if (interrupted === 'timeout') return stop(outcome, interrupted, deps)
  return (
    (await within(cancelledMs, stop(outcome, interrupted, deps), deps)) ?? forPost(outcome, 'ECS has not answered yet')
  )
}

async function stop(outcome: DeploymentOutcome, interrupted: 'timeout' | 'cancelled', deps: Deps): Promise<Undone> {
  const { started, serviceDeploymentArn } = outcome
  const { clients, clock, log } = deps
  try {
    const { result, text, ...stopped } = await stopDeployment(
      interrupted === 'cancelled' ? clients.urgentEcs() : clients.lastingEcs(),
      started,
      { serviceDeploymentArn, patienceMs: patienceMs[interrupted], clock },
    )
    log.info(text)
    if (result === 'ended') return (await endOf(outcome, interrupted, deps)) ?? withText(outcome, text)
    if (result === 'not-found')
      return interrupted === 'cancelled' ? forPost(outcome, 'ECS does not list it yet') : withText(outcome, text)
    return {
      ...withText(
        { ...outcome, serviceDeploymentArn: stopped.serviceDeploymentArn },
        `ECS was asked to stop it and rolls back to ${familyRevision(started.previousTaskDefinition)}.`,
      ),
      rollingBack: true,
    }
  } catch (error) {
    // Throttling, a lost connection: the end of the job has more time than a cancelled step.
    if (interrupted === 'cancelled' && !isAccessError(error))
      return forPost(outcome, `ECS did not take it (${messageOf(error)})`)
    return withText(
      outcome,
      `It could not be stopped: ${messageOf(error)} The deployment goes on, and tasks of both releases may run. To go back by hand: aws ecs update-service --cluster ${started.cluster} --service ${started.service} --task-definition ${familyRevision(started.previousTaskDefinition)}`,
    )
  }
}

function forPost(outcome: DeploymentOutcome, why: string): Undone {
  return { ...withText(outcome, `${why}; the end of this job stops it.`), unfinished: true }
}

/** How a deployment ended that was over before it could be stopped; undefined where that cannot be told yet. */
async function endOf(
  { started }: DeploymentOutcome,
  interrupted: 'timeout' | 'cancelled',
  { clients, clock, log, cancelled }: Deps,
): Promise<Undone | undefined> {
  const [end] = await watchDeployments(
    interrupted === 'timeout'
      ? { ecs: clients.ecs, clock, log, signal: cancelled }
      : { ecs: clients.urgentEcs(), clock, log },
    [started],
    // A cancelled run has time for one look.
    { timeoutMs: interrupted === 'timeout' ? endedMs : 1 },
  )
  if (!end || end.interrupted) return undefined
  return withText(
    end,
    interrupted === 'timeout' ? 'It ended right at the timeout.' : 'It ended as the run was cancelled.',
  )
}

async function within<T>(milliseconds: number, work: Promise<T>, { clock }: Deps): Promise<T | undefined> {
  const timer = new AbortController()
  try {
    return await Promise.race([work, clock.sleep(milliseconds, timer.signal).then(() => undefined)])
  } finally {
    timer.abort()
  }
}

/**
 * After a migration, a deployment that did not complete leaves earlier code on the newer schema: all of it when ECS rolled back, which it does without asking
 * the guard. Said in any case, as is that the way is forward only.
 */
export function withSchemaNote(outcome: Undone, { allowed, why, schema }: UndoRight): Undone {
  if (outcome.verdict === 'completed' || allowed || !outcome.started.created) return outcome
  const before = familyRevision(outcome.started.previousTaskDefinition)
  const text = schema
    ? `${before} expects schema ${schema.code}, but the database has ${schema.database}: a rollback to it is refused, so ship a fix that expects ${schema.database}.`
    : ''
  const asked =
    outcome.verdict === 'rolled-back' ? `ECS does that without asking the guard, which would have refused: ${why}` : ''
  return withText(outcome, [asked, text].filter(Boolean).join(' '))
}

/** Follows the rollbacks of timed-out deployments to their end; the verdict stays, the reason says what serves. */
export async function followRollbacks(outcomes: Undone[], deps: Deps): Promise<Undone[]> {
  const stopped = outcomes.filter(({ interrupted, rollingBack }) => interrupted === 'timeout' && rollingBack)
  if (stopped.length === 0) return outcomes
  const ends = await watchDeployments(
    { ecs: deps.clients.ecs, clock: deps.clock, log: deps.log, signal: deps.cancelled },
    stopped.map(({ started }) => started),
    { timeoutMs: followMs },
  )
  return outcomes.map((outcome) => {
    const end = ends[stopped.indexOf(outcome)]
    return end ? withText(outcome, endOfRollback(end)) : outcome
  })
}

function endOfRollback(end: DeploymentOutcome): string {
  if (end.interrupted) return 'The rollback was still under way when this step ended.'
  const primary = end.observation?.service?.deployments?.find(({ status }) => status === 'PRIMARY')
  const serves = familyRevision(primary?.taskDefinition ?? end.started.previousTaskDefinition)
  return end.verdict === 'stopped' || end.verdict === 'rolled-back' ? `${serves} serves again.` : end.reason
}

/**
 * `rollback-together`: where one service did not complete, the completed ones go back to what they ran, by a new deployment of that revision. Answers
 * with lines on how that went.
 */
export async function rollBackCompleted(
  inputs: Inputs,
  { outcomes, refused }: { outcomes: DeploymentOutcome[]; refused: unknown[] },
  right: UndoRight,
  deps: Deps,
): Promise<string[]> {
  // A paused deployment still waits for its answer, and a superseded one is somebody else's by now: neither has failed.
  const failed = refused.length > 0 || outcomes.some(({ verdict }) => !unfailed.includes(verdict))
  if (!inputs.rollbackTogether || !failed) return []
  const same = outcomes.filter(
    ({ verdict, started }) =>
      verdict === 'completed' && started.created && started.taskDefinition === started.previousTaskDefinition,
  )
  const stays = same.map(
    ({ started }) =>
      `${started.service} stays on this release: it is a new deployment of ${familyRevision(started.taskDefinition)}, which it ran before, so there is no earlier revision to go back to.`,
  )
  const completed = outcomes.filter(
    ({ verdict, started }) =>
      verdict === 'completed' && started.created && started.taskDefinition !== started.previousTaskDefinition,
  )
  if (completed.length === 0) return stays
  const names = completed.map(({ started }) => started.service).join(', ')
  if (!right.allowed)
    return [
      ...stays,
      `${names} completed and stay on this release although others failed: going back is not allowed. ${right.why}`,
    ]
  if (deps.cancelled.aborted) return [...stays, `${names} completed and stay on this release: the run was cancelled.`]
  deps.log.info(`rollback-together: ${names} go back to the release of before.`)
  const lines = [...stays]
  const back = await Promise.all(
    completed.map(async ({ started }) => {
      try {
        return await startDeployment(deps.clients.ecs, {
          cluster: started.cluster,
          service: started.serviceArn,
          taskDefinition: started.previousTaskDefinition,
        })
      } catch (error) {
        lines.push(`${started.service} stays on this release: it could not be taken back. ${messageOf(error)}`)
        return undefined
      }
    }),
  )
  const started = back.filter((one) => one !== undefined)
  const ends = started.length
    ? await watchDeployments(
        { ecs: deps.clients.ecs, clock: deps.clock, log: deps.log, signal: deps.cancelled },
        started,
        {
          timeoutMs: inputs.timeoutMs,
        },
      )
    : []
  for (const end of ends)
    lines.push(
      end.verdict === 'completed'
        ? `${end.started.service} was taken back to ${familyRevision(end.started.taskDefinition)}.`
        : `${end.started.service} could not be taken back to ${familyRevision(end.started.taskDefinition)}: ${end.verdict}. ${end.reason}`,
    )
  return lines
}

function withText<T extends DeploymentOutcome>(outcome: T, text: string): T {
  return text ? { ...outcome, reason: `${outcome.reason} ${text}` } : outcome
}
