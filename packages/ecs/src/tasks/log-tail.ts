import { type CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import { linesOf } from '@deploy-actions/action-kit'
import { isAccessError, isAwsError } from '@deploy-actions/aws'

export interface LogTail {
  /** Reads what is there and prints it. Resolves to the number of lines; 0 also when an earlier read is still under way. */
  read(): Promise<number>
  /** Lines printed so far. */
  readonly printed: number
  /** Why nothing (more) can be read, such as a missing right; said once by the caller. */
  readonly trouble: string | undefined
}

const pagesPerRead = 20

/**
 * Follows one log stream from its head. A stream that does not exist yet is no error: it appears with the container's first line. A page
 * without events is not the end; the same token coming back is. CloudWatch Logs API: GetLogEvents.
 */
export function logTail(
  logs: CloudWatchLogsClient,
  { group, stream }: { group: string; stream: string },
  print: (line: string) => void,
): LogTail {
  let token: string | undefined
  let reading = false
  let printed = 0
  let trouble: string | undefined

  async function readPages(): Promise<number> {
    let lines = 0
    for (let page = 0; page < pagesPerRead; page++) {
      const { events = [], nextForwardToken } = await logs.send(
        new GetLogEventsCommand({ logGroupName: group, logStreamName: stream, startFromHead: true, nextToken: token }),
      )
      for (const line of events.flatMap(({ message = '' }) => linesOf(message))) {
        print(line)
        lines++
      }
      const end = nextForwardToken === token || nextForwardToken === undefined
      token = nextForwardToken ?? token
      if (end) break
    }
    printed += lines
    return lines
  }

  return {
    get printed() {
      return printed
    },
    get trouble() {
      return trouble
    },
    async read() {
      if (reading || trouble) return 0
      reading = true
      try {
        return await readPages()
      } catch (error) {
        if (isAwsError(error, 'ResourceNotFoundException')) return 0
        if (!isAccessError(error)) throw error
        trouble = error.message
        return 0
      } finally {
        reading = false
      }
    },
  }
}
