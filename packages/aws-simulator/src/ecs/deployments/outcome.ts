import type { DeploymentState, Ecs, ServiceDeploymentState } from '../types.ts'
import { resolved, say, saySteady } from './events.ts'
import { liveTasks, stillServing } from './staff.ts'
import { forget, poke } from './wake.ts'

export type Cause = 'breaker' | 'alarm' | 'request' | 'hook'

interface Words {
  /** Event after `(deployment ecs-svc/N) `, or none. */
  event?: string
  reason: (rollback: string | undefined) => string
  status: string
  stopped: string
}

/**
 * AWS's texts per cause; those for requests and for alarms' rolloutStateReason are not documented and follow the
 * breaker's pattern.
 */
const WORDS: Record<Cause, Words> = {
  breaker: {
    event: 'deployment failed: tasks failed to start.',
    reason: (to) =>
      `ECS deployment circuit breaker: ${to ? `rolling back to deploymentId ${to}.` : 'tasks failed to start.'}`,
    status: 'Service deployment rolled back because the circuit breaker threshold was exceeded.',
    stopped: 'Service deployment stopped because the circuit breaker threshold was exceeded.',
  },
  alarm: {
    event: 'deployment failed: alarm detected.',
    reason: (to) => `ECS deployment alarm: ${to ? `rolling back to deploymentId ${to}.` : 'alarm detected.'}`,
    status: 'Service deployment rolled back because one or more alarms are in the ALARM state.',
    stopped: 'Service deployment stopped because one or more alarms are in the ALARM state.',
  },
  request: {
    reason: (to) => (to ? `ECS deployment rolling back to deploymentId ${to}.` : 'ECS deployment stopped.'),
    status: 'Service deployment rolled back because a rollback was requested.',
    stopped: 'Service deployment stopped because a stop was requested.',
  },
  hook: {
    reason: (to) => (to ? `ECS deployment rolling back to deploymentId ${to}.` : 'ECS deployment failed.'),
    status: 'Service deployment rolled back because of lifecycle hooks.',
    stopped: 'Service deployment stopped because of lifecycle hooks.',
  },
}

const wantsRollback = (deployment: DeploymentState, cause: Cause): boolean => {
  const { deploymentCircuitBreaker, alarms } = deployment.service.deploymentConfiguration
  if (cause === 'breaker') return deploymentCircuitBreaker?.rollback === true
  if (cause === 'alarm') return alarms?.rollback === true
  return true
}

/**
 * The deployment a rollback returns to: the most recent one in COMPLETED. ECS guide: "Deployment circuit breaker".
 */
function rollbackCandidate(ecs: Ecs, deployment: DeploymentState): DeploymentState | undefined {
  const candidate = deployment.service.deployments.find(
    (other) => other !== deployment && other.rolloutState === 'COMPLETED',
  )
  const inactive = candidate?.revision.taskDefinition.definition.status !== 'ACTIVE'
  return candidate && inactive && ecs.options.rollbackNeedsActiveTaskDefinition ? undefined : candidate
}

/**
 * Ends a deployment badly: FAILED, and back to the last completed one where that is asked for. The rollback re-uses
 * the old deployment with its id and createdAt; the failed one disappears when the rollback is complete. Without a
 * candidate the service stalls.
 */
export function fail(ecs: Ecs, deployment: DeploymentState, cause: Cause, statusReason?: string): void {
  const { service, serviceDeployment: shown } = deployment
  const now = ecs.world.clock.now()
  const words = WORDS[cause]
  const inRollback = shown?.rollback !== undefined
  deployment.halted = true
  deployment.rolloutState = 'FAILED'
  deployment.rolloutStateReason = words.reason(undefined)
  deployment.updatedAt = now
  forget(service, `breaker ${deployment.id}`)
  if (words.event) say(ecs, service, `(deployment ${deployment.id}) ${words.event}`)
  if (cause === 'hook' && statusReason) say(ecs, service, `deployment failed: ${statusReason}`)
  if (shown) {
    shown.updatedAt = now
    if (cause === 'breaker') shown.breakerStatus = 'TRIGGERED'
    else if (shown.breakerStatus === 'MONITORING') shown.breakerStatus = 'MONITORING_COMPLETE'
  }
  if (!wantsRollback(deployment, cause)) {
    finish(ecs, shown, 'STOPPED', statusReason ?? words.stopped)
    poke(ecs, service)
    return
  }
  const candidate = inRollback ? undefined : rollbackCandidate(ecs, deployment)
  if (!candidate) {
    finish(ecs, shown, 'ROLLBACK_FAILED', 'No rollback candidate was found to run the rollback.')
    poke(ecs, service)
    return
  }
  rollBack(ecs, deployment, candidate, {
    reason: words.reason(candidate.id),
    statusReason: statusReason ?? words.status,
  })
}

function rollBack(
  ecs: Ecs,
  failed: DeploymentState,
  candidate: DeploymentState,
  texts: { reason: string; statusReason: string },
): void {
  const { service, serviceDeployment: shown } = failed
  const now = ecs.world.clock.now()
  failed.status = ecs.options.drainingStatus ? 'DRAINING' : 'ACTIVE'
  candidate.status = 'PRIMARY'
  candidate.rolloutState = 'IN_PROGRESS'
  candidate.rolloutStateReason = texts.reason
  candidate.updatedAt = now
  candidate.failedTasks = 0
  candidate.neverRan = 0
  candidate.notBefore = 0
  candidate.halted = false
  candidate.tripped = false
  candidate.bakingSince = undefined
  candidate.serviceDeployment = shown
  candidate.stages = undefined
  service.deployments = [candidate, ...service.deployments.filter((other) => other !== candidate)]
  if (shown) {
    shown.status = 'ROLLBACK_IN_PROGRESS'
    shown.statusReason = texts.statusReason
    shown.rollback = { reason: texts.statusReason, startedAt: now, serviceRevisionArn: candidate.revision.arn }
    if (shown.productionTraffic !== undefined) {
      shown.stage = shown.productionTraffic > 0 ? 'PRODUCTION_TRAFFIC_SHIFT' : 'CLEAN_UP'
      shown.productionTraffic = 0
      shown.testTraffic = 0
    }
    shown.hooks = shown.hooks.filter(({ status }) => status !== 'AWAITING_ACTION' && status !== 'IN_PROGRESS')
  }
  say(ecs, service, `rolling back to deployment ${candidate.id}.`, 1)
  poke(ecs, service)
}

/** Gives a service deployment its final status. */
export function finish(
  ecs: Ecs,
  shown: ServiceDeploymentState | undefined,
  status: 'SUCCESSFUL' | 'STOPPED' | 'ROLLBACK_SUCCESSFUL' | 'ROLLBACK_FAILED',
  reason?: string,
): void {
  if (!shown || shown.finishedAt || shown.stoppedAt) return
  const now = ecs.world.clock.now()
  shown.status = status
  shown.statusReason = reason ?? shown.statusReason
  shown.updatedAt = now
  shown.startedAt ??= now
  if (status === 'STOPPED') shown.stoppedAt = now
  else shown.finishedAt = now
  if (shown.breakerStatus === 'MONITORING') shown.breakerStatus = 'MONITORING_COMPLETE'
  if (shown.alarmStatus === 'MONITORING') shown.alarmStatus = 'MONITORING_COMPLETE'
}

/** Ends the service deployment well: SUCCESSFUL, or ROLLBACK_SUCCESSFUL when it was rolled back. */
export function succeed(ecs: Ecs, deployment: DeploymentState): void {
  const shown = deployment.serviceDeployment
  finish(ecs, shown, shown?.rollback ? 'ROLLBACK_SUCCESSFUL' : 'SUCCESSFUL')
}

/** Marks the PRIMARY deployment COMPLETED; the others vanish from the list, with whatever they had failed at. */
export function complete(ecs: Ecs, deployment: DeploymentState): void {
  const { service } = deployment
  succeed(ecs, deployment)
  deployment.rolloutState = 'COMPLETED'
  deployment.rolloutStateReason = `ECS deployment ${deployment.id} completed.`
  deployment.updatedAt = ecs.world.clock.now()
  deployment.bakingSince = undefined
  service.deployments = service.deployments.filter(
    (other) =>
      other === deployment ||
      liveTasks(service, other).length > 0 ||
      [...service.tasks].some((task) => task.deployment === other && stillServing(task)),
  )
  resolved(service)
  say(ecs, service, `(deployment ${deployment.id}) deployment completed.`)
  // After an early success tasks still start and leave: the steady state comes when that is over.
  const settled = [...service.tasks].every((task) =>
    task.deployment === deployment ? task.healthy : !stillServing(task),
  )
  if (settled) saySteady(ecs, service, 1)
}
