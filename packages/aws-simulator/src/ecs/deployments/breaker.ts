import type { DeploymentCircuitBreaker } from '@aws-sdk/client-ecs'
import type { DeploymentState, Ecs, TaskState } from '../types.ts'
import { wakeAt } from './wake.ts'

/**
 * Failures after which the circuit breaker opens: BOUNDED_PERCENT 50 unless configured, that is half of the desired
 * count, at least 3 and at most 200. ECS guide: "How the Amazon ECS deployment circuit breaker detects failures";
 * API: ThresholdConfiguration.
 */
export function breakerThreshold(breaker: DeploymentCircuitBreaker | undefined, desired: number): number {
  const { type = 'BOUNDED_PERCENT', value = 50 } = breaker?.thresholdConfiguration ?? {}
  if (type === 'COUNT') return value
  const share = Math.ceil((value / 100) * desired)
  return type === 'BOUNDED_PERCENT' ? Math.min(200, Math.max(3, share)) : Math.max(1, share)
}

const breakerOf = (deployment: DeploymentState) => deployment.service.deploymentConfiguration.deploymentCircuitBreaker

/** A task of a deployment under way failed to start, to stay or to become healthy. */
export function countFailure(ecs: Ecs, deployment: DeploymentState): void {
  const counts = deployment.status === 'PRIMARY' && deployment.rolloutState === 'IN_PROGRESS'
  if (!counts || deployment.halted || deployment.tripped) return
  deployment.failedTasks++
  deployment.updatedAt = ecs.world.clock.now()
  const { serviceDeployment: shown, service, revision } = deployment
  if (shown) shown.failureCount = deployment.failedTasks
  const breaker = breakerOf(deployment)
  if (!breaker?.enable) return
  const threshold = breakerThreshold(breaker, service.desiredCount)
  if (shown) shown.threshold = threshold
  if (deployment.failedTasks < threshold && revision.failedDigestAttempts < 3) return
  trip(ecs, deployment)
}

/** A healthy task starts the count anew unless resetOnHealthyTask is off. ECS API: DeploymentCircuitBreaker. */
export function forgiveFailures(deployment: DeploymentState): void {
  if (breakerOf(deployment)?.resetOnHealthyTask === false) return
  deployment.failedTasks = 0
  deployment.tripped = false
  if (deployment.serviceDeployment) deployment.serviceDeployment.failureCount = 0
}

/**
 * Real deployments are marked FAILED only when the next start is due, a few seconds after one more task was
 * launched.
 */
const LAST_START_BEFORE = 4

function trip(ecs: Ecs, deployment: DeploymentState): void {
  deployment.tripped = true
  const now = ecs.world.clock.now().getTime()
  const lag = ecs.options.breakerLag
  deployment.notBefore = now + Math.max(0, lag - LAST_START_BEFORE) * 1000
  wakeAt(ecs, deployment.service, `breaker ${deployment.id}`, now + lag * 1000)
  deployment.failAt = now + lag * 1000
}

/** Whether the breaker's verdict is due. */
export const breakerIsDue = (ecs: Ecs, deployment: DeploymentState) =>
  deployment.tripped && !deployment.halted && ecs.world.clock.now().getTime() >= (deployment.failAt ?? 0)

/**
 * Growing pause between launches of tasks that never reach RUNNING, up to 15 minutes. ECS guide: "Service throttle
 * logic".
 */
export function backOff(ecs: Ecs, deployment: DeploymentState): void {
  deployment.neverRan++
  const seconds = Math.min(900, 15 * 4 ** (deployment.neverRan - 1))
  deployment.notBefore = Math.max(deployment.notBefore, ecs.world.clock.now().getTime() + seconds * 1000)
}

/** Whether the end of a task that nobody stopped speaks against its deployment. */
export function endsBadly(ecs: Ecs, task: TaskState): boolean {
  if (task.stopRequested || task.unhealthy) return false
  return task.startedAt === undefined || (!task.wasHealthy && ecs.options.breakerCountsExits)
}
