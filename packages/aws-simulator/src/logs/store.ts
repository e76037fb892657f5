import { randomInt } from 'node:crypto'
import type { LogSink } from '../world.ts'

export interface LogEvent {
  timestamp: number
  ingestionTime: number
  message: string
  eventId: string
}

export interface LogStream {
  name: string
  arn: string
  createdAt: number
  /** In order of timestamp; equal timestamps keep the order of arrival. */
  events: LogEvent[]
  lastIngestion?: number
  /** Distinguishes this stream's read tokens from those of a stream of the same name made later. */
  token: string
}

export interface LogGroup {
  name: string
  arn: string
  createdAt: number
  retentionInDays?: number
  streams: Map<string, LogStream>
}

export interface LogStore extends LogSink {
  groups: Map<string, LogGroup>
  createGroup(name: string): LogGroup
  createStream(group: LogGroup, name: string): LogStream
  append(stream: LogStream, events: { timestamp: number; message: string }[], ingestedAt: number): void
}

/** CloudWatch Logs' groups and streams. Event ids are as long as AWS's (56 digits) and grow with time. */
export function logStore(options: {
  accountId: string
  region: string
  now: () => Date
  ingestionDelay: () => number
}): LogStore {
  const groups = new Map<string, LogGroup>()
  let sequence = 0
  const arnOf = (name: string) => `arn:aws:logs:${options.region}:${options.accountId}:log-group:${name}`
  const store: LogStore = {
    groups,
    hasGroup: (name) => groups.has(name),
    createGroup(name) {
      const group = { name, arn: arnOf(name), createdAt: options.now().getTime(), streams: new Map() }
      groups.set(name, group)
      return group
    },
    createStream(group, name) {
      const stream: LogStream = {
        name,
        arn: `${group.arn}:log-stream:${name}`,
        createdAt: options.now().getTime(),
        events: [],
        token: String(randomInt(2 ** 47)).padStart(15, '0'),
      }
      group.streams.set(name, stream)
      return stream
    },
    append(stream, events, ingestedAt) {
      for (const { timestamp, message } of events) {
        const eventId = `${timestamp}${String(sequence++).padStart(12, '0')}`.padStart(56, '3')
        let at = stream.events.length
        while (at > 0 && stream.events[at - 1]!.timestamp > timestamp) at--
        stream.events.splice(at, 0, { timestamp, message, ingestionTime: ingestedAt, eventId })
      }
      stream.lastIngestion = ingestedAt
    },
    write(groupName, streamName, line, at) {
      const group = groups.get(groupName)
      if (!group) throw new Error(`The log group ${groupName} does not exist.`)
      const stream = group.streams.get(streamName) ?? store.createStream(group, streamName)
      store.append(
        stream,
        [{ timestamp: at.getTime(), message: line }],
        options.now().getTime() + options.ingestionDelay() * 1000,
      )
    },
  }
  return store
}
