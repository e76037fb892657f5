import type {
  DescribeTasksRequest,
  Failure,
  ListTasksRequest,
  RunTaskRequest,
  StopTaskRequest,
  Task,
} from '@aws-sdk/client-ecs'
import { clusterOf } from '../clusters.ts'
import { unsteady } from '../deployments/events.ts'
import { serviceObserver } from '../deployments/observe.ts'
import { poke } from '../deployments/wake.ts'
import { invalidParameter, serviceNotFound } from '../errors.ts'
import { ecsArn, lastPart } from '../names.ts'
import { page } from '../paging.ts'
import { findService } from '../services/lookup.ts'
import type { ClusterState, Ecs, TaskState } from '../types.ts'
import { stopTask } from './lifecycle.ts'
import { runTask } from './run.ts'
import { taskView } from './view.ts'

const taskOf = (ecs: Ecs, cluster: ClusterState, reference: string): TaskState | undefined =>
  ecs.tasks.get(ecsArn(ecs.world, 'task', `${cluster.name}/${lastPart(reference)}`))

/** Filters of ListTasks besides the cluster; startedBy must stand alone. ECS API: ListTasks. */
const OTHER_FILTERS = ['family', 'serviceName', 'containerInstance', 'launchType', 'daemonName'] as const

function listTasks(ecs: Ecs, request: ListTasksRequest) {
  const cluster = clusterOf(ecs, request.cluster)
  if (
    request.startedBy !== undefined &&
    (OTHER_FILTERS.some((name) => request[name] !== undefined) || request.desiredStatus)
  ) {
    throw invalidParameter('When you specify startedBy as the filter, it must be the only filter that you use.')
  }
  const service = request.serviceName === undefined ? undefined : findService(cluster, request.serviceName)
  if (request.serviceName !== undefined && !service) throw serviceNotFound()
  const status = request.desiredStatus ?? 'RUNNING'
  const now = ecs.world.clock.now().getTime()
  const all = [...ecs.tasks.values()]
    .filter((task) => task.cluster === cluster && task.visibleAt <= now && task.desiredStatus === status)
    .filter((task) => request.startedBy === undefined || task.startedBy === request.startedBy)
    .filter((task) => !service || task.group === `service:${service.name}`)
    .filter((task) => request.family === undefined || task.definition.definition.family === request.family)
    .filter((task) => request.launchType === undefined || task.request.launchType === request.launchType)
    .filter(() => request.containerInstance === undefined)
    .map(({ arn }) => arn)
  const { items, nextToken } = page(all, request.maxResults, 100, request.nextToken)
  return { taskArns: items, nextToken }
}

function describeTasks(ecs: Ecs, request: DescribeTasksRequest) {
  const cluster = clusterOf(ecs, request.cluster)
  const references = request.tasks ?? []
  if (references.length === 0) throw invalidParameter('Tasks cannot be empty.')
  if (references.length > 100) throw invalidParameter('Tasks can have at most 100 items.')
  const now = ecs.world.clock.now().getTime()
  const tasks: Task[] = []
  const failures: Failure[] = []
  for (const reference of references) {
    const found = taskOf(ecs, cluster, reference)
    if (found && found.visibleAt <= now) tasks.push(taskView(ecs, found, request.include))
    else {
      const arn = reference.startsWith('arn:') ? reference : ecsArn(ecs.world, 'task', `${cluster.name}/${reference}`)
      failures.push({ arn, reason: 'MISSING' })
    }
  }
  return { tasks, failures }
}

function stop(ecs: Ecs, request: StopTaskRequest) {
  const cluster = clusterOf(ecs, request.cluster)
  const task = taskOf(ecs, cluster, request.task ?? '')
  if (!task) throw invalidParameter('The referenced task was not found.')
  const observer = task.deployment ? serviceObserver(ecs, task.deployment) : {}
  stopTask(ecs, task, { stopCode: 'UserInitiated', reason: request.reason ?? 'Task stopped by user' }, observer)
  if (task.service) {
    unsteady(task.service)
    poke(ecs, task.service)
  }
  return { task: taskView(ecs, task) }
}

export function taskOperations(ecs: Ecs) {
  return {
    RunTask: (request: RunTaskRequest) => runTask(ecs, request),
    StopTask: (request: StopTaskRequest) => stop(ecs, request),
    DescribeTasks: (request: DescribeTasksRequest) => describeTasks(ecs, request),
    ListTasks: (request: ListTasksRequest) => listTasks(ecs, request),
  }
}
