import type { Failure, RunTaskRequest, TaskOverride } from '@aws-sdk/client-ecs'
import { AwsFailure } from '../../world.ts'
import { clusterOf } from '../clusters.ts'
import { clientError, invalidParameter } from '../errors.ts'
import { capacityOf, checkNetwork } from '../services/settings.ts'
import { usableTaskDefinition } from '../task-definitions/lookup.ts'
import type { Ecs, RegisteredTaskDefinition, TaskState } from '../types.ts'
import { createTask } from './create.ts'
import { startTask } from './lifecycle.ts'
import { taskView } from './view.ts'

function checkOverrides(overrides: TaskOverride | undefined, taskDefinition: RegisteredTaskDefinition): void {
  if (!overrides) return
  if (JSON.stringify(overrides).length > 8192) {
    throw invalidParameter('Container overrides length must be at most 8192.')
  }
  const names = new Set(taskDefinition.definition.containerDefinitions?.map(({ name }) => name))
  for (const override of overrides.containerOverrides ?? []) {
    if (!names.has(override.name)) {
      throw invalidParameter(`Override for container named ${override.name} is not a container in the TaskDefinition.`)
    }
  }
}

function check(request: RunTaskRequest): void {
  const count = request.count ?? 1
  if (count < 1 || count > 10) throw invalidParameter('count must be between 1 and 10.')
  if (request.propagateTags === 'SERVICE') throw invalidParameter('propagateTags SERVICE is not valid for RunTask.')
  if ((request.startedBy?.length ?? 0) > 128) throw invalidParameter('startedBy must be at most 128 characters.')
  if (request.startedBy && !/^[A-Za-z0-9/_-]*$/.test(request.startedBy))
    throw invalidParameter('startedBy contains invalid characters.')
  if (request.group?.startsWith('service:')) throw invalidParameter("Group name can't start with 'service:'.")
  if (request.tags?.length === 0) throw clientError('Tags can not be empty.')
  if ((request.clientToken?.length ?? 0) > 64) throw invalidParameter('clientToken must be at most 64 characters.')
}

/**
 * The answer to a client token that was used before: the same tasks, or ConflictException for another request. ECS
 * API: RunTask.
 */
function repeated(ecs: Ecs, key: string, request: RunTaskRequest) {
  const before = ecs.runTokens.get(key)
  if (!before) return undefined
  if (before.request !== JSON.stringify(request)) {
    throw new AwsFailure(
      'ConflictException',
      'The request could not be processed because of conflict in the current state of the resource. The provided clientToken is already in use with a different RunTask request.',
      {
        members: { resourceIds: before.arns },
      },
    )
  }
  return before.arns.flatMap((arn) => ecs.tasks.get(arn) ?? [])
}

/**
 * Starts one-off tasks. Lack of capacity is no error: HTTP 200 with `failures`. ECS API: RunTask.
 * Throws ClusterNotFoundException, ClientException, InvalidParameterException, ConflictException.
 */
export function runTask(ecs: Ecs, request: RunTaskRequest) {
  const cluster = clusterOf(ecs, request.cluster)
  check(request)
  const key = `${cluster.name} ${request.clientToken}`
  const known = request.clientToken ? repeated(ecs, key, request) : undefined
  if (known) return { tasks: known.map((task) => taskView(ecs, task)), failures: [] }
  const definition = usableTaskDefinition(ecs, request.taskDefinition ?? '', invalidParameter)
  const network = checkNetwork(request.networkConfiguration, definition)
  checkOverrides(request.overrides, definition)
  const capacity = capacityOf(cluster, request, definition)
  const tasks: TaskState[] = []
  const failures: Failure[] = []
  for (let index = 0; index < (request.count ?? 1); index++) {
    const task = createTask(ecs, {
      cluster,
      definition,
      group: request.group ?? `family:${definition.definition.family}`,
      startedBy: request.startedBy,
      overrides: request.overrides,
      network: network?.awsvpcConfiguration,
      request: {
        ...capacity,
        enableExecuteCommand: request.enableExecuteCommand,
        platformVersion: request.platformVersion,
      },
      tags: request.tags ?? (request.propagateTags === 'TASK_DEFINITION' ? definition.tags : []),
    })
    if (task.behaviour.placementFailure) {
      failures.push({ arn: failedOn(ecs, cluster.name), ...task.behaviour.placementFailure })
      continue
    }
    startTask(ecs, task)
    tasks.push(task)
  }
  if (request.clientToken) {
    ecs.runTokens.set(key, { request: JSON.stringify(request), arns: tasks.map(({ arn }) => arn) })
  }
  return { tasks: tasks.map((task) => taskView(ecs, task)), failures }
}

const failedOn = (ecs: Ecs, cluster: string) =>
  `arn:aws:ecs:${ecs.world.region}:${ecs.world.accountId}:container-instance/${cluster}`
