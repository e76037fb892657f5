import { createHash } from 'node:crypto'
import {
  type ECSClient,
  RunTaskCommand,
  type RunTaskCommandInput,
  type Task,
  type TaskOverride,
} from '@aws-sdk/client-ecs'
import { UserError } from '@deploy-actions/action-kit'
import { isAwsError } from '@deploy-actions/aws'
import type { LaunchSettings } from './launch.ts'
import { placementFailureText } from './placement-failures.ts'

export interface RunTaskRequest {
  cluster: string
  /** ARN or family:revision. */
  taskDefinition: string
  /** The container that command and environment are meant for. */
  container: string
  launch: LaunchSettings
  command?: string[]
  environment?: Record<string, string>
  /** Of the whole task, in the units of the task definition. */
  cpu?: string
  memory?: string
  /** By which the task can be found again (ListTasks). At most 36 of `A-Z a-z 0-9 - / _`: what old and new clusters take. */
  startedBy: string
  /** What makes this start one of its own: the same request with the same seed starts no second task within a day. */
  tokenSeed: string
}

const longestOverrides = 8192

/**
 * Starts one task. Sends a client token made of the seed and the request, so that a repeated call (an answer that was lost, a step that is run again within the
 * same attempt) gives the task that is there. Throws a UserError when ECS takes the call but places nothing, or refuses it.
 * ECS API: RunTask, "Ensuring idempotency".
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

/** Throws a UserError when command and variables are longer than ECS takes; to be asked before anything is changed. */
export function checkOverrides(
  request: Pick<RunTaskRequest, 'container' | 'command' | 'environment' | 'cpu' | 'memory'>,
): void {
  const { length } = JSON.stringify(overridesOf(request))
  if (length > longestOverrides)
    throw new UserError(
      `Inputs "command" and "variables" make ${length} characters of task overrides; ECS takes ${longestOverrides}. Move long values into the image or into SSM parameters.`,
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

function overridesOf({
  container,
  command,
  environment = {},
  cpu,
  memory,
}: Pick<RunTaskRequest, 'container' | 'command' | 'environment' | 'cpu' | 'memory'>): TaskOverride {
  const variables = Object.entries(environment).map(([name, value]) => ({ name, value }))
  return {
    containerOverrides: [
      { name: container, ...(command ? { command } : {}), ...(variables.length > 0 ? { environment: variables } : {}) },
    ],
    ...(cpu ? { cpu } : {}),
    ...(memory ? { memory } : {}),
  }
}

function readableRefusal(error: unknown, { cluster, taskDefinition }: RunTaskRequest): unknown {
  const refusals = [
    'InvalidParameterException',
    'ClientException',
    'PlatformUnknownException',
    'PlatformTaskDefinitionIncompatibilityException',
    'UnsupportedFeatureException',
    'BlockedException',
  ]
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
