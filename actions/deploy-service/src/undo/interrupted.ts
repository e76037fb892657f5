import { messageOf } from '@deploy-actions/action-kit'
import { isAccessError } from '@deploy-actions/aws'
import {
  type DeploymentOutcome,
  familyRevision,
  primaryOf,
  type UndoResult,
  undoDeployment,
  watchDeployments,
} from '@deploy-actions/ecs'
import type { Deps, UndoRight } from '../deps.ts'
import type { Inputs, Undo } from '../inputs.ts'

/**
 * ECS lists a deployment up to half a minute late. After SIGINT the runner leaves 7.5 s; what is not found by then
 * is left to `post`.
 */
const afterCancel = { patienceMs: 4_000, atMostMs: 5_000, endMs: 1 }
const afterTimeout = { patienceMs: 60_000, endMs: 20_000 }
/** How long a rollback that we asked for is followed, so that the step can say what serves. */
const followMs = 10 * 60_000

const bothMayRun = 'The deployment goes on, and tasks of both releases may run.'

/** An outcome after the undo. */
export interface Undone extends DeploymentOutcome {
  /** ECS is rolling back because we asked. */
  rollingBack?: boolean
  /** Still to be stopped, which is for `post`. */
  unfinished?: boolean
}

/**
 * After a cancel or a timeout: stops the deployments that are still open and has ECS roll them back, or leaves
 * them, as `on-cancel` and `on-timeout` say and the guard allows. Adds to each outcome's reason what state that
 * leaves. A rollback that ECS has begun itself is not touched.
 */
export async function undoInterrupted(
  inputs: Inputs,
  outcomes: DeploymentOutcome[],
  right: UndoRight,
  deps: Deps,
): Promise<Undone[]> {
  return Promise.all(outcomes.map((outcome) => undoOne(inputs, outcome, right, deps)))
}

async function undoOne(
  inputs: Inputs,
  outcome: DeploymentOutcome,
  right: UndoRight,
  { clients, clock, log, cancelled }: Deps,
): Promise<Undone> {
  const { interrupted, started, serviceDeploymentArn } = outcome
  if (!interrupted) return outcome
  const left = whyLeft(inputs, outcome, right)
  if (left) return withText(outcome, left)
  const [context, options] =
    interrupted === 'cancelled'
      ? [{ ecs: clients.urgentEcs(), clock, log }, afterCancel]
      : [{ ecs: clients.lastingEcs(), clock, log, signal: cancelled }, afterTimeout]
  return undone(outcome, await undoDeployment(context, started, { serviceDeploymentArn, ...options }))
}

/** Why nothing is stopped, and what goes on then; undefined where it is to be stopped. */
function whyLeft(
  { onTimeout, onCancel }: Inputs,
  { interrupted, started, phase }: DeploymentOutcome,
  right: UndoRight,
): string | undefined {
  if (interrupted === 'credentials')
    return `The deployment of ${started.service} goes on without this step; see in the AWS console how it ends.`
  if (!started.created) return 'This step had not started that deployment, so it leaves it alone.'
  if (phase === 'rolling-back') return 'ECS is rolling back and goes on doing so.'
  const [input, wish]: [string, Undo] = interrupted === 'timeout' ? ['on-timeout', onTimeout] : ['on-cancel', onCancel]
  if (wish === 'leave') return `${input} is leave: the deployment goes on, and tasks of both releases may run.`
  return right.allowed ? undefined : `It was not rolled back, because the guard forbids it: ${right.why} ${bothMayRun}`
}

function undone(outcome: DeploymentOutcome, result: UndoResult): Undone {
  const { interrupted, started } = outcome
  const before = familyRevision(started.previousTaskDefinition)
  const forPost = (why: string): Undone => ({
    ...withText(outcome, `${why}; the end of this job stops it.`),
    unfinished: true,
  })
  switch (result.kind) {
    case 'rolling-back':
      return {
        ...withText(outcome, `ECS was asked to stop it and rolls back to ${before}.`),
        serviceDeploymentArn: result.serviceDeploymentArn,
        ...(interrupted === 'cancelled' && { verdict: 'stopped' }),
        rollingBack: true,
      }
    case 'ended':
      if (!result.outcome) return withText(outcome, result.text)
      return withText(
        result.outcome,
        interrupted === 'timeout' ? 'It ended right at the timeout.' : 'It ended as the run was cancelled.',
      )
    case 'not-listed':
      return interrupted === 'cancelled' ? forPost('ECS does not list it yet') : withText(outcome, result.text)
    case 'unanswered':
      return forPost('ECS has not answered yet')
    case 'failed': {
      const why = messageOf(result.cause)
      // Throttling, a lost connection: the end of the job has more time than a cancelled step.
      if (interrupted === 'cancelled' && !isAccessError(result.cause)) return forPost(`ECS did not take it (${why})`)
      return withText(
        outcome,
        `It could not be stopped: ${why} ${bothMayRun} To go back by hand: aws ecs update-service --cluster ${started.cluster} --service ${started.service} --task-definition ${before}`,
      )
    }
  }
}

/**
 * After a migration, a deployment that did not complete leaves earlier code on the newer schema: all of it when ECS
 * rolled back, which it does without asking the guard. Said in any case, as is that the way is forward only.
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
export async function followRollbacks(outcomes: Undone[], { clients, clock, log, cancelled }: Deps): Promise<Undone[]> {
  const stopped = outcomes.filter(({ rollingBack, interrupted }) => rollingBack && interrupted === 'timeout')
  if (stopped.length === 0) return outcomes
  const ends = await watchDeployments(
    { ecs: clients.ecs, clock, log, signal: cancelled },
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
  const primary = primaryOf(end.observation?.service)
  const serves = familyRevision(primary?.taskDefinition ?? end.started.previousTaskDefinition)
  return end.verdict === 'stopped' || end.verdict === 'rolled-back' ? `${serves} serves again.` : end.reason
}

function withText<T extends DeploymentOutcome>(outcome: T, text: string): T {
  return text ? { ...outcome, reason: `${outcome.reason} ${text}` } : outcome
}
