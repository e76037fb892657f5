import type { SSMClient } from '@aws-sdk/client-ssm'
import type { Simulator } from '@deploy-actions/aws-simulator'
import { acquireLock, describeHolder, type LockHolder, readLock, releaseLock } from '../src/index.ts'
import { collectedLog, parameterStore, put, testClock, textOf } from './support.ts'

let simulator: Simulator
let ssm: SSMClient
let clock: ReturnType<typeof testClock>
let log: ReturnType<typeof collectedLog>
beforeEach(async () => {
  ;({ simulator, ssm } = await parameterStore())
  clock = testClock()
  log = collectedLog()
})
afterEach(() => simulator.close())

const where = { application: 'shop', environment: 'production' }
const name = '/deploy-actions/shop/production/lock'
const minute = 60_000
const holder = (token: string, more: Partial<LockHolder> = {}): LockHolder => ({
  token,
  run: `https://github.com/octo/shop/actions/runs/${token}`,
  by: 'octocat',
  ...more,
})
const take = (
  who: LockHolder,
  { timeoutMs = 0, expiresMs = 90 * minute, signal = undefined as AbortSignal | undefined } = {},
) => acquireLock({ ssm, clock, log, ...(signal && { signal }) }, { ...where, holder: who, expiresMs, timeoutMs })
const held = () => readLock(ssm, where, clock.now())

test('is taken, seen, given back, and taken by the next', async () => {
  expect(await take(holder('1'))).toMatchObject({ status: 'held', until: new Date('2026-11-01T09:30:00Z') })
  expect(await held()).toEqual(holder('1'))
  expect(await take(holder('2'))).toMatchObject({ status: 'timed-out', holder: { token: '1' } })
  expect(await releaseLock(ssm, clock, where, '1')).toBe(true)
  expect(await held()).toBeUndefined()
  expect(await take(holder('2'))).toMatchObject({ status: 'held' })
})

test('of many who ask at once exactly one gets it', async () => {
  for (const round of ['first', 'when it is free', 'when it has expired']) {
    const results = await Promise.all([...'abcdef'].map((token) => take(holder(round + token))))
    const winners = results.filter(({ status }) => status === 'held')
    expect(winners).toHaveLength(1)
    const winner = (await held())!
    for (const result of results) if (result.status !== 'held') expect(result.holder.token).toBe(winner.token)
    if (round === 'first') await releaseLock(ssm, clock, where, winner.token)
    else clock.advance(92 * minute)
  }
})

test('is never given back by anybody else', async () => {
  await take(holder('1'))
  expect(await releaseLock(ssm, clock, where, '2')).toBe(false)
  expect(await held()).toEqual(holder('1'))
})

test('past its end it is taken over, and the late owner cannot give it back', async () => {
  await take(holder('1'), { expiresMs: 10 * minute })
  clock.advance(10 * minute + 30_000)
  expect(await take(holder('2'))).toMatchObject({ status: 'timed-out' })
  clock.advance(31_000)
  expect(await take(holder('2'))).toMatchObject({ status: 'held', tookOver: { token: '1' } })
  expect(await releaseLock(ssm, clock, where, '1')).toBe(false)
  expect(await held()).toEqual(holder('2'))
})

test('is waited for, with who holds it, again every minute, and taken once it is free', async () => {
  await take(holder('1', { what: 'abc1234' }))
  const waiting = take(holder('2'), { timeoutMs: 30 * minute })
  while (log.lines.length < 3) await new Promise((resolve) => setImmediate(resolve))
  await releaseLock(ssm, clock, where, '1')
  expect(await waiting).toMatchObject({ status: 'held' })
  expect(log.lines[0]).toBe(
    'Waiting for the lock of shop in production: https://github.com/octo/shop/actions/runs/1 (by octocat, for abc1234) holds it since 2026-11-01T08:00:00.000Z, for at most 1h 30m more. Waited 0s of 30m.',
  )
  const spoken = log.lines.length
  const waited = clock.now().getTime() - Date.parse('2026-11-01T08:00:00Z')
  expect(spoken).toBeLessThanOrEqual(2 + waited / minute)
})

test('waits no longer than it may', async () => {
  await take(holder('1'))
  const result = await take(holder('2'), { timeoutMs: 7 * minute })
  expect(result).toMatchObject({ status: 'timed-out', until: '2026-11-01T09:30:00.000Z' })
  expect(result.status === 'timed-out' && result.waitedMs).toBe(7 * minute)
})

test('a cancel ends the wait and leaves the lock as it was', async () => {
  await take(holder('1'))
  const cancel = new AbortController()
  const waiting = take(holder('2'), { timeoutMs: 30 * minute, signal: cancel.signal })
  while (log.lines.length === 0) await new Promise((resolve) => setImmediate(resolve))
  const before = await textOf(ssm, name)
  cancel.abort()
  expect(await waiting).toMatchObject({ status: 'cancelled' })
  expect(await textOf(ssm, name)).toBe(before)
})

test('a repeated run does not wait for what its earlier attempt left behind', async () => {
  const run = 'https://github.com/octo/shop/actions/runs/7'
  await take(holder('1', { run, attempt: 1, job: 'deploy' }))
  const again = { run: `${run}/attempts/2`, attempt: 2, job: 'deploy' }
  expect(await take(holder('2', { ...again, job: 'other' }))).toMatchObject({ status: 'timed-out' })
  expect(await take(holder('2', again))).toMatchObject({ status: 'held', tookOver: { token: '1' } })
})

test('an answer that was lost does not make a holder wait for itself', async () => {
  simulator.addFaults({ service: 'ssm', operation: 'PutParameter', times: 1, effect: { kind: 'drop', when: 'after' } })
  expect(await take(holder('1'))).toMatchObject({ status: 'held' })
  expect(await take(holder('1'))).toMatchObject({ status: 'held' })
})

test('a damaged lock, and one deleted by hand, hold nobody up', async () => {
  await take(holder('1'))
  await put(ssm, name, 'oops')
  expect(await take(holder('2'))).toMatchObject({ status: 'held' })
})

test('names its holder as far as it is known', () => {
  expect(describeHolder({ token: 't', run: 'a run' })).toBe('a run')
})
