import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DescribeRepositoriesCommand, ECRClient } from '@aws-sdk/client-ecr'
import type { Log } from '@deploy-actions/action-kit'
import { AccessError, awsClient } from '../src/index.ts'

const lines: string[] = []
const say = (message: string) => void lines.push(message)
const log: Log = {
  info: say,
  debug: say,
  notice: say,
  warning: say,
  error: say,
  group: async (_heading, body) => body(),
}

/** Time that passes only by sleeping. */
function virtualClock() {
  let now = Date.parse('2026-11-01T08:00:00Z')
  const sleeps: number[] = []
  return {
    sleeps,
    now: () => new Date(now),
    async sleep(milliseconds: number) {
      sleeps.push(milliseconds)
      now += milliseconds
    },
  }
}

let server: Server
let requests: { agent: string }[]
let answer: (index: number) => { status: number; body: unknown } | 'reset'

beforeEach(async () => {
  lines.length = 0
  requests = []
  server = createServer((request, response) => {
    request.resume().on('end', () => {
      requests.push({ agent: request.headers['user-agent'] ?? '' })
      const reply = answer(requests.length)
      if (reply === 'reset') return request.socket.destroy()
      response.writeHead(reply.status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(reply.body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  process.env.AWS_ENDPOINT_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  process.env.AWS_ACCESS_KEY_ID = 'AKIDEXAMPLE'
  process.env.AWS_SECRET_ACCESS_KEY = 'secret'
})
afterEach(() => new Promise((resolve) => server.close(resolve)))

const failure = (name: string, message: string, status = 400) => ({ status, body: { __type: name, message } })
const fine = { status: 200, body: { repositories: [] } }

async function call(options: { signal?: AbortSignal } = {}) {
  const clock = virtualClock()
  const client = awsClient(ECRClient, { region: 'eu-central-1', log, clock, env: { GITHUB_RUN_ID: '42' }, ...options })
  try {
    return { clock, output: await client.send(new DescribeRepositoriesCommand({})) }
  } catch (error) {
    return { clock, error: error as Error }
  } finally {
    client.destroy()
  }
}

test('throttling is repeated for minutes, said once, and then its own error counts', async () => {
  answer = () => failure('ThrottlingException', 'Rate exceeded')
  const { clock, error } = await call()
  const waited = clock.sleeps.reduce((sum, sleep) => sum + sleep, 0)
  expect(error?.name).toBe('ThrottlingException')
  expect(waited).toBeGreaterThanOrEqual(300_000)
  expect(waited).toBeLessThan(320_000)
  expect(lines).toEqual(['AWS is throttling (Rate exceeded): repeating for up to 5m.'])
})

test('a burst of throttling ends well', async () => {
  answer = (index) => (index < 12 ? failure('ThrottlingException', 'Rate exceeded') : fine)
  expect((await call()).output?.repositories).toEqual([])
})

test('two registrations at once are contention, not a mistake', async () => {
  answer = (index) =>
    index < 4
      ? failure('ClientException', 'Too many concurrent attempts to create a new revision of the specified family.')
      : fine
  expect((await call()).output).toBeDefined()
  expect(requests).toHaveLength(4)
})

test('lost connections and 5xx are repeated a few times', async () => {
  answer = (index) =>
    index === 1 ? 'reset' : index === 2 ? failure('ServerException', 'Service Unavailable', 503) : fine
  expect((await call()).output).toBeDefined()
  answer = () => failure('ServerException', 'Internal Error', 500)
  requests = []
  expect((await call()).error?.name).toBe('ServerException')
  expect(requests).toHaveLength(6)
})

test.each<[string, ReturnType<typeof answer>, [least: number, most: number]]>([
  ['a lost connection', 'reset', [100, 200]],
  ['throttling, which needs longer', failure('ThrottlingException', 'Rate exceeded'), [250, 500]],
])('the first wait after %s', async (_, first, [least, most]) => {
  answer = (index) => (index === 1 ? first : fine)
  const { clock } = await call()
  expect(clock.sleeps).toHaveLength(1)
  expect(clock.sleeps[0]).toBeGreaterThanOrEqual(least)
  expect(clock.sleeps[0]).toBeLessThanOrEqual(most)
})

test('a quota is not throttling', async () => {
  answer = () => failure('LimitExceededException', 'The limit of repositories is reached.')
  await call()
  expect(requests).toHaveLength(1)
})

test('a denied call fails at once and names the IAM action and the resource', async () => {
  answer = () =>
    failure(
      'AccessDeniedException',
      'User: arn:aws:sts::123456789012:assumed-role/ci/x is not authorized to perform: ecr:DescribeRepositories on resource: arn:aws:ecr:eu-central-1:123456789012:repository/* because no identity-based policy allows the ecr:DescribeRepositories action',
    )
  const { error } = await call()
  expect(requests).toHaveLength(1)
  expect(error).toBeInstanceOf(AccessError)
  expect(error).toMatchObject({
    action: 'ecr:DescribeRepositories',
    resource: 'arn:aws:ecr:eu-central-1:123456789012:repository/*',
  })
  expect(error?.message).toContain('Allow ecr:DescribeRepositories in the policy of the role')
})

test('a denial without details still names the action of the call', async () => {
  answer = () => failure('AccessDeniedException', 'denied')
  expect((await call()).error).toMatchObject({ action: 'ecr:DescribeRepositories', resource: undefined })
})

const rejected = /does not accept the credentials/
test.each([
  ['ExpiredTokenException', /credentials expired before ecr:DescribeRepositories.*role-duration-seconds/],
  ['UnrecognizedClientException', rejected],
  ['InvalidClientTokenId', rejected],
  ['IncompleteSignature', rejected],
  ['MissingAuthenticationToken', rejected],
])('%s says which step provides credentials', async (name, text) => {
  answer = () => failure(name, 'no')
  expect((await call()).error?.message).toMatch(text)
})

test('a cancelled run stops repeating', async () => {
  const run = new AbortController()
  answer = () => {
    run.abort()
    return failure('ThrottlingException', 'Rate exceeded')
  }
  const { error } = await call({ signal: run.signal })
  expect(error?.name).toMatch(/^(AbortError|ThrottlingException)$/)
  expect(requests).toHaveLength(1)
})

test('the user agent names the suite and the run', async () => {
  answer = () => fine
  await call()
  expect(requests[0]?.agent).toMatch(/deploy-actions.*github-run\/42/)
})
