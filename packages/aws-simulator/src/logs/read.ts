import { pageOf } from '../paging.ts'
import { AwsFailure } from '../world.ts'
import { patternMatcher } from './filter-pattern.ts'
import type { LogEvent, LogGroup, LogStore, LogStream } from './store.ts'

export const missingGroup = () => new AwsFailure('ResourceNotFoundException', 'The specified log group does not exist.')
export const missingStream = () =>
  new AwsFailure('ResourceNotFoundException', 'The specified log stream does not exist.')
export const invalid = (message: string) => new AwsFailure('InvalidParameterException', message)

export interface GroupReference {
  logGroupName?: string
  logGroupIdentifier?: string
}

export function groupOf(store: LogStore, { logGroupName, logGroupIdentifier }: GroupReference): LogGroup {
  if (Boolean(logGroupName) === Boolean(logGroupIdentifier)) {
    throw invalid('Exactly one of the parameters logGroupName and logGroupIdentifier must be given.')
  }
  const name = logGroupName ?? logGroupIdentifier!.replace(/^arn:.*:log-group:/, '').replace(/:\*$/, '')
  const group = store.groups.get(name)
  if (!group) throw missingGroup()
  return group
}

export interface GetLogEventsInput extends GroupReference {
  logStreamName: string
  startTime?: number
  endTime?: number
  nextToken?: string
  limit?: number
  startFromHead?: boolean
}

export interface LogReadOptions {
  /** See Scenario.logs. */
  emptyPages?: boolean
  forwardTokenNeedsHead?: boolean
}

const pageBytes = 1_048_576
const first = '0'.repeat(56)
const tokenPattern = /^([fb])\/(\d{56})\/(s|e)$/

function fitting(events: LogEvent[], limit: number): number {
  let bytes = 0
  let count = 0
  for (const event of events) {
    bytes += Buffer.byteLength(event.message) + 26
    if (count === limit || bytes > pageBytes) break
    count++
  }
  return count
}

/**
 * CloudWatch Logs API: GetLogEvents. Both tokens always come; the end is reached when a call answers with the token
 * it was given. A page holds at most 10,000 events or 1 MiB.
 */
export function getLogEvents(store: LogStore, input: GetLogEventsInput, now: Date, options: LogReadOptions): unknown {
  const stream = groupOf(store, input).streams.get(input.logStreamName)
  if (!stream) throw missingStream()
  const token = input.nextToken === undefined ? undefined : tokenPattern.exec(input.nextToken)
  if (token === null) throw invalid('The specified nextToken is invalid.')
  if (token?.[1] === 'f' && !input.startFromHead && options.forwardTokenNeedsHead !== false) {
    // The documentation says that startFromHead must then be true, not what happens otherwise.
    throw invalid('startFromHead must be true when the nextToken is a nextForwardToken.')
  }
  const visible = stream.events.filter(
    (event) =>
      event.ingestionTime <= now.getTime() &&
      event.timestamp >= (input.startTime ?? 0) &&
      event.timestamp < (input.endTime ?? Number.POSITIVE_INFINITY),
  )
  const limit = input.limit ?? 10_000
  const position = token?.[2] ?? first
  const forward = token ? token[1] === 'f' : (input.startFromHead ?? false)
  const candidates = forward
    ? visible.filter((event) => event.eventId > position)
    : visible.filter((event) => !token || event.eventId < position).reverse()
  if (options.emptyPages && token?.[3] !== 'e' && candidates.length > 0) {
    return {
      events: [],
      nextForwardToken: `f/${position}/${forward ? 'e' : 's'}`,
      nextBackwardToken: `b/${token || forward ? position : '9'.repeat(56)}/${forward ? 's' : 'e'}`,
    }
  }
  const chosen = candidates.slice(0, fitting(candidates, limit))
  const page = forward ? chosen : chosen.reverse()
  if (page.length === 0 && input.nextToken) {
    const other = (kind: string) => `${kind}/${position}/s`
    return {
      events: [],
      nextForwardToken: forward ? input.nextToken : other('f'),
      nextBackwardToken: forward ? other('b') : input.nextToken,
    }
  }
  return {
    events: page.map(({ timestamp, message, ingestionTime }) => ({ timestamp, message, ingestionTime })),
    nextForwardToken: `f/${page.at(-1)?.eventId ?? position}/s`,
    nextBackwardToken: `b/${page[0]?.eventId ?? position}/s`,
  }
}

export interface FilterLogEventsInput extends GroupReference {
  logStreamNames?: string[]
  logStreamNamePrefix?: string
  startTime?: number
  endTime?: number
  filterPattern?: string
  nextToken?: string
  limit?: number
  startFromHead?: boolean
}

/** CloudWatch Logs API: FilterLogEvents. Here the end is a missing nextToken, and endTime is included. */
export function filterLogEvents(store: LogStore, input: FilterLogEventsInput, now: Date): unknown {
  const group = groupOf(store, input)
  if (input.logStreamNames && input.logStreamNamePrefix) {
    throw invalid('The parameters logStreamNames and logStreamNamePrefix cannot be used together.')
  }
  const missing = input.logStreamNames?.find((name) => !group.streams.has(name))
  if (missing) throw missingStream()
  const matches = patternMatcher(input.filterPattern)
  const wanted = (stream: LogStream) =>
    (!input.logStreamNames || input.logStreamNames.includes(stream.name)) &&
    stream.name.startsWith(input.logStreamNamePrefix ?? '')
  const events = [...group.streams.values()]
    .filter(wanted)
    .flatMap((stream) => stream.events.map((event) => ({ ...event, logStreamName: stream.name })))
    .filter((event) => event.ingestionTime <= now.getTime())
    .filter(
      (event) =>
        event.timestamp >= (input.startTime ?? 0) && event.timestamp <= (input.endTime ?? Number.POSITIVE_INFINITY),
    )
    .filter((event) => matches(event.message))
    .sort((a, b) => (a.eventId < b.eventId ? -1 : 1))
  if (input.startFromHead === false) events.reverse()
  const { items, nextToken } = pageOf(events, input.nextToken, input.limit ?? 10_000, 'InvalidParameterException')
  return { events: items, searchedLogStreams: [], nextToken }
}

interface DescribeStreamsInput extends GroupReference {
  logStreamNamePrefix?: string
  orderBy?: 'LogStreamName' | 'LastEventTime'
  descending?: boolean
  nextToken?: string
  limit?: number
}

export function describeLogStreams(store: LogStore, input: DescribeStreamsInput): unknown {
  const group = groupOf(store, input)
  if (input.orderBy === 'LastEventTime' && input.logStreamNamePrefix) {
    throw invalid('Cannot order by LastEventTime with a logStreamNamePrefix.')
  }
  const last = (stream: LogStream) => stream.events.at(-1)?.timestamp ?? 0
  const streams = [...group.streams.values()]
    .filter((stream) => stream.name.startsWith(input.logStreamNamePrefix ?? ''))
    .sort((a, b) => (input.orderBy === 'LastEventTime' ? last(a) - last(b) : a.name < b.name ? -1 : 1))
  if (input.descending) streams.reverse()
  const { items, nextToken } = pageOf(streams, input.nextToken, input.limit ?? 50, 'InvalidParameterException')
  return {
    logStreams: items.map((stream) => ({
      logStreamName: stream.name,
      creationTime: stream.createdAt,
      firstEventTimestamp: stream.events[0]?.timestamp,
      lastEventTimestamp: stream.events.at(-1)?.timestamp,
      lastIngestionTime: stream.lastIngestion,
      arn: stream.arn,
      storedBytes: 0,
    })),
    nextToken,
  }
}

interface DescribeGroupsInput {
  logGroupNamePrefix?: string
  logGroupNamePattern?: string
  nextToken?: string
  limit?: number
}

export function describeLogGroups(store: LogStore, input: DescribeGroupsInput): unknown {
  if (input.logGroupNamePrefix !== undefined && input.logGroupNamePattern !== undefined) {
    throw invalid('LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.')
  }
  const pattern = input.logGroupNamePattern?.toLowerCase() ?? ''
  const groups = [...store.groups.values()]
    .filter(
      (group) => group.name.startsWith(input.logGroupNamePrefix ?? '') && group.name.toLowerCase().includes(pattern),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  const { items, nextToken } = pageOf(groups, input.nextToken, input.limit ?? 50, 'InvalidParameterException')
  return {
    logGroups: items.map((group) => ({
      logGroupName: group.name,
      creationTime: group.createdAt,
      retentionInDays: group.retentionInDays,
      metricFilterCount: 0,
      arn: `${group.arn}:*`,
      logGroupArn: group.arn,
      logGroupClass: 'STANDARD',
      storedBytes: 0,
    })),
    nextToken,
  }
}
