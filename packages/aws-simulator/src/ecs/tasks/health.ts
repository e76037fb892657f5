import type { Ecs, TaskState } from '../types.ts'
import { type TaskObserver, taskTimer } from './lifecycle.ts'

/**
 * ECS declares a task sick this long after RUNNING where its behaviour does not say: two failed checks and more.
 */
const SICK_AFTER = 30

const gracePeriod = (task: TaskState) => task.service?.request.healthCheckGracePeriodSeconds ?? 0

/**
 * When a running task counts as healthy: with container health checks when they pass, with targets when these are
 * healthy (and the checks pass), with neither after 40 s of RUNNING. ECS API:
 * DeploymentConfiguration.minimumHealthyPercent. Bad results within healthCheckGracePeriodSeconds are ignored.
 */
export function beginHealth(ecs: Ecs, task: TaskState, observer: TaskObserver): void {
  const checked = task.containers.some((container) => container.hasHealthCheck)
  const target = task.privateIp ?? task.id
  for (const { targetGroup, port } of task.targets) {
    ecs.world.targetGroups.register(targetGroup, target, port)
    ecs.world.targetGroups.setHealth(targetGroup, target, 'initial')
  }
  const { unhealthy } = task.behaviour
  const sick = unhealthy && (unhealthy.kind === 'container' ? checked : task.targets.length > 0) ? unhealthy : undefined
  const healthyAfter = task.behaviour.healthyAfter
  if (!sick || healthyAfter !== undefined) {
    const passes = healthyAfter ?? ecs.options.healthyAfter
    const counts = checked || task.targets.length ? passes : Math.max(ecs.options.settleSeconds, healthyAfter ?? 0)
    taskTimer(ecs, task, counts, () => becomeHealthy(ecs, task, observer))
  }
  if (sick) {
    const noticed = Math.max(sick.after ?? SICK_AFTER, gracePeriod(task))
    taskTimer(ecs, task, noticed, () => becomeSick(ecs, task, sick, observer))
  }
}

function becomeHealthy(ecs: Ecs, task: TaskState, observer: TaskObserver): void {
  for (const container of task.containers) if (container.hasHealthCheck) container.healthStatus = 'HEALTHY'
  for (const { targetGroup } of task.targets) {
    ecs.world.targetGroups.setHealth(targetGroup, task.privateIp ?? task.id, 'healthy')
  }
  task.healthy = true
  task.wasHealthy = true
  task.version++
  observer.healthy?.(task)
}

function becomeSick(
  ecs: Ecs,
  task: TaskState,
  sick: { kind: 'container' | 'target'; reason?: string },
  observer: TaskObserver,
): void {
  task.healthy = false
  task.unhealthy = true
  task.version++
  if (sick.kind === 'container') {
    for (const container of task.containers) if (container.hasHealthCheck) container.healthStatus = 'UNHEALTHY'
    observer.unhealthy?.(task, { kind: 'container' })
    return
  }
  const reason = sick.reason ?? 'Health checks failed with these codes: [503]'
  for (const { targetGroup, port } of task.targets) {
    ecs.world.targetGroups.setHealth(targetGroup, task.privateIp ?? task.id, 'unhealthy', reason)
    observer.unhealthy?.(task, { kind: 'target', targetGroup, port, reason })
  }
}
