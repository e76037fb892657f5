import type { Illness, TaskObserver } from '../tasks/lifecycle.ts'
import type { DeploymentState, Ecs, ServiceState, TaskState } from '../types.ts'
import { backOff, countFailure, endsBadly, forgiveFailures } from './breaker.ts'
import { resolved, say, sayOnce, unsteady } from './events.ts'
import { poke } from './wake.ts'

/** The digests a deployment's first task pulled hold for all its tasks. ECS guide: "Container image resolution". */
function recordDigests(deployment: DeploymentState, task: TaskState): void {
  const { revision } = deployment
  if (revision.digestState !== 'unresolved') return
  const definitions = task.definition.definition.containerDefinitions ?? []
  for (const container of task.containers) {
    const definition = definitions.find(({ name }) => name === container.name)
    if (definition?.versionConsistency !== 'disabled' && container.pulledDigest) {
      revision.digests.set(container.name, container.pulledDigest)
    }
  }
  revision.digestState = 'resolved'
}

function neverStarted(ecs: Ecs, service: ServiceState, deployment: DeploymentState, reason: string): void {
  const { revision } = deployment
  if (revision.digestState === 'unresolved') {
    revision.failedDigestAttempts++
    if (revision.failedDigestAttempts >= 3) revision.digestState = 'given-up'
  }
  backOff(ecs, deployment)
  if (reason.startsWith('ResourceInitializationError'))
    sayOnce(ecs, service, `was unable to place a task. Reason: ${reason}.`)
  if (deployment.neverRan >= 3) sayOnce(ecs, service, 'is unable to consistently start tasks successfully.')
}

/** A launch that no capacity was found for: no task exists, but it counts as a failed one. */
export function placementFailed(
  ecs: Ecs,
  deployment: DeploymentState,
  failure: { reason: string; detail?: string },
): void {
  const { service } = deployment
  const short = /^RESOURCE:(CPU|MEMORY|PORTS|GPU)/.exec(failure.reason)?.[1]
  const resource: Record<string, string> = { CPU: 'CPU units', MEMORY: 'memory', PORTS: 'ports', GPU: 'GPU' }
  const text = short
    ? `was unable to place a task because no container instance met all of its requirements. The closest matching container-instance ${failure.detail ?? 'ID'} has insufficient ${resource[short]} available.`
    : `was unable to place a task. Reason: ${failure.reason.replace(/\.$/, '')}. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.`
  sayOnce(ecs, service, text)
  backOff(ecs, deployment)
  countFailure(ecs, deployment)
  poke(ecs, service)
}

function onUnhealthy(
  ecs: Ecs,
  service: ServiceState,
  deployment: DeploymentState,
  task: TaskState,
  illness: Illness,
): void {
  const text =
    illness.kind === 'container'
      ? `(task ${task.id}) failed container health checks.`
      : `(task ${task.id}) (port ${illness.port}) is unhealthy in (target-group ${illness.targetGroup}) due to (reason ${illness.reason}).`
  say(ecs, service, text)
  task.stopReason =
    illness.kind === 'container'
      ? 'Task failed container health checks'
      : `Task failed ELB health checks in (target-group ${illness.targetGroup})`
  unsteady(service)
  countFailure(ecs, deployment)
  poke(ecs, service)
}

/** What a service's scheduler does about the changes of its tasks: it counts, records and takes another look. */
export function serviceObserver(ecs: Ecs, deployment: DeploymentState): TaskObserver {
  const { service } = deployment
  return {
    pulled(task) {
      recordDigests(deployment, task)
      poke(ecs, service)
    },
    running(task) {
      deployment.neverRan = 0
      for (const { targetGroup } of task.targets) service.registered.push(targetGroup)
      poke(ecs, service)
    },
    healthy() {
      forgiveFailures(deployment)
      resolved(service)
      poke(ecs, service)
    },
    unhealthy: (task, illness) => onUnhealthy(ecs, service, deployment, task, illness),
    drained(task) {
      service.stoppedRunning.push(task)
      poke(ecs, service)
    },
    stopped(task) {
      service.tasks.delete(task)
      if (!task.startedAt && !task.stopRequested) neverStarted(ecs, service, deployment, task.stoppedReason ?? '')
      if (!task.stopRequested) unsteady(service)
      if (endsBadly(ecs, task)) countFailure(ecs, deployment)
      poke(ecs, service)
    },
  }
}
