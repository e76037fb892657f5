import type { SSMClient } from '@aws-sdk/client-ssm'
import { isAccessError } from '@deploy-actions/aws'
import type { Simulator } from '@deploy-actions/aws-simulator'
import fc from 'fast-check'
import {
  allOf,
  askGate,
  type Change,
  checkSizeToCome,
  frozen,
  markedBad,
  previousOf,
  type RecordState,
  readRecord,
  recordIntent,
  releaseBegun,
  releaseCompleted,
  servicesCompleted,
  targetRecorded,
  updateRecord,
  wayBackBegun,
  wayBackCompleted,
} from '../src/index.ts'
import { largestState, trimRecord } from '../src/record/size.ts'
import { digest, intent, parameterStore, put, release, stateWith, testClock, textOf } from './support.ts'

let simulator: Simulator
let ssm: SSMClient
beforeEach(async () => {
  ;({ simulator, ssm } = await parameterStore())
})
afterEach(() => simulator.close())

const name = '/deploy-actions/shop/production'
const key = { application: 'shop', environment: 'production' }
const markBad =
  (digit: string): Change =>
  (state) => ({ ...state, bad: [...state.bad, { digest: digest(digit), since: '2026-10-01T08:00:00Z' }] })
const badOnes = async () => (await readRecord(ssm, key))?.state.bad.map((entry) => entry.digest?.[7])

describe('the record', () => {
  test('does not exist before the first write, which creates it', async () => {
    expect(await readRecord(ssm, key)).toBeUndefined()
    const written = await updateRecord({ ssm }, key, markBad('a'))
    expect(written).toMatchObject({ name, version: 1, state: { bad: [{ digest: digest('a') }] } })
    expect(await readRecord(ssm, key)).toEqual(written)
    expect(JSON.parse(await textOf(ssm, name))).toMatchObject({ format: 1, releases: [], write: { after: 0 } })
  })

  test('a change that changes nothing writes nothing', async () => {
    await updateRecord({ ssm }, key, markBad('a'))
    const { version } = await updateRecord({ ssm }, key, (state) => state)
    expect(version).toBe(1)
    expect(simulator.calls.filter(({ operation }) => operation === 'PutParameter')).toHaveLength(1)
  })

  test('eight writers at once lose nothing, also when it does not exist yet', async () => {
    const digits = [...'01234567']
    await Promise.all(digits.map((digit) => updateRecord({ ssm }, key, markBad(digit))))
    expect((await badOnes())?.sort()).toEqual(digits)
  })

  test('what a writer wrote after it was overtaken counts for nobody, and it writes again', async () => {
    await updateRecord({ ssm }, key, markBad('0'))
    let overtaken = false
    await updateRecord({ ssm, clock: testClock() }, key, markBad('1'))
    const late = updateRecord({ ssm, clock: testClock() }, key, (state) => {
      if (!overtaken)
        simulator.addFaults({
          service: 'ssm',
          operation: 'PutParameter',
          times: 1,
          effect: { kind: 'delay', milliseconds: 150 },
        })
      overtaken = true
      return markBad('2')(state)
    })
    while (
      !simulator.calls.some(
        ({ operation, input }) => operation === 'PutParameter' && JSON.stringify(input).includes(digest('2')),
      )
    )
      await new Promise((resolve) => setTimeout(resolve, 5))
    await updateRecord({ ssm }, key, markBad('3'))
    await late
    expect(await badOnes()).toEqual(['0', '1', '3', '2'])
  })

  test('a write whose answer is lost is repeated and stands once', async () => {
    await updateRecord({ ssm }, key, markBad('0'))
    simulator.addFaults({
      service: 'ssm',
      operation: 'PutParameter',
      times: 1,
      effect: { kind: 'drop', when: 'after' },
    })
    await updateRecord({ ssm }, key, markBad('1'))
    expect(await badOnes()).toEqual(['0', '1'])
    await updateRecord({ ssm }, key, markBad('2'))
    expect(await badOnes()).toEqual(['0', '1', '2'])
  })

  test('the first write, its answer lost, stands once too', async () => {
    simulator.addFaults({
      service: 'ssm',
      operation: 'PutParameter',
      times: 1,
      effect: { kind: 'drop', when: 'after' },
    })
    await updateRecord({ ssm }, key, markBad('1'))
    expect(await badOnes()).toEqual(['1'])
  })

  test('is waited for while SSM throttles or says that others are writing', async () => {
    simulator.addFaults(
      { service: 'ssm', times: 3, effect: { kind: 'error', name: 'ThrottlingException' } },
      { service: 'ssm', operation: 'PutParameter', times: 2, effect: { kind: 'error', name: 'TooManyUpdates' } },
    )
    await updateRecord({ ssm, clock: testClock() }, key, markBad('1'))
    expect(await badOnes()).toEqual(['1'])
  })

  test.each(['ssm:GetParameter', 'ssm:PutParameter'])(
    'without the right to %s the message names it',
    async (action) => {
      simulator.addFaults({ service: 'ssm', operation: action.slice(4), effect: { kind: 'deny' } })
      const error = await updateRecord({ ssm }, key, markBad('1')).catch((thrown: unknown) => thrown)
      expect(isAccessError(error)).toBe(true)
      expect(error).toMatchObject({ message: expect.stringContaining(`may not call ${action} on `) })
      expect(error).toMatchObject({ message: expect.stringContaining('parameter/deploy-actions/shop/production') })
    },
  )

  test('what somebody edits by hand counts', async () => {
    await updateRecord({ ssm }, key, markBad('0'))
    await updateRecord({ ssm }, key, markBad('1'))
    const edited = JSON.parse(await textOf(ssm, name))
    edited.bad = []
    await put(ssm, name, JSON.stringify(edited))
    expect(await badOnes()).toEqual([])
    await updateRecord({ ssm }, key, markBad('2'))
    expect(await badOnes()).toEqual(['2'])
  })

  test('an older version that somebody puts back counts, and repairs a damaged one', async () => {
    await updateRecord({ ssm }, key, markBad('0'))
    await updateRecord({ ssm }, key, markBad('1'))
    const good = await textOf(ssm, `${name}:1`)
    await put(ssm, name, 'oops')
    await expect(readRecord(ssm, key)).rejects.toThrow(
      /is damaged \(version 3: no JSON object\).*get-parameter-history --name \/deploy-actions\/shop\/production .*production:2/s,
    )
    await put(ssm, name, good)
    expect(await badOnes()).toEqual(['0'])
  })

  test.each([
    ['a list that is none', { releases: {} }, '"releases"'],
    ['a level that is none', { schema: { level: '17', since: '2026-10-01T08:00:00Z' } }, '"schema"'],
    ['a digest that is none', { bad: [{ digest: 'sha256:1', since: '2026-10-01T08:00:00Z' }] }, '"bad"'],
    ['a time that is none', { freeze: { by: 'a', reason: 'b', since: 'yesterday' } }, '"freeze"'],
    ['no counter', { counter: undefined }, '"counter"'],
    ['a freeze whose run is no text', { freeze: { by: 'a', reason: 'b', since: '2026-10-01', run: 7 } }, '"freeze"'],
    ['an intent without a kind', { intent: { ...intent('1'), kind: undefined } }, '"intent"'],
    ['an intent whose target is a list', { intent: { ...intent('1'), target: ['web'] } }, '"intent"'],
    ['an intent with an outcome of its own', { intent: { ...intent('1'), outcome: 'lost' } }, '"intent"'],
    ['a release without a number', { releases: [{ ...release('1'), number: undefined }] }, '"releases"'],
    ['a mark whose reason is no text', { bad: [{ since: '2026-10-01T08:00:00Z', reason: 1 }] }, '"bad"'],
    ['another format', { format: 'one' }, '"format"'],
  ])('%s is refused as damaged', async (_, part, named) => {
    await put(ssm, name, JSON.stringify({ format: 1, counter: 0, releases: [], bad: [], ...part }))
    await expect(updateRecord({ ssm }, key, markBad('1'))).rejects.toThrow(named)
    expect(simulator.calls.filter(({ operation }) => operation === 'PutParameter')).toHaveLength(1)
  })

  test('one of a newer format is left alone', async () => {
    await put(ssm, name, JSON.stringify({ format: 2, anything: true }))
    await expect(updateRecord({ ssm }, key, markBad('1'))).rejects.toThrow('has format 2')
    expect(JSON.parse(await textOf(ssm, name))).toEqual({ format: 2, anything: true })
  })

  test.each([
    ['', 'production', 'Input "application" is ""'],
    ['shop', 'a/b', 'Input "environment" is "a/b"'],
  ])('names that SSM would not take are refused before any call', async (application, environment, message) => {
    await expect(readRecord(ssm, { application, environment })).rejects.toThrow(message)
    expect(simulator.calls).toHaveLength(0)
  })
})

describe('an intent', () => {
  const now = new Date('2026-11-01T08:00:00Z')
  const start = { digest: digest('5'), level: 'none', since: '2026-10-20T08:00:00.000Z', run: 'run 5' }
  const begin = (before: () => Promise<unknown> = async () => {}) =>
    recordIntent(
      { ssm, clock: testClock() },
      key,
      async (state) => {
        const images = [{ name: 'shop', digest: digest('5'), read: undefined }]
        const answer = await askGate({ state, purpose: 'deploy', images, now })
        await before()
        return answer
      },
      (state) => releaseBegun(start)(state),
    )

  test('that the gate refuses leaves the record as it was', async () => {
    await updateRecord({ ssm }, key, markBad('5'))
    const { answer, record } = await begin()
    expect(answer).toMatchObject({ go: false, refusal: { because: 'bad' } })
    expect(record.version).toBe(1)
    expect(await readRecord(ssm, key)).toEqual(record)
  })

  test('is judged on the state that it replaces, whoever writes between the look and the write', async () => {
    let times = 0
    const freeze = { by: 'ops', reason: 'incident', since: start.since }
    const { answer } = await begin(async () => {
      if (times++ === 0) await updateRecord({ ssm }, key, frozen(freeze))
    })
    expect(times).toBe(2)
    expect(answer).toMatchObject({ go: false, refusal: { because: 'frozen' } })
    expect((await readRecord(ssm, key))?.state).toMatchObject({ counter: 0, freeze })
  })

  test('of twelve at once gets a number of its own, whatever the clocks say', async () => {
    const begun = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        updateRecord(
          { ssm },
          key,
          releaseBegun({ ...start, since: `20${10 + index}-01-01T00:00:00Z`, run: `run ${index}` }),
        ),
      ),
    )
    expect(begun.map(({ state }) => state.counter).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 12 }, (_, index) => index + 1),
    )
  })

  test('is not written any more once the run is cancelled', async () => {
    const cancel = new AbortController()
    const change = (state: RecordState) => {
      cancel.abort()
      return releaseBegun(start)(state)
    }
    await expect(updateRecord({ ssm, signal: cancel.signal }, key, change)).rejects.toThrow(
      /^Cancelled before the record .* Nothing was changed/,
    )
    expect(await readRecord(ssm, key)).toBeUndefined()
  })
})

describe('the size of the record', () => {
  const bytes = (value: unknown) => Buffer.byteLength(JSON.stringify(value))
  const anyRelease = fc
    .tuple(fc.stringMatching(/^[0-9a-f]$/), fc.integer({ min: 1, max: 24 }), fc.nat(9999), fc.nat(99))
    .map(([digit, services, revision, number]) =>
      release(digit, {
        number,
        services: Object.fromEntries(
          Array.from({ length: services }, (_, index) => [
            `service-${index}`,
            `production-service-${index}:${revision}`,
          ]),
        ),
      }),
    )
  const serving = ({ releases: [newest] }: RecordState) =>
    Object.entries(newest?.services ?? {}).map(([service, taskDefinition]) => ({ service, taskDefinition }))
  const anyState = fc
    .record({
      releases: fc.array(anyRelease, { maxLength: 30 }),
      bad: fc.array(
        fc.record({
          digest: fc.stringMatching(/^[0-9a-f]$/).map(digest),
          since: fc.constant('2026-10-01T08:00:00Z'),
          reason: fc.string({ maxLength: 500, unit: 'grapheme' }),
        }),
        { maxLength: 40 },
      ),
    })
    .map(stateWith)

  test('fits, keeps the order, the newest release and the one to go back to', () => {
    fc.assert(
      fc.property(anyState, (state) => {
        const fitted = trimRecord(state, name)
        expect(bytes(fitted)).toBeLessThanOrEqual(largestState)
        expect(fitted.releases[0]).toEqual(state.releases[0])
        const isBad = ({ digest }: { digest?: string }) => state.bad.some((entry) => entry.digest === digest)
        const before = previousOf(state, serving(state))
        const wayBack = before.kind === 'releases' ? before.releases[0] : undefined
        if (wayBack)
          expect(previousOf(fitted, serving(fitted))).toMatchObject({ releases: expect.arrayContaining([wayBack]) })
        for (const one of fitted.releases) {
          expect(fitted.bad.some(({ digest }) => digest === one.digest)).toBe(isBad(one))
          expect(state.releases).toContainEqual(one)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('one service has room for ten releases', () => {
    const releases = Array.from({ length: 15 }, (_, index) => release((index % 16).toString(16)))
    expect(trimRecord(stateWith({ releases }), name).releases.length).toBeGreaterThanOrEqual(9)
  })

  const many = (count: number, revision = 123) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [
        `production-service-${String(index).padStart(3, '0')}`,
        `production-service-${String(index).padStart(3, '0')}:${revision}`,
      ]),
    )
  const start = { digest: digest('5'), level: '17.3f9ac2d1', since: '2026-10-20T08:00:00.000Z', run: 'run' }

  test('may be twice that of a standard parameter, which SSM then makes an advanced one', async () => {
    const releases = ['3', '2', '1'].map((digit) => release(digit, { services: many(20) }))
    await updateRecord({ ssm }, key, (state) => ({ ...state, releases }))
    expect(Buffer.byteLength(await textOf(ssm, name))).toBeGreaterThan(4096)
    expect((await readRecord(ssm, key))?.state.releases).toEqual(releases)
    expect(simulator.calls.at(-3)?.input).toMatchObject({ Tier: 'Intelligent-Tiering' })
  })

  test('twenty services have room for three releases, a freeze and a mark; too many are refused before anything is updated', () => {
    const releases = (count: number) => ['3', '2', '1'].map((digit) => release(digit, { services: many(count) }))
    const meant = (count: number) => targetRecorded(start, many(count))(stateWith({ releases: releases(count) }))
    expect(() => checkSizeToCome(meant(20), name)).not.toThrow()
    expect(() => checkSizeToCome(meant(60), name)).toThrow(
      /60 services are too many for one application.* could not be written down any more\. Nothing was changed/,
    )
    expect(() => checkSizeToCome(stateWith({}), name)).not.toThrow()
  })

  test('what checkSizeToCome lets pass can be written to its end, with a rollback after it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 80 }), fc.integer({ min: 1, max: 40 }), (count, length) => {
        const services = (revision: number) =>
          Object.fromEntries(
            Array.from({ length: count }, (_, index) => [
              `${'s'.repeat(length)}${index}`,
              `${'s'.repeat(length)}${index}:${revision}`,
            ]),
          )
        const newest = release('2', { services: services(99) })
        const state = stateWith({ releases: [newest, release('1', { services: services(98) })] })
        const meant = targetRecorded(start, services(100))(state)
        try {
          checkSizeToCome(meant, name)
        } catch {
          return
        }
        const text = { by: 'octocat', reason: 'r'.repeat(500), since: start.since }
        const target = services(99)
        let current = meant
        for (const change of [
          servicesCompleted('run', services(100), start.since),
          releaseCompleted('run', start.since),
          allOf(markedBad([{ digest: start.digest, ...text }]), frozen(text)),
          wayBackBegun({ ...newest, target, since: start.since, run: 'run', release: newest.number }),
          wayBackCompleted(
            { number: meant.counter + 1, release: newest.number },
            { ...newest, services: target },
            start.since,
          ),
        ])
          current = trimRecord(change(current), name)
        expect(current.releases[0]?.digest).toBe(newest.digest)
      }),
    )
  })

  test('texts of people are cut to a line, without what SSM would refuse', () => {
    const freeze = { by: 'octocat', reason: `line\nbreak {{ssm:x}} ${'x'.repeat(300)}`, since: '2026-10-01T08:00:00Z' }
    const { reason } = trimRecord(stateWith({ freeze }), name).freeze!
    expect(reason).toMatch(/^line break \{ \{ssm:x\}\} x+…$/)
    expect(reason).toHaveLength(200)
  })

  test('more services than fit are refused, with a way out', () => {
    const services = Object.fromEntries(
      Array.from({ length: 120 }, (_, index) => [`service-${index}`, `production-service-${index}:1`]),
    )
    const state = stateWith({ releases: [release('2', { services }), release('1', { services })] })
    expect(() => trimRecord(state, name)).toThrow(/120 services are too many for one application/)
  })
})
