import { createTask } from '../tasks/create.ts'
import { startTask, stopTask } from '../tasks/lifecycle.ts'
import type { DeploymentState, Ecs, Revision, ServiceState, TaskState } from '../types.ts'
import { names, perTargetGroup, say, unsteady } from './events.ts'
import { placementFailed, serviceObserver } from './observe.ts'

/** Tasks of a deployment that nobody has asked to stop and that have not ended. */
export const liveTasks = (service: ServiceState, deployment: DeploymentState): TaskState[] =>
  [...service.tasks].filter((task) => task.deployment === deployment && !task.stopRequested)

/** Whether a task that was told to stop still serves: its targets drain. */
export const stillServing = (task: TaskState) => task.lastStatus === 'RUNNING' || task.lastStatus === 'DEACTIVATING'

/** Starts tasks of a deployment and says so. `replaced`: how many of them stand in for unhealthy ones. */
export function startTasks(ecs: Ecs, deployment: DeploymentState, count: number, replaced = 0): TaskState[] {
  const { service, revision } = deployment
  const started: TaskState[] = []
  for (let index = 0; index < count; index++) {
    const task = createTask(ecs, {
      cluster: service.cluster,
      definition: revision.taskDefinition,
      deployment,
      group: `service:${service.name}`,
      startedBy: deployment.id,
      network: revision.settings.networkConfiguration?.awsvpcConfiguration,
      request: {
        launchType: revision.settings.launchType,
        capacityProviderStrategy: revision.settings.capacityProviderStrategy,
        platformVersion: revision.settings.platformVersion,
        enableExecuteCommand: service.request.enableExecuteCommand,
      },
      tags: tagsFor(service, revision.taskDefinition.tags),
      targets: targetsOf(revision),
    })
    if (task.behaviour.placementFailure) {
      placementFailed(ecs, deployment, task.behaviour.placementFailure)
      break
    }
    service.tasks.add(task)
    startTask(ecs, task, serviceObserver(ecs, deployment))
    started.push(task)
  }
  if (started.length === 0) return started
  unsteady(service)
  const suffix = replaced ? ` Amazon ECS replaced ${replaced} tasks due to an unhealthy status.` : ''
  say(ecs, service, `has started ${started.length} tasks: ${names(started)}.${suffix}`)
  return started
}

/** Where a revision's tasks are registered. */
export const targetsOf = ({ settings, alternate }: Revision): TaskState['targets'] =>
  (settings.loadBalancers ?? []).flatMap(({ targetGroupArn, containerPort, advancedConfiguration }) => {
    const targetGroup = alternate ? (advancedConfiguration?.alternateTargetGroupArn ?? targetGroupArn) : targetGroupArn
    return targetGroup ? [{ targetGroup, port: containerPort ?? 0 }] : []
  })

function tagsFor(service: ServiceState, definitionTags: TaskState['tags']) {
  if (service.request.propagateTags === 'SERVICE') return service.tags
  return service.request.propagateTags === 'TASK_DEFINITION' ? definitionTags : []
}

/**
 * Stops tasks of a service and says so: pending ones at once, targets are deregistered and drain, the rest get
 * SIGTERM.
 */
export function stopTasks(ecs: Ecs, service: ServiceState, tasks: TaskState[]): void {
  if (tasks.length === 0) return
  unsteady(service)
  const initiator = service.deployments[0]?.id
  const pending = tasks.filter((task) => task.lastStatus !== 'RUNNING')
  const draining = tasks.filter((task) => task.lastStatus === 'RUNNING' && task.targets.length > 0)
  for (const [group, count] of perTargetGroup(
    draining.flatMap((task) => task.targets.map(({ targetGroup }) => targetGroup)),
  )) {
    say(ecs, service, `deregistered ${count} targets in (target-group ${group})`)
  }
  if (draining.length) say(ecs, service, `has begun draining connections on ${draining.length} tasks.`)
  if (pending.length) say(ecs, service, `stopped ${pending.length} pending tasks.`)
  for (const task of tasks) {
    const reason = task.stopReason ?? `Scaling activity initiated by (deployment ${initiator})`
    const observer = task.deployment ? serviceObserver(ecs, task.deployment) : {}
    stopTask(ecs, task, { stopCode: 'ServiceSchedulerInitiated', reason }, observer)
  }
}
