import type { DeploymentLifecycleHookDetail, ServiceDeployment } from '@aws-sdk/client-ecs'
import { primaryOf } from '../services/primary.ts'
import type { Findings } from './findings.ts'
import { failedHere, judgeByService } from './judge-by-service.ts'
import { completedReason, inProgress, revisionName, supersededBy } from './reasons.ts'
import type { Judgement, Observation, Phase } from './types.ts'

/** How long an end without an explanation is held back, so that DescribeServices can show who took over. */
const settleMs = 3_000
/** How long the status may stay behind what DescribeServices and the events say. */
const lagMs = 60_000

/**
 * Judges by the status of the service deployment; undefined where there is none to go by, or none that is known: a status that the API adds later
 * may be an end.
 * What a superseded one ends as is not documented, so STOPPED, SUCCESSFUL and an IN_PROGRESS that never ends are all understood.
 */
export function judgeByServiceDeployment(observation: Observation, findings: Findings): Judgement | undefined {
  const deployment = observation.serviceDeployment
  if (!deployment) return undefined
  switch (deployment.status) {
    case undefined:
      return undefined
    case 'SUCCESSFUL':
      return successful(observation, findings, deployment)
    case 'ROLLBACK_SUCCESSFUL':
      return rolledBack(observation, deployment)
    case 'ROLLBACK_FAILED':
      return rollbackFailed(observation, findings, deployment)
    case 'STOPPED':
      return stopped(observation, findings, deployment)
    case 'STOP_REQUESTED':
    case 'ROLLBACK_REQUESTED':
    case 'ROLLBACK_IN_PROGRESS':
      return goingBack(findings, deployment)
    case 'PENDING':
    case 'IN_PROGRESS':
      return goingOn(observation, findings, deployment)
    default: {
      const hook = waitingHook(deployment)
      return hook && paused(deployment, hook)
    }
  }
}

function successful(observation: Observation, findings: Findings, deployment: ServiceDeployment): Judgement {
  const { holder, primary, completed, failed, third, rolloutState } = findings
  // What ran before and is PRIMARY again may be what ECS is rolling back to right now: its own success is long past.
  if (!observation.started.created && rolloutState !== undefined && !completed)
    return judgeByService(observation, findings)
  // SUCCESSFUL is overruled by proof only, as DescribeServices may repeat an answer of before the update.
  if (holder === 'earlier' && !completed && (failed || third)) return judgeByService(observation, findings)
  if (holder !== 'later' || completed) return completedReason(observation)
  const finishedBefore =
    deployment.finishedAt && primary?.createdAt && deployment.finishedAt.getTime() < primary.createdAt.getTime()
  return finishedBefore
    ? completedReason(observation, primary)
    : supersededBy(primary?.id, primary?.taskDefinition, observation.started.taskDefinition)
}

function rolledBack(observation: Observation, deployment: ServiceDeployment): Judgement {
  const { service, started } = observation
  const serving = primaryOf(service)?.taskDefinition
  const back = serving === started.taskDefinition ? started.previousTaskDefinition : serving
  const target = revisionName(back ?? started.previousTaskDefinition)
  if (stoppedByHand(observation, deployment))
    return { ended: true, verdict: 'stopped', reason: `${requestText(deployment)}, and ECS rolled back to ${target}.` }
  return { ended: true, verdict: 'rolled-back', reason: `ECS rolled back to ${target}. ${whyOf(deployment)}`.trim() }
}

function rollbackFailed(observation: Observation, findings: Findings, deployment: ServiceDeployment): Judgement {
  const { service } = observation
  if (findings.holder === 'later') return failedThenTakenOver(findings, deployment)
  return {
    ended: true,
    verdict: 'failed',
    reason:
      `The deployment failed, and so did its rollback. ${whyOf(deployment)} ${service?.runningCount ?? 0} of ${service?.desiredCount ?? 0} tasks run.`.replaceAll(
        '  ',
        ' ',
      ),
  }
}

function stopped(observation: Observation, findings: Findings, deployment: ServiceDeployment): Judgement {
  const triggered = deployment.alarms?.triggeredAlarmNames ?? []
  if (gaveUp(findings, deployment)) {
    if (findings.holder === 'later') return failedThenTakenOver(findings, deployment)
    const text =
      findings.failed?.text ||
      (triggered.length > 0
        ? `alarm ${triggered.join(', ')} went off`
        : (deployment.statusReason ?? 'too many tasks failed'))
    const proven = { ...findings, failed: { text } }
    return findings.holder === 'earlier' ? judgeByService(observation, proven) : failedHere(observation, proven)
  }
  if (findings.completed) return completedReason(observation)
  if (findings.holder === 'later')
    return supersededBy(findings.primary?.id, findings.primary?.taskDefinition, observation.started.taskDefinition)
  if (findings.third) return supersededBy(findings.third, undefined)
  const asked = stoppedByHand(observation, deployment)
  const since = observation.statusSince ?? observation.now
  if (!asked && observation.now.getTime() - since.getTime() < settleMs)
    return inProgress('settling', 'The service deployment is STOPPED; looking for what took over.')
  const serves =
    findings.holder === 'earlier'
      ? `The service is back on ${revisionName(findings.primary?.taskDefinition)}.`
      : 'The service was not rolled back: tasks of both releases may run.'
  const reason = deployment.statusReason ? ` (${deployment.statusReason.replace(/\.$/, '')})` : ''
  return {
    ended: true,
    verdict: 'stopped',
    reason: `The deployment was stopped before it completed${reason}. ${serves}`,
  }
}

function goingBack(findings: Findings, deployment: ServiceDeployment): Judgement {
  if (findings.holder === 'later') return failedThenTakenOver(findings, deployment)
  return inProgress('rolling-back', `The service deployment is ${deployment.status}. ${whyOf(deployment)}`.trim())
}

function goingOn(observation: Observation, findings: Findings, deployment: ServiceDeployment): Judgement {
  const { primary, completed, failed, holder } = findings
  // Proof of a failure stands, whoever has come since, and although the status has not followed yet.
  if (holder === 'later' && failed) return judgeByService(observation, findings)
  if (holder === 'later')
    return completed
      ? completedReason(observation, primary)
      : supersededBy(primary?.id, primary?.taskDefinition, observation.started.taskDefinition)
  if (findings.third && !findings.failed) return supersededBy(findings.third, undefined)
  const hook = waitingHook(deployment)
  if (hook) return paused(deployment, hook)
  if (lagsBehind(observation, findings)) return judgeByService(observation, findings)
  if (findings.failed) return inProgress('settling', 'The deployment failed; the service deployment has not ended yet.')
  return inProgress(phaseOf(deployment), `The service deployment is ${deployment.status}.`)
}

/**
 * Whether an end is long known that the status does not show. Only for rolling deployments: the others have stages that follow the exchange of tasks,
 * and there only the service deployment tells.
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
  return {
    ended: true,
    verdict: 'failed',
    reason:
      `The deployment failed. ${whyOf(deployment)} Since then ${primary?.id} with ${revisionName(primary?.taskDefinition)} has taken over.`.replaceAll(
        '  ',
        ' ',
      ),
  }
}

function gaveUp(findings: Findings, deployment: ServiceDeployment): boolean {
  return (
    findings.failed !== undefined ||
    deployment.deploymentCircuitBreaker?.status === 'TRIGGERED' ||
    deployment.alarms?.status === 'TRIGGERED' ||
    (deployment.alarms?.triggeredAlarmNames ?? []).length > 0
  )
}

/** A person's request, told apart from ECS's own decision: `stoppedAt` is only set by a request or where no rollback is configured. */
function stoppedByHand({ statuses }: Observation, deployment: ServiceDeployment): boolean {
  const text = `${deployment.statusReason ?? ''} ${deployment.rollback?.reason ?? ''}`
  const { answered, ranOut } = pauseHooks(deployment)
  const detected =
    deployment.deploymentCircuitBreaker?.status === 'TRIGGERED' ||
    deployment.alarms?.status === 'TRIGGERED' ||
    ranOut ||
    (!answered && /circuit breaker|alarm|hook|networking/i.test(text))
  const requested =
    answered ||
    statuses.some((status) => status === 'STOP_REQUESTED' || status === 'ROLLBACK_REQUESTED') ||
    deployment.stoppedAt !== undefined ||
    /request/i.test(text)
  return requested && !detected
}

/** How the request came, as far as the answer tells: a PAUSE hook that is not passed yet can have been answered as well. */
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

function phaseOf({ lifecycleStage }: ServiceDeployment): Phase {
  if (lifecycleStage === 'BAKE_TIME') return 'baking'
  if (lifecycleStage === 'CLEAN_UP') return 'cleaning'
  return lifecycleStage?.includes('TRAFFIC_SHIFT') ? 'shifting' : 'rolling'
}
