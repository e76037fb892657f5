import type { Deployment } from '@aws-sdk/client-ecs'
import type { Findings } from './findings.ts'
import { completedReason, ended, inProgress, revisionName, supersededBy } from './reasons.ts'
import type { Judgement, Observation } from './types.ts'

/** How long an answer of DescribeServices may still be from before the update. */
const staleMs = 120_000
/**
 * How long an answer that proves nothing must stay the same: DescribeServices may repeat one of before the update
 * for half a minute.
 */
const steadyAnswerMs = 45_000
/** How long ECS may take from a failure to making the earlier deployment PRIMARY again. */
const rollbackBeginsMs = 90_000

/**
 * Judges by DescribeServices and events alone: before the service deployment is found, or where it cannot be read.
 */
export function judgeByService(observation: Observation, findings: Findings): Judgement {
  if (!observation.service) return inProgress('starting', 'The service is not in the answer of DescribeServices.')
  return byHolder[findings.holder](observation, findings)
}

const byHolder: Record<Findings['holder'], typeof held> = {
  us: held,
  earlier: wentBack,
  later: takenOver,
  nobody: () => inProgress('starting', 'The service lists no PRIMARY deployment.'),
}

function held(observation: Observation, findings: Findings): Judgement {
  const { started, now, failedSince } = observation
  if (findings.completed) return completedReason(observation)
  if (findings.failed) {
    // The service deployment says soon whether a rollback follows; without it, a rollback shows in the list of
    // deployments.
    if (observation.access === 'pending') return inProgress('settling', 'The deployment failed.')
    const candidates = (observation.service?.deployments ?? []).some(({ id }) => id !== started.deploymentId)
    const fresh = failedSince === undefined || now.getTime() - failedSince.getTime() < rollbackBeginsMs
    if (findings.rollsBackAlone && candidates && fresh)
      return inProgress('rolling-back', 'The deployment failed; ECS is about to roll back.')
    return failedHere(observation, findings)
  }
  if (findings.rolloutState === undefined && settledWithoutRolloutState(observation, findings))
    return completedReason(observation)
  return inProgress('rolling', findings.own?.rolloutStateReason ?? 'The deployment is in progress.')
}

/** The PRIMARY deployment failed and stays: no rollback is configured, or there is nothing to go back to. */
export function failedHere(observation: Observation, findings: Findings): Judgement {
  const others = (observation.service?.deployments ?? [])
    .filter(({ id, runningCount }) => id !== observation.started.deploymentId && (runningCount ?? 0) > 0)
    .sort((a, b) => (b.createdAt?.getTime() ?? 0) - (a.createdAt?.getTime() ?? 0))
  const serves =
    others.length > 0
      ? `${others.map(({ taskDefinition, runningCount }) => `${runningCount} of ${revisionName(taskDefinition)}`).join(', ')} still run.`
      : 'No task of an earlier deployment is left.'
  const why = findings.failed?.text.replace(/\.$/, '') || 'ECS gave it up'
  const rollback = findings.rollsBackAlone
    ? 'ECS found no earlier deployment to roll back to.'
    : 'Rollback on failure is off, so the service stays as it is until someone acts.'
  return ended('failed', `The deployment failed: ${why}. ${rollback} ${serves}`)
}

/**
 * Services behind a Classic Load Balancer have no rolloutState: one deployment left, all tasks up, and ECS calling
 * it steady since.
 */
function settledWithoutRolloutState({ service, started }: Observation, { events }: Findings): boolean {
  const { deployments = [], runningCount, desiredCount, pendingCount } = service ?? {}
  const steady = events.steadyAt !== undefined && events.steadyAt > started.createdAt
  return deployments.length === 1 && runningCount === desiredCount && pendingCount === 0 && steady
}

function wentBack(observation: Observation, findings: Findings): Judgement {
  const { service, now, since, seen } = observation
  const { primary, failed, third, events, completed } = findings
  const announced = events.rollbackTargets.length > 0 || events.failedWithoutId !== undefined
  const proven = failed !== undefined || announced
  const young = now.getTime() - since.getTime() < staleMs
  if (!proven && !seen && young) return inProgress('starting', 'ECS does not show the new deployment yet.')
  if (completed && !failed) return completedReason(observation)
  // Someone deployed over ours, and it was theirs that failed and went back.
  if (third && !failed) return supersededBy(observation, { id: third })
  const target = `${revisionName(primary?.taskDefinition)} (${primary?.id})`
  if (!proven && findings.own?.rolloutState === 'IN_PROGRESS')
    return inProgress('settling', `ECS lists ${target} as PRIMARY, but this deployment is still in progress.`)
  if (!proven && !believable(observation))
    return inProgress('settling', `DescribeServices shows ${target} again; looking once more before believing it.`)
  if (primary?.rolloutState === 'IN_PROGRESS') return inProgress('rolling-back', `ECS is rolling back to ${target}.`)
  const why = failed?.text || events.failedWithoutId
  const because = why ? `: ${why.replace(/\.$/, '')}` : proven ? '' : '; its events do not say why'
  if (primary?.rolloutState === 'FAILED')
    return ended(
      'failed',
      `The deployment failed${because}, and the rollback to ${target} failed as well. ${service?.runningCount ?? 0} of ${service?.desiredCount ?? 0} tasks run.`,
    )
  return ended('rolled-back', `ECS rolled back to ${target}${because}.`)
}

/**
 * Whether an unproven way back is more than one old answer: the service deployment is not still to come, and the
 * answer has stayed.
 */
function believable({ access, primarySince, now }: Observation): boolean {
  return access !== 'pending' && primarySince !== undefined && now.getTime() - primarySince.getTime() >= steadyAnswerMs
}

function takenOver(observation: Observation, { primary, completed, failed, events }: Findings): Judgement {
  if (!failed) return completed ? completedReason(observation, primary) : supersededBy(observation, primary)
  const why = failed.text.replace(/\.$/, '') || 'ECS gave it up'
  const wentBackFirst = events.rollbackTargets.length > 0 ? '; ECS began to roll back' : ''
  return ended('failed', `The deployment failed: ${why}${wentBackFirst}. ${sinceThen(primary)}`)
}

/** Who holds the service after a failure of ours. */
export function sinceThen(primary: Deployment | undefined): string {
  return `Since then ${primary?.id} with ${revisionName(primary?.taskDefinition)} has taken over.`
}
