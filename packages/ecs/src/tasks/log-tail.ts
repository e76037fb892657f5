import { type CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import { linesOf } from '@deploy-actions/action-kit'
import { isAwsError } from '@deploy-actions/aws'

const pagesPerRead = 20

/**
 * Follows one log stream from its head: every call reads what is there by now, prints it, and resolves to the
 * number of lines. A stream that does not exist yet is no error: it appears with the container's first line. A page
 * without events is not the end; the same token coming back is. One call at a time. CloudWatch Logs API:
 * GetLogEvents.
 */
export function logTail(
  logs: CloudWatchLogsClient,
  { group, stream }: { group: string; stream: string },
  print: (line: string) => void,
): () => Promise<number> {
  let token: string | undefined

  return async () => {
    let count = 0
    for (let page = 0; page < pagesPerRead; page++) {
      const { events = [], nextForwardToken } = await logs
        .send(
          new GetLogEventsCommand({
            logGroupName: group,
            logStreamName: stream,
            startFromHead: true,
            nextToken: token,
          }),
        )
        .catch((error: unknown) => {
          if (isAwsError(error, 'ResourceNotFoundException')) return { events: [], nextForwardToken: undefined }
          throw error
        })
      const lines = events.flatMap(({ message = '' }) => linesOf(message))
      lines.forEach(print)
      count += lines.length
      if (nextForwardToken === undefined || nextForwardToken === token) break
      token = nextForwardToken
    }
    return count
  }
}
