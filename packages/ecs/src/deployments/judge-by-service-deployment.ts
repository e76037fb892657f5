import type { DeploymentLifecycleHookDetail, ServiceDeployment, ServiceDeploymentStatus } from '@aws-sdk/client-ecs'
import type { Findings } from './findings.ts'
import { failedHere, judgeByService, sinceThen } from './judge-by-service.ts'
import { completedReason, ended, inProgress, revisionName, supersededBy } from './reasons.ts'
import type { Judgement, Observation, Phase } from './types.ts'

/** How long an end without an explanation is held back, so that DescribeServices can show who took over. */
const settleMs = 3_000
/** How long the status may stay behind what DescribeServices and the events say. */
const lagMs = 60_000

/**
 * Judges by the status of the service deployment; undefined where there is none to go by, or none that is known: a
 * status that the API adds later may be an end. What a superseded one ends as is not documented, so STOPPED,
 * SUCCESSFUL and an IN_PROGRESS that never ends are all understood.
 */
export function judgeByServiceDeployment(observation: Observation, findings: Findings): Judgement | undefined {
  const deployment = observation.serviceDeployment
  if (!deployment?.status) return undefined
  const hook = waitingHook(deployment)
  return byStatus[deployment.status]?.(observation, findings, deployment) ?? (hook && paused(deployment, hook))
}

const byStatus: Partial<Record<ServiceDeploymentStatus, typeof successful>> = {
  SUCCESSFUL: successful,
  ROLLBACK_SUCCESSFUL: rolledBack,
  ROLLBACK_FAILED: rollbackFailed,
  STOPPED: stopped,
  STOP_REQUESTED: goingBack,
  ROLLBACK_REQUESTED: goingBack,
  ROLLBACK_IN_PROGRESS: goingBack,
  PENDING: goingOn,
  IN_PROGRESS: goingOn,
}

function successful(observation: Observation, findings: Findings, deployment: ServiceDeployment): Judgement {
  const { holder, primary, completed, failed, third, rolloutState } = findings
  // What ran before and is PRIMARY again may be what ECS is rolling back to right now: its own success is long
  // past.
  if (!observation.started.created && rolloutState !== undefined && !completed)
    return judgeByService(observation, findings)
  // SUCCESSFUL is overruled by proof only, as DescribeServices may repeat an answer of before the update.
  if (holder === 'earlier' && !completed && (failed || third)) return judgeByService(observation, findings)
  if (holder !== 'later' || completed) return completedReason(observation)
  const finishedBefore =
    deployment.finishedAt && primary?.createdAt && deployment.finishedAt.getTime() < primary.createdAt.getTime()
  return finishedBefore ? completedReason(observation, primary) : supersededBy(observation, primary)
}

function rolledBack(observation: Observation, { primary }: Findings, deployment: ServiceDeployment): Judgement {
  const { taskDefinition, previousTaskDefinition } = observation.started
  const back = primary?.taskDefinition === taskDefinition ? undefined : primary?.taskDefinition
  const target = revisionName(back ?? previousTaskDefinition)
  return stoppedByHand(observation, deployment)
    ? ended('stopped', `${requestText(deployment)}, and ECS rolled back to ${target}.`)
    : ended('rolled-back', sentences(`ECS rolled back to ${target}.`, whyOf(deployment)))
}

function rollbackFailed(observation: Observation, findings: Findings, deployment: ServiceDeployment): Judgement {
  if (findings.holder === 'later') return failedThenTakenOver(findings, deployment)
  const { runningCount = 0, desiredCount = 0 } = observation.service ?? {}
  const tasks = `${runningCount} of ${desiredCount} tasks run.`
  return ended('failed', sentences('The deployment failed, and so did its rollback.', whyOf(deployment), tasks))
}

function stopped(observation: Observation, findings: Findings, deployment: ServiceDeployment): Judgement {
  if (findings.failed || detected(deployment)) {
    if (findings.holder === 'later') return failedThenTakenOver(findings, deployment)
    const alarms = deployment.alarms?.triggeredAlarmNames?.join(', ')
    const seen = alarms ? `alarm ${alarms} went off` : (deployment.statusReason ?? 'too many tasks failed')
    const proven = { ...findings, failed: { text: findings.failed?.text || seen } }
    return findings.holder === 'earlier' ? judgeByService(observation, proven) : failedHere(observation, proven)
  }
  if (findings.completed) return completedReason(observation)
  if (findings.holder === 'later') return supersededBy(observation, findings.primary)
  if (findings.third) return supersededBy(observation, { id: findings.third })
  const { now, statusSince = now } = observation
  if (!stoppedByHand(observation, deployment) && now.getTime() - statusSince.getTime() < settleMs)
    return inProgress('settling', 'The service deployment is STOPPED; looking for what took over.')
  const serves =
    findings.holder === 'earlier'
      ? `The service is back on ${revisionName(findings.primary?.taskDefinition)}.`
      : 'The service was not rolled back: tasks of both releases may run.'
  const reason = deployment.statusReason ? ` (${deployment.statusReason.replace(/\.$/, '')})` : ''
  return ended('stopped', `The deployment was stopped before it completed${reason}. ${serves}`)
}

function goingBack(_observation: Observation, findings: Findings, deployment: ServiceDeployment): Judgement {
  if (findings.holder === 'later') return failedThenTakenOver(findings, deployment)
  return inProgress('rolling-back', sentences(`The service deployment is ${deployment.status}.`, whyOf(deployment)))
}

function goingOn(observation: Observation, findings: Findings, deployment: ServiceDeployment): Judgement {
  // Proof of an end stands, whoever has come since, and although the status has not followed yet.
  if (findings.holder === 'later') return judgeByService(observation, findings)
  if (findings.third && !findings.failed) return supersededBy(observation, { id: findings.third })
  const hook = waitingHook(deployment)
  if (hook) return paused(deployment, hook)
  if (lagsBehind(observation, findings)) return judgeByService(observation, findings)
  if (findings.failed) return inProgress('settling', 'The deployment failed; the service deployment has not ended yet.')
  return inProgress(phaseOf(deployment), `The service deployment is ${deployment.status}.`)
}

/**
 * Whether an end is long known that the status does not show. Only for rolling deployments: the others have stages
 * that follow the exchange of tasks, and there only the service deployment tells.
 */
function lagsBehind(
  { service, now, ...since }: Observation,
  { holder, completed, failed, rollsBackAlone }: Findings,
): boolean {
  if ((service?.deploymentConfiguration?.strategy ?? 'ROLLING') !== 'ROLLING') return false
  const long = (date: Date | undefined) => date !== undefined && now.getTime() - date.getTime() >= lagMs
  const settled = holder === 'earlier' ? long(since.primarySince) : holder === 'us' && !rollsBackAlone
  if (failed) return settled && long(since.failedSince)
  return completed && holder === 'us' && long(since.completedSince)
}

function waitingHook({ lifecycleHookDetails = [] }: ServiceDeployment) {
  return lifecycleHookDetails.find(({ targetType, status }) => targetType === 'PAUSE' && status === 'AWAITING_ACTION')
}

function paused(deployment: ServiceDeployment, hook: DeploymentLifecycleHookDetail): Judgement {
  const { hookId, expiresAt, timeoutAction } = hook
  const until = expiresAt ? `, until ${expiresAt.toISOString()}, then ${timeoutAction ?? 'ROLLBACK'}` : ''
  const answer = `aws ecs continue-service-deployment --service-deployment-arn ${deployment.serviceDeploymentArn} --hook-id ${hookId} --action CONTINUE`
  return inProgress(
    'paused',
    `A PAUSE hook waits for a decision at stage ${deployment.lifecycleStage ?? 'unknown'}${until}. To go on: ${answer} (or ROLLBACK).`,
    { hookId, stage: deployment.lifecycleStage, expiresAt, timeoutAction },
  )
}

function failedThenTakenOver({ primary }: Findings, deployment: ServiceDeployment): Judgement {
  return ended('failed', sentences('The deployment failed.', whyOf(deployment), sinceThen(primary)))
}

/** Whether ECS itself gave the deployment up. */
function detected({ deploymentCircuitBreaker, alarms }: ServiceDeployment): boolean {
  return (
    [deploymentCircuitBreaker?.status, alarms?.status].includes('TRIGGERED') || !!alarms?.triggeredAlarmNames?.length
  )
}

/**
 * A person's request, told apart from ECS's own decision: `stoppedAt` is only set by a request or where no rollback
 * is configured.
 */
function stoppedByHand({ statuses }: Observation, deployment: ServiceDeployment): boolean {
  const text = `${deployment.statusReason ?? ''} ${deployment.rollback?.reason ?? ''}`
  const { answered, ranOut } = pauseHooks(deployment)
  const byItself = detected(deployment) || ranOut || (!answered && /circuit breaker|alarm|hook|networking/i.test(text))
  const requested =
    answered ||
    statuses.some((status) => status === 'STOP_REQUESTED' || status === 'ROLLBACK_REQUESTED') ||
    deployment.stoppedAt !== undefined ||
    /request/i.test(text)
  return requested && !byItself
}

/**
 * How the request came, as far as the answer tells: a PAUSE hook that is not passed yet can have been answered as
 * well.
 */
function requestText(deployment: ServiceDeployment): string {
  const { answered, open } = pauseHooks(deployment)
  if (answered) return 'The deployment was sent back: its PAUSE hook was answered with ROLLBACK'
  return open
    ? 'The deployment was sent back at its PAUSE hook, by the answer ROLLBACK or by StopServiceDeployment'
    : 'The deployment was stopped on request (StopServiceDeployment)'
}

function pauseHooks({ lifecycleHookDetails = [] }: ServiceDeployment) {
  const pauses = lifecycleHookDetails.filter(({ targetType }) => targetType === 'PAUSE')
  return {
    answered: pauses.some(({ status }) => status === 'FAILED'),
    ranOut: pauses.some(({ status, timeoutAction }) => status === 'TIMED_OUT' && timeoutAction !== 'CONTINUE'),
    open: pauses.some(({ status }) => status === undefined || status === 'AWAITING_ACTION'),
  }
}

function whyOf(deployment: ServiceDeployment): string {
  return deployment.statusReason ?? deployment.rollback?.reason ?? ''
}

/** In one text, without the empty ones. */
function sentences(...parts: string[]): string {
  return parts.filter(Boolean).join(' ')
}

function phaseOf({ lifecycleStage }: ServiceDeployment): Phase {
  if (lifecycleStage === 'BAKE_TIME') return 'baking'
  if (lifecycleStage === 'CLEAN_UP') return 'cleaning'
  return lifecycleStage?.includes('TRAFFIC_SHIFT') ? 'shifting' : 'rolling'
}
