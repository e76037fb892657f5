import {
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  type GetLogEventsCommandInput,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs'
import { type Simulator, startSimulator } from '../src/index.ts'
import { clientsOf } from './clients.ts'

const logGroupName = '/ecs/app'
let simulator: Simulator
let logs: ReturnType<typeof clientsOf>['logs']
let start: number
beforeEach(async () => {
  simulator = await startSimulator({ clock: 'manual', scenario: { seed: { logGroups: [logGroupName] } } })
  logs = clientsOf(simulator.url).logs
  start = simulator.world.clock.now().getTime()
})
afterEach(() => simulator.close())

const get = (input: Partial<GetLogEventsCommandInput> = {}) =>
  logs.send(new GetLogEventsCommand({ logGroupName, logStreamName: 'app/web/1', startFromHead: true, ...input }))

/** Reads as the API's documentation says: on with the forward token until it comes back unchanged. */
async function readAll(input: Partial<GetLogEventsCommandInput> = {}) {
  const lines: (string | undefined)[] = []
  let nextToken: string | undefined
  for (let page = 0; page < 50; page++) {
    const answer = await get({ ...input, nextToken })
    lines.push(...(answer.events ?? []).map((event) => event.message))
    if (answer.nextForwardToken === nextToken) return { lines, pages: page + 1 }
    nextToken = answer.nextForwardToken
  }
  throw new Error('the tokens never came to an end')
}

function write(count: number) {
  for (let index = 0; index < count; index++) {
    simulator.world.logs.write(logGroupName, 'app/web/1', `line ${index}`, new Date(start + index))
  }
  simulator.world.clock.advance(1)
}

test('the stream exists from its first line on', async () => {
  await expect(get()).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: 'The specified log stream does not exist.',
  })
  await expect(get({ logGroupName: '/none' })).rejects.toThrow('The specified log group does not exist.')
  write(1)
  expect((await readAll()).lines).toEqual(['line 0'])
})

test('what a task writes can be read a second later', async () => {
  simulator.world.logs.write(logGroupName, 'app/web/1', 'hello', new Date(start))
  expect((await get()).events).toEqual([])
  simulator.world.clock.advance(1)
  expect((await get()).events).toMatchObject([{ message: 'hello', timestamp: start }])
})

test('pages hold the limit, tokens are never missing, the end is the token that was sent', async () => {
  write(25)
  const { lines, pages } = await readAll({ limit: 10 })
  expect(lines).toEqual(Array.from({ length: 25 }, (_, index) => `line ${index}`))
  expect(pages).toBe(4)
})

test('empty pages in between lose nothing', async () => {
  simulator.world.scenario.logs = { emptyPages: true }
  write(25)
  const { lines, pages } = await readAll({ limit: 10 })
  expect(lines).toHaveLength(25)
  expect(pages).toBe(7)
})

test('reading goes on where a token ended when more lines arrive', async () => {
  write(3)
  const first = await get()
  const end = await get({ nextToken: first.nextForwardToken })
  expect(end.nextForwardToken).toBe(first.nextForwardToken)
  simulator.world.logs.write(logGroupName, 'app/web/1', 'later', new Date(start + 500))
  simulator.world.clock.advance(1)
  expect((await get({ nextToken: first.nextForwardToken })).events).toMatchObject([{ message: 'later' }])
})

test('without startFromHead the newest events come first, and the backward token leads to older ones', async () => {
  write(25)
  const newest = await get({ startFromHead: undefined, limit: 10 })
  expect(newest.events?.map((event) => event.message)).toEqual(
    Array.from({ length: 10 }, (_, index) => `line ${index + 15}`),
  )
  const older = await get({ startFromHead: undefined, limit: 10, nextToken: newest.nextBackwardToken })
  expect(older.events?.at(-1)?.message).toBe('line 14')
  await expect(get({ startFromHead: undefined, nextToken: newest.nextForwardToken })).rejects.toMatchObject({
    name: 'InvalidParameterException',
  })
})

test('a page holds at most 1 MiB', async () => {
  for (let index = 0; index < 5; index++) {
    simulator.world.logs.write(logGroupName, 'app/web/1', 'x'.repeat(250_000), new Date(start + index))
  }
  simulator.world.clock.advance(1)
  expect((await get()).events).toHaveLength(4)
  expect((await readAll()).lines).toHaveLength(5)
})

test.each([[{ limit: 10_001 }], [{ limit: 0 }], [{ nextToken: 'nonsense' }], [{ logGroupIdentifier: logGroupName }]])(
  'GetLogEvents %j is refused',
  async (input) => {
    write(1)
    await expect(get(input)).rejects.toMatchObject({ name: 'InvalidParameterException' })
  },
)

test('PutLogEvents takes what is in order and of today', async () => {
  await logs.send(new CreateLogGroupCommand({ logGroupName: '/put' }))
  await expect(logs.send(new CreateLogGroupCommand({ logGroupName: '/put' }))).rejects.toMatchObject({
    name: 'ResourceAlreadyExistsException',
  })
  await logs.send(new CreateLogStreamCommand({ logGroupName: '/put', logStreamName: 's' }))
  const put = (...offsets: number[]) =>
    logs.send(
      new PutLogEventsCommand({
        logGroupName: '/put',
        logStreamName: 's',
        logEvents: offsets.map((offset) => ({ timestamp: start + offset, message: `at ${offset}` })),
      }),
    )
  await put(0, 5)
  await expect(put(5, 0)).rejects.toThrow(/chronological/)
  await expect(put(-90_000_000, 0)).rejects.toThrow(/24 hours/)
  const tooNew = await put(0, 8_000_000)
  expect(tooNew.rejectedLogEventsInfo).toMatchObject({ tooNewLogEventStartIndex: 1 })
  const found = await logs.send(new FilterLogEventsCommand({ logGroupName: '/put', filterPattern: '"at 5"' }))
  expect(found.events).toMatchObject([
    { message: 'at 5', logStreamName: 's', eventId: expect.stringMatching(/^\d{56}$/) },
  ])
})

test('groups and streams can be listed', async () => {
  write(1)
  expect((await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: '/ecs' }))).logGroups).toMatchObject([
    { logGroupName, arn: `arn:aws:logs:eu-central-1:123456789012:log-group:${logGroupName}:*` },
  ])
  expect((await logs.send(new DescribeLogStreamsCommand({ logGroupName }))).logStreams).toMatchObject([
    { logStreamName: 'app/web/1', lastEventTimestamp: start },
  ])
})
