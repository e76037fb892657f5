import type { Task } from '@aws-sdk/client-ecs'
import { isUserError, messageOf, UserError } from '@deploy-actions/action-kit'
import { consoleLink } from '@deploy-actions/aws'
import {
  type FollowedTask,
  fetchTaskDefinition,
  followTask,
  type RunTaskRequest,
  runningTasksStartedBy,
  runTask,
  taskId,
} from '@deploy-actions/ecs'
import type { Deps } from './deps.ts'
import { startedBy } from './earlier-task.ts'
import type { Inputs } from './inputs.ts'
import type { Prepared, ReadyTask } from './revision.ts'

/** A task, and what is needed to follow it. */
export interface StartedTask {
  task: Task
  container: string
  containerDefinitions: Prepared['definition']['containerDefinitions']
  familyRevision: string
}

/**
 * Starts a task of the pinned revision with this command. Throws a UserError when it is certain that none was
 * started.
 */
export async function startTask(
  inputs: Inputs,
  deps: Deps,
  { prepared, revision }: ReadyTask,
  command: string[],
): Promise<StartedTask> {
  const request: RunTaskRequest = {
    cluster: inputs.cluster,
    taskDefinition: revision.arn,
    container: prepared.container,
    launch: prepared.launch,
    command,
    environment: inputs.variables,
    ...(inputs.cpu ? { cpu: inputs.cpu } : {}),
    ...(inputs.memory ? { memory: inputs.memory } : {}),
    startedBy: startedBy(inputs),
    tokenSeed: deps.stepId,
  }
  deps.remember({ cluster: inputs.cluster, startedBy: request.startedBy, since: deps.clock.now().toISOString() })
  const task = await runTask(deps.ecs, request).catch((error: unknown) => findStarted(inputs, deps, error))
  deps.remember({ cluster: inputs.cluster, taskArn: task.taskArn ?? '' })
  deps.log.info(`Task ${taskId(task.taskArn ?? '')} started: ${command.join(' ')}`)
  deps.log.info(consoleLink(task.taskArn ?? ''))
  return {
    task,
    container: prepared.container,
    containerDefinitions: prepared.definition.containerDefinitions,
    familyRevision: revision.familyRevision,
  }
}

/** When RunTask got no answer, the task may run all the same. */
async function findStarted(inputs: Inputs, { ecs }: Deps, error: unknown): Promise<Task> {
  if (isUserError(error)) throw error
  const found = await runningTasksStartedBy(ecs, inputs.cluster, startedBy(inputs)).catch(() => [])
  if (found[0]) return found[0]
  throw new UnansweredStart(
    `ECS gave no answer to the start of the task (${messageOf(error)}), so it is not certain that none runs.`,
    { cause: error },
  )
}

/** Not known whether a task runs. */
export class UnansweredStart extends UserError {}

/** A task of this release that an earlier run has left running. */
export async function joinTask(inputs: Inputs, deps: Deps, task: Task): Promise<StartedTask> {
  const { taskDefinition } = await fetchTaskDefinition(deps.ecs, task.taskDefinitionArn ?? '')
  const override = task.overrides?.containerOverrides?.find(({ command }) => command)
  deps.remember({ cluster: inputs.cluster, taskArn: task.taskArn ?? '' })
  deps.log.info(
    `Task ${taskId(task.taskArn ?? '')}, started ${task.createdAt?.toISOString()}, migrates with this very image already: following it instead of starting another.`,
  )
  deps.log.info(consoleLink(task.taskArn ?? ''))
  return {
    task,
    container: inputs.container ?? override?.name ?? '',
    containerDefinitions: taskDefinition.containerDefinitions,
    familyRevision: `${taskDefinition.family}:${taskDefinition.revision}`,
  }
}

/** Follows a task to its end; nothing is left for `post` to stop then, unless this process is killed before. */
export async function follow(
  inputs: Inputs,
  deps: Deps,
  { task, container, containerDefinitions }: StartedTask,
  options: { purpose: string; timeoutMs: number; onLine?: (line: string) => void },
): Promise<FollowedTask> {
  const followed = await followTask(deps, {
    cluster: inputs.cluster,
    taskArn: task.taskArn ?? '',
    containerDefinitions: containerDefinitions ?? [],
    container,
    ...options,
  })
  // A task whose StopTask failed is tried once more by post.
  if (!followed.stopFailure) deps.remember(undefined)
  return followed
}
