import type { SSMClient } from '@aws-sdk/client-ssm'
import { isAccessError } from '@deploy-actions/aws'
import type { Simulator } from '@deploy-actions/aws-simulator'
import fc from 'fast-check'
import {
  allOf,
  type Change,
  checkRoom,
  frozen,
  markedBad,
  type RecordState,
  readRecord,
  releaseBegun,
  releaseCompleted,
  rollbackCandidates,
  rolledBackTo,
  serviceDeployed,
  updateRecord,
} from '../src/index.ts'
import { fitRecord, largestState } from '../src/record/fit.ts'
import { packServices, storedForm, unpackServices } from '../src/record/services.ts'
import { digest, parameterStore, put, release, stateWith, testClock, textOf } from './support.ts'

let simulator: Simulator
let ssm: SSMClient
beforeEach(async () => {
  ;({ simulator, ssm } = await parameterStore())
})
afterEach(() => simulator.close())

const name = '/deploy-actions/shop/production'
const markBad =
  (digit: string): Change =>
  (state) => ({ ...state, bad: [...state.bad, { digest: digest(digit), since: '2026-10-01T08:00:00Z' }] })
const badOnes = async () => (await readRecord(ssm, 'shop', 'production'))?.state.bad.map((entry) => entry.digest[7])

describe('the record', () => {
  test('does not exist before the first write, which creates it', async () => {
    expect(await readRecord(ssm, 'shop', 'production')).toBeUndefined()
    const written = await updateRecord(ssm, 'shop', 'production', markBad('a'))
    expect(written).toMatchObject({ name, version: 1, state: { bad: [{ digest: digest('a') }] } })
    expect(await readRecord(ssm, 'shop', 'production')).toEqual(written)
    expect(JSON.parse(await textOf(ssm, name))).toMatchObject({ format: 1, releases: [], write: { after: 0 } })
  })

  test('a change that changes nothing writes nothing', async () => {
    await updateRecord(ssm, 'shop', 'production', markBad('a'))
    const { version } = await updateRecord(ssm, 'shop', 'production', (state) => state)
    expect(version).toBe(1)
    expect(simulator.calls.filter(({ operation }) => operation === 'PutParameter')).toHaveLength(1)
  })

  test('eight writers at once lose nothing, also when it does not exist yet', async () => {
    const digits = [...'01234567']
    await Promise.all(digits.map((digit) => updateRecord(ssm, 'shop', 'production', markBad(digit))))
    expect((await badOnes())?.sort()).toEqual(digits)
  })

  test('what a writer wrote after it was overtaken counts for nobody, and it writes again', async () => {
    await updateRecord(ssm, 'shop', 'production', markBad('0'))
    let overtaken = false
    await updateRecord(ssm, 'shop', 'production', markBad('1'), testClock())
    const late = updateRecord(
      ssm,
      'shop',
      'production',
      (state) => {
        if (!overtaken)
          simulator.addFaults({
            service: 'ssm',
            operation: 'PutParameter',
            times: 1,
            effect: { kind: 'delay', milliseconds: 150 },
          })
        overtaken = true
        return markBad('2')(state)
      },
      testClock(),
    )
    while (
      !simulator.calls.some(
        ({ operation, input }) => operation === 'PutParameter' && JSON.stringify(input).includes(digest('2')),
      )
    )
      await new Promise((resolve) => setTimeout(resolve, 5))
    await updateRecord(ssm, 'shop', 'production', markBad('3'))
    await late
    expect(await badOnes()).toEqual(['0', '1', '3', '2'])
  })

  test('a write whose answer is lost is repeated and stands once', async () => {
    await updateRecord(ssm, 'shop', 'production', markBad('0'))
    simulator.addFaults({
      service: 'ssm',
      operation: 'PutParameter',
      times: 1,
      effect: { kind: 'drop', when: 'after' },
    })
    await updateRecord(ssm, 'shop', 'production', markBad('1'))
    expect(await badOnes()).toEqual(['0', '1'])
    await updateRecord(ssm, 'shop', 'production', markBad('2'))
    expect(await badOnes()).toEqual(['0', '1', '2'])
  })

  test('the first write, its answer lost, stands once too', async () => {
    simulator.addFaults({
      service: 'ssm',
      operation: 'PutParameter',
      times: 1,
      effect: { kind: 'drop', when: 'after' },
    })
    await updateRecord(ssm, 'shop', 'production', markBad('1'))
    expect(await badOnes()).toEqual(['1'])
  })

  test('is waited for while SSM throttles or says that others are writing', async () => {
    simulator.addFaults(
      { service: 'ssm', times: 3, effect: { kind: 'error', name: 'ThrottlingException' } },
      { service: 'ssm', operation: 'PutParameter', times: 2, effect: { kind: 'error', name: 'TooManyUpdates' } },
    )
    await updateRecord(ssm, 'shop', 'production', markBad('1'), testClock())
    expect(await badOnes()).toEqual(['1'])
  })

  test.each(['ssm:GetParameter', 'ssm:PutParameter'])(
    'without the right to %s the message names it',
    async (action) => {
      simulator.addFaults({ service: 'ssm', operation: action.slice(4), effect: { kind: 'deny' } })
      const error = await updateRecord(ssm, 'shop', 'production', markBad('1')).catch((thrown: unknown) => thrown)
      expect(isAccessError(error)).toBe(true)
      expect(error).toMatchObject({ message: expect.stringContaining(`may not call ${action} on `) })
      expect(error).toMatchObject({ message: expect.stringContaining('parameter/deploy-actions/shop/production') })
    },
  )

  test('what somebody edits by hand counts', async () => {
    await updateRecord(ssm, 'shop', 'production', markBad('0'))
    await updateRecord(ssm, 'shop', 'production', markBad('1'))
    const edited = JSON.parse(await textOf(ssm, name))
    edited.bad = []
    await put(ssm, name, JSON.stringify(edited))
    expect(await badOnes()).toEqual([])
    await updateRecord(ssm, 'shop', 'production', markBad('2'))
    expect(await badOnes()).toEqual(['2'])
  })

  test('an older version that somebody puts back counts, and repairs a damaged one', async () => {
    await updateRecord(ssm, 'shop', 'production', markBad('0'))
    await updateRecord(ssm, 'shop', 'production', markBad('1'))
    const good = await textOf(ssm, `${name}:1`)
    await put(ssm, name, 'oops')
    await expect(readRecord(ssm, 'shop', 'production')).rejects.toThrow(
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
    ['another format', { format: 'one' }, '"format"'],
  ])('%s is refused as damaged', async (_, part, named) => {
    await put(ssm, name, JSON.stringify({ format: 1, releases: [], bad: [], ...part }))
    await expect(updateRecord(ssm, 'shop', 'production', markBad('1'))).rejects.toThrow(named)
    expect(await textOf(ssm, name)).toContain(JSON.stringify(part).slice(1, -1))
  })

  test('one of a newer format is left alone', async () => {
    await put(ssm, name, JSON.stringify({ format: 2, anything: true }))
    await expect(updateRecord(ssm, 'shop', 'production', markBad('1'))).rejects.toThrow('has format 2')
    expect(JSON.parse(await textOf(ssm, name))).toEqual({ format: 2, anything: true })
  })

  test.each([
    ['', 'production', 'Input "application" is ""'],
    ['shop', 'a/b', 'Input "environment" is "a/b"'],
  ])('names that SSM would not take are refused before any call', async (application, environment, message) => {
    await expect(readRecord(ssm, application, environment)).rejects.toThrow(message)
    expect(simulator.calls).toHaveLength(0)
  })
})

describe('the size of the record', () => {
  const bytes = (value: unknown) => Buffer.byteLength(JSON.stringify(value))
  const anyRelease = fc
    .tuple(fc.stringMatching(/^[0-9a-f]$/), fc.integer({ min: 1, max: 8 }), fc.nat(9999), fc.nat(1e9))
    .map(([digit, services, revision, age]) =>
      release(digit, {
        at: new Date(1.8e12 - age).toISOString(),
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
        const fitted = fitRecord(state, name)
        expect(bytes(storedForm(fitted, largestState))).toBeLessThanOrEqual(largestState)
        expect(fitted.releases[0]).toEqual(state.releases[0])
        const isBad = ({ digest }: { digest: string }) => state.bad.some((entry) => entry.digest === digest)
        const wayBack = rollbackCandidates(state, serving(state), false)[0]
        if (wayBack) expect(rollbackCandidates(fitted, serving(fitted), false)[0]).toEqual(wayBack)
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
    expect(fitRecord(stateWith({ releases }), name).releases.length).toBeGreaterThanOrEqual(9)
  })

  const many = (count: number, revision = 123) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [
        `production-service-${String(index).padStart(3, '0')}`,
        `production-service-${String(index).padStart(3, '0')}:${revision}`,
      ]),
    )
  const attempt = {
    digest: digest('5'),
    level: '17.3f9ac2d1',
    services: {},
    since: '2026-10-20T08:00:00.000Z',
    run: 'run',
  }

  test('is readable while there is room, packed where there is not, and reads the same', async () => {
    const release20 = (digit: string) => release(digit, { services: many(20) })
    await updateRecord(ssm, 'shop', 'production', (state) => ({ ...state, releases: [release20('1')] }))
    expect(JSON.parse(await textOf(ssm, name)).releases[0].services).toEqual(many(20))
    const three = {
      releases: [release20('3'), release20('2'), release20('1')],
      attempt: { ...attempt, services: many(20) },
    }
    await updateRecord(ssm, 'shop', 'production', (state) => ({ ...state, ...three }))
    const text = await textOf(ssm, name)
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4096)
    expect(JSON.parse(text).releases[0].services).toMatch(/^production-service-000:123 production-service-001:123 /)
    expect((await readRecord(ssm, 'shop', 'production'))?.state).toMatchObject(three)
  })

  test('packed services are what they were', () => {
    const word = fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/)
    const revision = fc.tuple(word, fc.integer({ min: 1, max: 9999 })).map((parts) => parts.join(':'))
    const services = fc.uniqueArray(fc.tuple(word, fc.oneof(revision, fc.constantFrom('shop:1', 'shop:2'))), {
      selector: ([service]) => service,
    })
    fc.assert(
      fc.property(services, (entries) => {
        const map = Object.fromEntries(entries)
        expect(unpackServices(packServices(map))).toEqual(map)
      }),
    )
    expect(packServices({ web: 'shop:5', worker: 'shop:5', cron: 'cron:2' })).toBe('web,worker=shop:5 cron:2')
    for (const wrong of ['web', 'web:', 'a:b', 'web:1  x:1', '=web:1']) expect(unpackServices(wrong)).toBeUndefined()
  })

  test('twenty services have room for three releases, a freeze and a mark; too many are refused before the release begins', () => {
    const releases = (count: number) => ['3', '2', '1'].map((digit) => release(digit, { services: many(count) }))
    expect(() => checkRoom(stateWith({ releases: releases(20) }), attempt, name)).not.toThrow()
    expect(() => checkRoom(stateWith({ releases: releases(40) }), attempt, name)).toThrow(
      /40 services are too many for one application.* could not be written down any more\. Nothing was changed/,
    )
    expect(() => checkRoom(stateWith({}), attempt, name)).not.toThrow()
  })

  test('what checkRoom lets begin can be written to its end, with a rollback after it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 40 }), (count, length) => {
        const services = (revision: number) =>
          Object.fromEntries(
            Array.from({ length: count }, (_, index) => [
              `${'s'.repeat(length)}${index}`,
              `${'s'.repeat(length)}${index}:${revision}`,
            ]),
          )
        const newest = release('2', { services: services(99) })
        const state = stateWith({ releases: [newest, release('1', { services: services(98) })] })
        try {
          checkRoom(state, attempt, name)
        } catch {
          return
        }
        const text = { by: 'octocat', reason: 'r'.repeat(500), since: attempt.since }
        let current = state
        for (const change of [
          releaseBegun(attempt),
          allOf(
            ...Object.entries(services(100)).map(([service, revision]) =>
              serviceDeployed(attempt.digest, service, revision),
            ),
          ),
          releaseCompleted('run', attempt.since),
          allOf(markedBad([{ digest: attempt.digest, ...text }]), frozen(text)),
          rolledBackTo({ ...newest, services: services(101), at: attempt.since, run: 'run' }, newest),
        ])
          current = fitRecord(change(current), name)
        expect(current.releases[0]?.digest).toBe(newest.digest)
      }),
    )
  })

  test('texts of people are cut to a line, without what SSM would refuse', () => {
    const freeze = { by: 'octocat', reason: `line\nbreak {{ssm:x}} ${'x'.repeat(300)}`, since: '2026-10-01T08:00:00Z' }
    const { reason } = fitRecord(stateWith({ freeze }), name).freeze!
    expect(reason).toMatch(/^line break \{ \{ssm:x\}\} x+…$/)
    expect(reason).toHaveLength(200)
  })

  test('more services than fit are refused, with a way out', () => {
    const services = Object.fromEntries(
      Array.from({ length: 60 }, (_, index) => [`service-${index}`, `production-service-${index}:1`]),
    )
    const state = stateWith({ releases: [release('2', { services }), release('1', { services })] })
    expect(() => fitRecord(state, name)).toThrow(/60 services are too many for one application/)
  })
})
