import { type CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import type { ContainerDefinition } from '@aws-sdk/client-ecs'
import { linesOf } from '@deploy-actions/action-kit'
import { isAccessError, isAwsError } from '@deploy-actions/aws'
import { logLocationFor } from './log-location.ts'

export interface LastLines {
  /** Oldest first, safe to print in a step. */
  lines: string[]
  /** Why there are none: no stream, another log driver, a missing right. */
  note?: string
}

/** An empty page towards the past is not the beginning of the stream. */
const pagesAtMost = 5

/**
 * The last `count` lines that a container of a task wrote. Never throws for what is merely not there. `runtimeId`
 * (of DescribeTasks) is needed where the container has no awslogs-stream-prefix. CloudWatch Logs API: GetLogEvents.
 */
export async function lastLogLines(
  logs: CloudWatchLogsClient,
  taskDefinition: { containerDefinitions?: ContainerDefinition[] | undefined },
  taskArn: string,
  container: string,
  count: number,
  runtimeId?: string,
): Promise<LastLines> {
  const definition = taskDefinition.containerDefinitions?.find(({ name }) => name === container)
  if (!definition) return { lines: [], note: `The task definition has no container "${container}".` }
  const location = await logLocationFor(logs, definition, { taskArn, containers: [{ name: container, runtimeId }] })
  if (!location) return { lines: [], note: `Container "${container}" was never started.` }
  if ('unreadable' in location) return { lines: [], note: location.unreadable }
  return readBackwards(logs, location, count)
}

async function readBackwards(
  logs: CloudWatchLogsClient,
  { group, stream }: { group: string; stream: string },
  count: number,
): Promise<LastLines> {
  let lines: string[] = []
  let token: string | undefined
  try {
    for (let page = 0; page < pagesAtMost && lines.length < count; page++) {
      const { events = [], nextBackwardToken } = await logs.send(
        new GetLogEventsCommand({
          logGroupName: group,
          logStreamName: stream,
          startFromHead: false,
          limit: count,
          nextToken: token,
        }),
      )
      lines = [...events.flatMap(({ message = '' }) => linesOf(message)), ...lines]
      if (nextBackwardToken === undefined || nextBackwardToken === token) break
      token = nextBackwardToken
    }
  } catch (error) {
    if (isAccessError(error)) return { lines, note: error.message }
    if (!isAwsError(error, 'ResourceNotFoundException')) throw error
    return { lines: [], note: missingStream(error, group, stream) }
  }
  return { lines: lines.slice(-count) }
}

function missingStream(error: Error, group: string, stream: string): string {
  return /group/i.test(error.message)
    ? `Log group ${group} does not exist.`
    : `It wrote no log line: log group ${group} has no stream ${stream}.`
}
