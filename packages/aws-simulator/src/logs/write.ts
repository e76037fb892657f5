import { groupOf, invalid, missingStream } from './read.ts'
import type { LogStore } from './store.ts'

export interface PutLogEventsInput {
  logGroupName: string
  logStreamName: string
  logEvents: { timestamp: number; message: string }[]
}

const hours = 3_600_000

/** CloudWatch Logs API: PutLogEvents. Too old and too new events are left out and reported, the rest is stored. */
export function putLogEvents(store: LogStore, input: PutLogEventsInput, now: Date): unknown {
  const stream = groupOf(store, { logGroupName: input.logGroupName }).streams.get(input.logStreamName)
  if (!stream) throw missingStream()
  const events = input.logEvents
  const bytes = events.reduce((sum, event) => sum + Buffer.byteLength(event.message) + 26, 0)
  if (bytes > 1_048_576) throw invalid(`Upload too large: ${bytes} bytes exceeds limit of 1048576`)
  if (events.some((event, index) => index > 0 && event.timestamp < events[index - 1]!.timestamp)) {
    throw invalid('Log events in a single PutLogEvents request must be in chronological order.')
  }
  if (events.at(-1)!.timestamp - events[0]!.timestamp > 24 * hours) {
    throw invalid('The batch of log events in a single PutLogEvents request cannot span more than 24 hours.')
  }
  const oldest = now.getTime() - 14 * 24 * hours
  const newest = now.getTime() + 2 * hours
  const tooOld = events.filter((event) => event.timestamp < oldest).length
  const tooNew = events.findIndex((event) => event.timestamp > newest)
  const accepted = events.slice(tooOld, tooNew < 0 ? events.length : tooNew)
  store.append(stream, accepted, now.getTime())
  const rejected = tooOld > 0 || tooNew >= 0
  return {
    nextSequenceToken: String(stream.events.length).padStart(56, '4'),
    rejectedLogEventsInfo: rejected
      ? { tooOldLogEventEndIndex: tooOld || undefined, tooNewLogEventStartIndex: tooNew < 0 ? undefined : tooNew }
      : undefined,
  }
}
