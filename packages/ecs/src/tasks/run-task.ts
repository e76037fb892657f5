import { createHash } from 'node:crypto'
import { type ECSClient, RunTaskCommand, type RunTaskCommandInput, type Task } from '@aws-sdk/client-ecs'
import { UserError } from '@deploy-actions/action-kit'
import { isAwsError } from '@deploy-actions/aws'
import { refusals } from '../refusals.ts'
import type { LaunchSettings } from './launch.ts'
import { checkOverrides, type Overrides, overridesOf } from './overrides.ts'
import { placementFailureText } from './placement-failures.ts'

export interface RunTaskRequest extends Overrides {
  cluster: string
  /** ARN or family:revision. */
  taskDefinition: string
  launch: LaunchSettings
  /**
   * By which the task can be found again (ListTasks). At most 36 of `A-Z a-z 0-9 - / _`: what old and new clusters
   * take.
   */
  startedBy: string
  /**
   * What makes this start one of its own: the same request with the same seed starts no second task within a day.
   */
  tokenSeed: string
}

/**
 * Starts one task. Sends a client token made of the seed and the request, so that a repeated call (an answer that
 * was lost, a step that is run again within the same attempt) gives the task that is there. Throws a UserError when
 * ECS takes the call but places nothing, or refuses it. ECS API: RunTask, "Ensuring idempotency".
 */
export async function runTask(ecs: ECSClient, request: RunTaskRequest): Promise<Task> {
  const input = runTaskInput(request)
  const { tasks = [], failures = [] } = await ecs.send(new RunTaskCommand(input)).catch((error: unknown) => {
    throw readableRefusal(error, request)
  })
  const task = tasks[0]
  if (task?.taskArn) return task
  const reasons = failures.map((failure) => placementFailureText(failure, request.cluster))
  throw new UserError(
    `ECS did not start the task: ${reasons.join(' ') || 'it answered without a task and without a reason.'} No task runs.`,
  )
}

function runTaskInput(request: RunTaskRequest): RunTaskCommandInput {
  checkOverrides(request)
  const input = {
    cluster: request.cluster,
    taskDefinition: request.taskDefinition,
    count: 1,
    startedBy: request.startedBy.slice(0, 36),
    overrides: overridesOf(request),
    ...request.launch,
  }
  const clientToken = createHash('sha256')
    .update(request.tokenSeed)
    .update('\0')
    .update(JSON.stringify(input))
    .digest('hex')
  return { ...input, clientToken: clientToken.slice(0, 64) }
}

function readableRefusal(error: unknown, { cluster, taskDefinition }: RunTaskRequest): unknown {
  if (isAwsError(error, 'ClusterNotFoundException'))
    return new UserError(`Cluster "${cluster}" does not exist in this region. No task runs.`, { cause: error })
  if (isAwsError(error, 'ConflictException'))
    return new UserError(
      `ECS knows the client token of this start with other parameters, so it starts nothing: ${error.message} Run the job again.`,
      { cause: error },
    )
  if (isAwsError(error, ...refusals))
    return new UserError(`ECS refuses to start a task of ${taskDefinition}: ${error.message} No task runs.`, {
      cause: error,
    })
  return error
}
