import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import type { ContainerDefinition, Task } from '@aws-sdk/client-ecs'
import { taskId } from './find-tasks.ts'

/** Where a container's lines can be read; or why they cannot. `region` only when the container names one. */
export type LogLocation = { group: string; stream: string; region?: string } | { unreadable: string }

/**
 * CloudWatch Logs group and stream of a container of a task. With awslogs-stream-prefix (required on Fargate) the
 * stream is `PREFIX/CONTAINER/TASK-ID`; without it, it is the id that the runtime gave the container. Undefined:
 * not known yet. Amazon ECS developer guide: "Send Amazon ECS logs to CloudWatch".
 */
export function logLocation(
  container: ContainerDefinition,
  task: Pick<Task, 'taskArn' | 'containers'>,
): LogLocation | undefined {
  const name = container.name ?? ''
  const { logDriver, options = {} } = container.logConfiguration ?? {}
  if (!logDriver)
    return {
      unreadable: `Container "${name}" has no log configuration: what it writes stays on its host and cannot be shown.`,
    }
  if (logDriver !== 'awslogs')
    return {
      unreadable: `Container "${name}" logs through ${logDriver}, which cannot be read from here: look for its lines where that driver sends them.`,
    }
  const group = options['awslogs-group']
  if (!group) return { unreadable: `Container "${name}" has the log driver awslogs without awslogs-group.` }
  const prefix = options['awslogs-stream-prefix']
  const runtimeId = task.containers?.find((entry) => entry.name === name)?.runtimeId
  const stream = prefix ? `${prefix}/${name}/${taskId(task.taskArn ?? '')}` : runtimeId
  if (!stream) return undefined
  const region = options['awslogs-region']
  return { group, stream, ...(region ? { region } : {}) }
}

/** As logLocation, for lines that this client is to read: those of another region are unreadable to it. */
export async function logLocationFor(
  logs: CloudWatchLogsClient,
  container: ContainerDefinition,
  task: Pick<Task, 'taskArn' | 'containers'>,
): Promise<LogLocation | undefined> {
  const location = logLocation(container, task)
  const region = await logs.config.region()
  if (!location || 'unreadable' in location || !location.region || location.region === region) return location
  return {
    unreadable: `Container "${container.name}" logs to group ${location.group}, stream ${location.stream}, in ${location.region}, and this step works in ${region}: read its lines there.`,
  }
}
