import { AwsFailure, type ServiceHandlers, type World } from '../world.ts'
import * as read from './read.ts'
import type { LogStore } from './store.ts'
import { type PutLogEventsInput, putLogEvents } from './write.ts'

const retentions = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
]

const exists = (what: string) =>
  new AwsFailure('ResourceAlreadyExistsException', `The specified ${what} already exists`)

/** CloudWatch Logs: groups, streams and events; no metric filters, no live tail. */
export function logsHandlers(world: World, store: LogStore): ServiceHandlers {
  const named = (logGroupName: string) => read.groupOf(store, { logGroupName })
  return {
    signingName: 'logs',
    operations: {
      CreateLogGroup({ logGroupName }: { logGroupName: string }) {
        if (store.groups.has(logGroupName)) throw exists('log group')
        store.createGroup(logGroupName)
      },
      DeleteLogGroup({ logGroupName }: { logGroupName: string }) {
        store.groups.delete(named(logGroupName).name)
      },
      CreateLogStream({ logGroupName, logStreamName }: { logGroupName: string; logStreamName: string }) {
        const group = named(logGroupName)
        if (group.streams.has(logStreamName)) throw exists('log stream')
        store.createStream(group, logStreamName)
      },
      DeleteLogStream({ logGroupName, logStreamName }: { logGroupName: string; logStreamName: string }) {
        if (!named(logGroupName).streams.delete(logStreamName)) throw read.missingStream()
      },
      PutRetentionPolicy({ logGroupName, retentionInDays }: { logGroupName: string; retentionInDays: number }) {
        if (!retentions.includes(retentionInDays)) {
          throw read.invalid(
            `1 validation error detected: Value '${retentionInDays}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [${retentions.join(', ')}]`,
          )
        }
        named(logGroupName).retentionInDays = retentionInDays
      },
      PutLogEvents: (input: PutLogEventsInput) => putLogEvents(store, input, world.clock.now()),
      GetLogEvents: (input: read.GetLogEventsInput) =>
        read.getLogEvents(store, input, world.clock.now(), world.scenario.logs ?? {}),
      FilterLogEvents: (input: read.FilterLogEventsInput) => read.filterLogEvents(store, input, world.clock.now()),
      DescribeLogStreams: (input: read.GroupReference) => read.describeLogStreams(store, input),
      DescribeLogGroups: (input: object) => read.describeLogGroups(store, input),
    },
    seed(seed) {
      for (const name of seed.logGroups ?? []) if (!store.groups.has(name)) store.createGroup(name)
    },
    state: () =>
      [...store.groups.values()].map(({ name, streams }) => ({
        name,
        streams: [...streams.values()].map((stream) => ({ name: stream.name, events: stream.events.length })),
      })),
  }
}
