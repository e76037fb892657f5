import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DescribeRepositoriesCommand, ECRClient } from '@aws-sdk/client-ecr'
import { systemClock } from '@deploy-actions/action-kit'
import { awsClient } from '../src/index.ts'

const log = { info() {}, debug() {}, notice() {}, warning() {}, error() {}, group: async () => undefined as never }

let server: Server
let asked: number
let arrived: () => void
const firstCall = () => new Promise<void>((resolve) => (arrived = resolve))
beforeEach(async () => {
  asked = 0
  server = createServer(() => {
    asked++
    arrived()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

function client(signal?: AbortSignal): ECRClient {
  process.env.AWS_ENDPOINT_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' })
  return awsClient(ECRClient, { region: 'eu-central-1', log, clock: systemClock, ...(signal && { signal }) })
}

test("a call in flight ends with the run's signal, and no other begins", async () => {
  const run = new AbortController()
  const ecr = client(run.signal)
  const called = firstCall()
  const answer = ecr.send(new DescribeRepositoriesCommand({}))
  await called
  run.abort()
  await expect(answer).rejects.toMatchObject({ name: 'AbortError' })
  await expect(ecr.send(new DescribeRepositoriesCommand({}))).rejects.toMatchObject({ name: 'AbortError' })
  expect(asked).toBe(1)
})

test("a call's own signal counts beside the run's", async () => {
  const own = new AbortController()
  const called = firstCall()
  const answer = client(new AbortController().signal).send(new DescribeRepositoriesCommand({}), {
    abortSignal: own.signal,
  })
  await called
  own.abort()
  await expect(answer).rejects.toMatchObject({ name: 'AbortError' })
})
