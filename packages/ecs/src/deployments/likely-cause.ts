import { bakeTime } from '../services/bake-time.ts'
import { loadBalancerMismatch } from '../services/load-balancer-ports.ts'
import { rollingBounds, stuckText } from '../services/rolling-arithmetic.ts'
import { endedBadly } from './deployment-tasks.ts'
import { type Cause, type CauseRule, type Evidence, textWith } from './evidence.ts'
import { exitCauses } from './exit-causes.ts'
import { startCauses } from './start-causes.ts'
import { sentence, tidy } from './texts.ts'
import type { DeploymentOutcome } from './types.ts'

/**
 * The most probable cause, by the strength of the proof: what ECS gives as its own reason, then how the
 * deployment's tasks ended, then the health of their targets and what the events say. Within each the most specific
 * rule first.
 */
export function likelyCause(evidence: Evidence): Cause | undefined {
  if (evidence.outcome.verdict === 'completed' || evidence.outcome.verdict === 'superseded') return undefined
  const ofTasks = { ...evidence, targets: [], events: [] }
  const failedChecks = firstCause(healthCauses, ofTasks) !== undefined
  return (
    firstCause(statedCauses, evidence) ??
    firstCause([...startCauses, ...exitCauses, ...capacityCauses], ofTasks) ??
    // The events tell more about a failed check than the task that it ended.
    (failedChecks ? firstCause(healthCauses, evidence) : undefined) ??
    firstCause([...startCauses, ...healthCauses, ...capacityCauses, ...waitCauses], evidence)
  )
}

function firstCause(rules: CauseRule[], evidence: Evidence): Cause | undefined {
  for (const rule of rules) {
    const cause = rule(evidence)
    if (cause) return cause
  }
  return undefined
}

/** Why ECS, or a person, ended the deployment. */
const statedCauses: CauseRule[] = [
  ({ triggeredAlarms }) =>
    triggeredAlarms.length > 0
      ? {
          text: `CloudWatch alarm ${triggeredAlarms.join(', ')} went off during the deployment.`,
          advice: 'See in the metric behind it what this release does differently from the one before.',
        }
      : undefined,
  ({ outcome: { observation: { serviceDeployment: { statusReason = '' } = {} } = {} } }) =>
    /lifecycle hook/i.test(statusReason)
      ? { text: statusReason, advice: "Look at that function's own log for the time of this deployment." }
      : undefined,
  ({ outcome: { verdict, interrupted } }) =>
    verdict === 'stopped' && !interrupted
      ? {
          text: 'It was stopped on request, not for a fault that ECS found.',
          advice: 'CloudTrail names who called StopServiceDeployment or answered the hook.',
        }
      : undefined,
]

const healthCauses: CauseRule[] = [
  (evidence) => {
    if (!textWith(evidence, /failed container health checks/i)) return undefined
    const check = evidence.definition?.containerDefinitions?.find(({ healthCheck }) => healthCheck)?.healthCheck
    const command = check?.command?.join(' ').replace(/^CMD(-SHELL)? /, '')
    return {
      text: `The container's own health check fails${command ? ` (${command})` : ''}, and ECS replaces the tasks.`,
      advice: `Run that command inside the image: is its program there, does it ask the right port and path? ${check?.startPeriod ? `The start period is ${check.startPeriod} s.` : 'Without a startPeriod, failures while the program is still starting count.'}`,
    }
  },
  (evidence) => {
    const { outcome, definition, targets } = evidence
    const text =
      textWith(evidence, /is unhealthy in \(target-group/i) ?? textWith(evidence, /failed ELB health checks/i)
    const target = targets.find(({ state }) => state === 'unhealthy')
    if (!text && !target) return undefined
    const { loadBalancers = [], healthCheckGracePeriodSeconds: grace = 0 } = outcome.observation?.service ?? {}
    const mismatch = definition && loadBalancerMismatch(loadBalancers, definition.containerDefinitions ?? [])
    if (mismatch)
      return { text: mismatch, advice: "Make the container's portMappings and the service's load balancer agree." }
    const codes = `${text} ${target?.description}`.match(/codes: \[([\d, ]+)\]/)?.[1]
    if (codes)
      return {
        text: `The load balancer's health check is answered with ${codes}, so the tasks are never used and are replaced.`,
        advice:
          'Compare the path and the expected codes of the target group with what the application answers there without a session or a Host header. 404 is mostly a wrong path, 301 or 302 a redirect to HTTPS or a login, 5xx the application itself: see its log.',
      }
    return {
      text:
        /timed out/i.test(text ?? '') || target?.reason === 'Target.Timeout'
          ? "The load balancer's health check gets no answer in time, so the tasks are never used and are replaced."
          : "The load balancer's health check fails, so the tasks are never used and are replaced.",
      advice: `Does the application listen on 0.0.0.0 and on the port of the target group, and does the task's security group let the load balancer in? ${grace === 0 ? 'If it only needs longer to start, set grace-period: at present it is 0.' : `If it needs longer than ${grace} s to start, raise grace-period.`}`,
    }
  },
]

const capacityCauses: CauseRule[] = [
  (evidence) => {
    const text = textWith(
      evidence,
      /Capacity is unavailable|no container instance met all|RESOURCE:|insufficient .* available/i,
    )
    return text
      ? {
          text: `There is no capacity for the new tasks: ${sentence(tidy(text))}`,
          advice:
            'On EC2, add instances or let the capacity provider scale, or lower cpu and memory; on Fargate, try again later, add subnets in other availability zones or, for Spot, mix in FARGATE.',
        }
      : undefined
  },
]

/** What holds a deployment up without a fault of its tasks. */
const waitCauses: CauseRule[] = [
  (evidence) => {
    const { outcome, tasks } = evidence
    const bounds = outcome.observation?.service && rollingBounds(outcome.observation.service)
    if (bounds?.stuck && !tasks.some(endedBadly))
      return { text: stuckText(bounds), advice: 'Set these inputs here or where the service is defined.' }
    return textWith(evidence, /unable to stop or start tasks during a deployment/i)
      ? {
          text: 'ECS can neither stop old nor start new tasks with these percentages.',
          advice: 'Raise maximum-percent or lower minimum-healthy-percent.',
        }
      : undefined
  },
  (evidence) =>
    textWith(evidence, /tasks? under protection/i)
      ? {
          text: 'Old tasks are under scale-in protection and may not be stopped yet.',
          advice: 'Wait until they end their protection themselves, or lift it with UpdateTaskProtection.',
        }
      : undefined,
  ({ outcome, tasks }) =>
    outcome.interrupted === 'timeout' && !tasks.some(endedBadly) ? whatTookSoLong(outcome) : undefined,
]

/**
 * Blue/green, linear and canary wait by design, with all tasks of both revisions running; a rolling deployment
 * waits for old tasks to drain.
 */
function whatTookSoLong({ observation, phase, started }: DeploymentOutcome): Cause | undefined {
  const { deployments = [], desiredCount = 1, deploymentConfiguration } = observation?.service ?? {}
  const own = deployments.find(({ id }) => id === started.deploymentId)
  const up = own !== undefined && (own.runningCount ?? 0) >= desiredCount
  const bake = bakeTime(deploymentConfiguration)
  if (!bake)
    return up && deployments.some((one) => one !== own && one.runningCount)
      ? {
          text: 'The new tasks all run; ECS is still waiting for the old ones to drain.',
          advice:
            "Draining takes as long as the target group's deregistration delay (300 s unless set) plus stopTimeout. Raise timeout, or lower the delay.",
        }
      : undefined
  const stage = observation?.serviceDeployment?.lifecycleStage
  const at = stage ? ` at stage ${stage}` : ''
  if (phase === 'paused')
    return {
      text: `A PAUSE hook${at} was still waiting for a decision.`,
      advice: 'Answer it, and set timeout longer than such an answer takes.',
    }
  const waits = stage ? stage === 'BAKE_TIME' || stage.includes('TRAFFIC_SHIFT') : up
  return waits
    ? {
        text: `Nothing has failed: the deployment was${at || ' under way'}, and ${bake.strategy} alone takes ${bake.minutes} min (${bake.text}).`,
        advice: `Raise timeout well above ${bake.minutes} min, as tasks also start and stop, or shorten bake-time and step-bake-time.`,
      }
    : undefined
}
