import {
  allOf,
  type Change,
  goodReleases,
  intentEnded,
  intentServes,
  markedBad,
  migrationBegun,
  migrationDone,
  migrationNotStarted,
  migrationTask,
  pardoned,
  type RecordState,
  releaseBegun,
  releaseCompleted,
  runName,
  runOrder,
  servicesCompleted,
  targetRecorded,
  wayBackBegun,
  wayBackCompleted,
} from '../src/index.ts'
import { comesBefore, isSameRun } from '../src/record/names.ts'
import { badMark } from '../src/record/releases.ts'
import { digest, release, stateWith } from './support.ts'

const since = '2026-10-01T08:00:00Z'
const at = '2026-10-02T08:00:00Z'
const end = '2026-10-02T09:00:00Z'
const start = (digit: string, more = {}) => ({
  digest: digest(digit),
  level: 'none',
  since,
  run: `run ${digit}`,
  ...more,
})
const wayBack = (digit: string, more = {}) => ({
  ...start(digit),
  run: 'run back',
  target: { web: `shop:${digit}` },
  ...more,
})
const digits = (state: RecordState) => state.releases.map((one) => one.digest?.[7]).join('')

describe('a release', () => {
  test('begins, writes down its target, collects its services, and becomes the newest', () => {
    const before = stateWith({ releases: [release('1')], schema: { level: 'none', since } })
    const state = allOf(
      releaseBegun(start('2', { runOrder: 'deploy.yml#2', sourceKey: 'abc' })),
      targetRecorded(start('2'), { web: 'shop:2' }),
      targetRecorded(start('2'), { worker: 'worker:2' }),
      servicesCompleted('run 2', { web: 'shop:2' }, at),
      servicesCompleted('run 3', { web: 'shop:3' }, at),
      servicesCompleted('run 2', { worker: 'worker:2' }, at),
    )(before)
    expect(state.intent).toMatchObject({ kind: 'release', number: 2, target: { web: 'shop:2', worker: 'worker:2' } })
    expect(releaseCompleted('run 2', end)(state)).toEqual({
      counter: 2,
      bad: [],
      schema: before.schema,
      releases: [
        {
          number: 2,
          digest: digest('2'),
          sourceKey: 'abc',
          level: 'none',
          services: { web: 'shop:2', worker: 'worker:2' },
          at,
          run: 'run 2',
          runOrder: 'deploy.yml#2',
        },
        release('1'),
      ],
    })
  })

  test('that no step has begun begins with its target; the next step of the job goes on with it', () => {
    const begun = targetRecorded(start('2'), { web: 'shop:2' })(stateWith({ releases: [release('1')] }))
    expect(begun).toMatchObject({ counter: 2, intent: { number: 2, target: { web: 'shop:2' }, run: 'run 2' } })
    const again = targetRecorded(start('2'), { web: 'shop:3' })(begun)
    expect(again).toMatchObject({ counter: 2, intent: { number: 2, target: { web: 'shop:3' } } })
    for (const other of [start('2', { run: 'run 2/attempts/2' }), start('3', { run: 'run 2' })])
      expect(targetRecorded(other, { web: 'shop:3' })(begun)).toMatchObject({ counter: 3, intent: { number: 3 } })
  })

  describe('whose services have all completed', () => {
    const served = (services: Record<string, string> = { web: 'shop:2' }, before = [release('1')]) =>
      allOf(
        releaseBegun(start('2')),
        targetRecorded(start('2'), services),
        servicesCompleted('run 2', services, at),
      )(stateWith({ releases: before }))

    test('serves, and is as old as its completion', () => {
      expect(intentServes(served())).toBe(true)
      expect(releaseCompleted('run 2', end)(served()).releases[0]).toMatchObject({ number: 2, at })
    })

    test('is a release when the next one begins, although it never reported its end', () => {
      const next = releaseBegun(start('3'))(served())
      expect(digits(next)).toBe('21')
      expect(next).toMatchObject({ releases: [{ at }, {}], intent: { digest: digest('3') } })
      expect(goodReleases(served()).map(({ number }) => number)).toEqual([2, 1])
    })

    test.each<[string, RecordState]>([
      ['it failed', intentEnded({ run: 'run 2' }, 'failed')(served())],
      ['a later deployment of the job has not completed', targetRecorded(start('2'), { cron: 'cron:2' })(served())],
      ['the same service is deployed again', targetRecorded(start('2'), { web: 'shop:3' })(served())],
      [
        'a service is missing',
        served({ web: 'shop:2' }, [release('1', { services: { web: 'shop:1', worker: 'worker:1' } })]),
      ],
    ])('but not where %s', (_, state) => {
      expect(intentServes(state)).toBe(false)
      expect(digits(releaseBegun(start('3'))(state))).toBe('1')
    })
  })

  test('of another run, one that has ended, and one that an operator went back from, do not complete', () => {
    const begun = releaseBegun(start('2'))(stateWith({}))
    expect(releaseCompleted('run 3', since)(begun)).toBe(begun)
    for (const ending of [intentEnded({ run: 'run 2' }, 'failed'), wayBackBegun(wayBack('1'))]) {
      const ended = ending(begun)
      expect(releaseCompleted('run 2', since)(ended)).toEqual(ended)
      expect(servicesCompleted('run 2', { web: 'shop:2' }, at)(ended)).toBe(ended)
      expect(intentEnded({ run: 'run 2' }, 'cancelled')(ended)).toBe(ended)
    }
  })

  test('of an application without migrations establishes that, unless more is known', () => {
    expect(releaseBegun(start('2'))(stateWith({})).schema).toMatchObject({ level: 'none' })
    expect(releaseBegun(start('2', { level: '1.3f9ac2d1' }))(stateWith({})).schema).toBeUndefined()
    const pending = { level: '1.3f9ac2d1', digest: digest('1'), since }
    expect(releaseBegun(start('2'))(stateWith({ pending })).schema).toBeUndefined()
  })
})

describe('a way back', () => {
  const three = stateWith({ releases: [release('3'), release('2'), release('1')] })

  test('is under way until all of its target has completed, and then as old as what it went back to', () => {
    const target = { web: 'shop:9', worker: 'worker:9' }
    const begun = wayBackBegun(wayBack('2', { target, release: 2, by: 'ada' }))(three)
    expect(begun).toMatchObject({ counter: 4, intent: { kind: 'rollback', number: 4, release: 2, by: 'ada', target } })
    const done = (services: Record<string, string>): Change =>
      wayBackCompleted({ number: 4, release: 2 }, { digest: digest('2'), level: 'none', services }, at)
    const half = done({ web: 'shop:9' })(begun)
    expect(digits(half)).toBe('321')
    const whole = done({ worker: 'worker:9' })(half)
    expect(whole.releases[0]).toMatchObject({ number: 2, services: target, at })
    expect(whole.intent).toMatchObject({ completed: at })
    expect(digits(whole)).toBe('2321')
  })

  test('to the same image is joined; to another one is a new one, which still knows what it takes back', () => {
    const underWay = releaseBegun(start('4'))(three)
    const first = wayBackBegun(wayBack('3'))(underWay)
    expect(first.intent).toMatchObject({ number: 5, leaving: { number: 4, run: 'run 4' } })
    const joined = wayBackBegun(wayBack('3', { target: { worker: 'worker:3' }, run: 'run other' }))(first)
    expect(joined).toMatchObject({ counter: 5, intent: { number: 5, target: { web: 'shop:3', worker: 'worker:3' } } })
    expect(wayBackBegun(wayBack('2'))(first)).toMatchObject({
      counter: 6,
      intent: { number: 6, digest: digest('2'), leaving: { number: 4 } },
    })
  })

  test('that failed for one service can still be completed, and is not joined', () => {
    const failed = allOf(wayBackBegun(wayBack('2')), intentEnded({ number: 4 }, 'failed'))(three)
    expect(failed.intent).toMatchObject({ outcome: 'failed' })
    expect(wayBackBegun(wayBack('2'))(failed).counter).toBe(5)
    const subject = { digest: digest('2'), level: 'none', services: { web: 'shop:2' } }
    const done = wayBackCompleted({ number: 4, release: 2 }, subject, at)(failed)
    expect(done.intent?.outcome).toBeUndefined()
  })

  test('that a release has followed is on record all the same, once for the same definitions', () => {
    const next = allOf(wayBackBegun(wayBack('2', { release: 2 })), releaseBegun(start('5')))(three)
    const subject = { digest: digest('2'), level: 'none', services: { web: 'shop:2' } }
    const state = wayBackCompleted({ number: 4, release: 2 }, subject, at)(next)
    expect(state.intent).toEqual(next.intent)
    expect(state.releases.map(({ number }) => number)).toEqual([2, 3, 1])
  })
})

describe('a migration', () => {
  const pending = { level: '2.3f9ac2d1', digest: digest('2'), since }
  const schema = { level: '1.0123abcd', digest: digest('1'), since }

  test('is pending from its start until it is done', () => {
    const begun = allOf(migrationBegun(pending), migrationTask('task-1'))(stateWith({ schema }))
    expect(begun).toMatchObject({ schema, pending: { ...pending, task: 'task-1' } })
    const done = migrationDone({ level: pending.level, digest: pending.digest, since })(begun)
    expect(done).toEqual(stateWith({ schema: { level: pending.level, digest: pending.digest, since } }))
  })

  test('that never started leaves the level as it was; another one stays pending', () => {
    const begun = migrationBegun(pending)(stateWith({ schema }))
    expect(migrationNotStarted(digest('2'))(begun)).toEqual(stateWith({ schema }))
    expect(migrationNotStarted(digest('1'))(begun)).toBe(begun)
    expect(migrationTask('task-1')(stateWith({ schema }))).toEqual(stateWith({ schema }))
  })
})

describe('marks of bad images', () => {
  test('stand once, newest first, and can be taken away', () => {
    const mark = (digit: string, reason: string) => markedBad([{ digest: digest(digit), since, reason }])
    const state = allOf(mark('1', 'first'), mark('2', 'second'), mark('1', 'again'))(stateWith({}))
    expect(state.bad.map(({ reason }) => reason)).toEqual(['again', 'second'])
    expect(pardoned({ digest: digest('1') })(state).bad.map(({ reason }) => reason)).toEqual(['second'])
    expect(pardoned({ digest: digest('3') })(state)).toBe(state)
  })

  test('hold for every image of the same sources, unless one of those is known to be good', () => {
    const mark = markedBad([{ digest: digest('5'), sourceKey: 'key', since }])
    const rebuilt = { digest: digest('6'), sourceKey: 'key' }
    expect(badMark(mark(stateWith({ releases: [release('5', { sourceKey: 'key' })] })).bad, rebuilt)).toBeDefined()
    const sameSources = stateWith({
      releases: [release('5', { sourceKey: 'key' }), release('4', { sourceKey: 'key' })],
    })
    expect(badMark(mark(sameSources).bad, rebuilt)).toBeUndefined()
    expect(badMark(mark(sameSources).bad, { digest: digest('5') })).toBeDefined()
    expect(badMark([{ since }], {})).toBeUndefined()
    expect(pardoned(rebuilt)(mark(stateWith({}))).bad).toEqual([])
  })
})

describe('which run is newer', () => {
  test.each([
    ['deploy.yml#9', 'deploy.yml#10', true],
    ['deploy.yml#10', 'deploy.yml#10', false],
    ['deploy.yml#11', 'deploy.yml#10', false],
    ['other.yml#9', 'deploy.yml#10', false],
    [undefined, 'deploy.yml#10', false],
    ['deploy.yml#9', undefined, false],
  ])('%s before %s: %s', (order, other, expected) => {
    expect(comesBefore(order, other)).toBe(expected)
  })

  test('is known from the workflow and its run number', () => {
    const env = {
      GITHUB_WORKFLOW_REF: 'octo/shop/.github/workflows/deploy.yml@refs/heads/main',
      GITHUB_RUN_NUMBER: '12',
    }
    expect(runOrder(env)).toBe('deploy.yml#12')
    expect(runOrder({})).toBeUndefined()
    expect(runOrder({ ...env, GITHUB_RUN_NUMBER: '' })).toBeUndefined()
  })

  test('a run is named by its link, a repeated one with its attempt, and is the same run', () => {
    const github = { runUrl: 'https://github.com/octo/shop/actions/runs/7', runAttempt: '1', actor: 'octocat' }
    expect(runName(github)).toBe('https://github.com/octo/shop/actions/runs/7')
    expect(runName({ ...github, runAttempt: '3' })).toBe('https://github.com/octo/shop/actions/runs/7/attempts/3')
    expect(runName({ ...github, runUrl: undefined })).toBe('octocat outside GitHub')
    expect(isSameRun(runName(github), runName({ ...github, runAttempt: '3' }))).toBe(true)
    expect(isSameRun(runName(github), `${runName(github)}1`)).toBe(false)
    expect(isSameRun(undefined, undefined)).toBe(false)
  })
})
