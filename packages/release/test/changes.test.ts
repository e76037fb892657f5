import {
  admission,
  allOf,
  attemptCompleted,
  attemptOverruled,
  attemptServes,
  comesBefore,
  earlierRevisions,
  markedBad,
  migrationBegun,
  migrationDone,
  migrationNotStarted,
  migrationTask,
  overruledText,
  type PastDeployment,
  pardoned,
  type RecordState,
  releaseBegun,
  releaseCompleted,
  releaseEnded,
  rollbackCandidates,
  rolledBackTo,
  runName,
  runOrder,
  serviceDeployed,
  takenBackAlready,
} from '../src/index.ts'
import { digest, release, stateWith } from './support.ts'

const since = '2026-10-01T08:00:00Z'
const attempt = (digit: string, more = {}) => ({
  digest: digest(digit),
  level: 'none',
  services: {},
  since,
  run: `run ${digit}`,
  ...more,
})
const digits = (state: RecordState) => state.releases.map((one) => one.digest[7]).join('')

describe('a release', () => {
  test('begins, collects its services, and becomes the newest', () => {
    const start = stateWith({ releases: [release('1')], schema: { level: 'none', since } })
    const state = allOf(
      releaseBegun(attempt('2', { order: 'deploy.yml#2' })),
      serviceDeployed(digest('2'), 'web', 'shop:2'),
      serviceDeployed(digest('2'), 'worker', 'worker:2'),
      serviceDeployed(digest('3'), 'web', 'shop:3'),
      releaseCompleted('run 2', '2026-10-02T08:00:00Z'),
    )(start)
    expect(state).toEqual({
      bad: [],
      schema: start.schema,
      releases: [
        {
          digest: digest('2'),
          level: 'none',
          services: { web: 'shop:2', worker: 'worker:2' },
          at: '2026-10-02T08:00:00Z',
          run: 'run 2',
          order: 'deploy.yml#2',
        },
        release('1'),
      ],
    })
  })

  describe('whose services have all completed', () => {
    const at = '2026-10-02T08:00:00Z'
    const end = '2026-10-02T09:00:00Z'
    const served = (services = { web: 'shop:2' }, before = [release('1')]) =>
      allOf(
        releaseBegun(attempt('2')),
        ...Object.entries(services).map(([service, revision]) => serviceDeployed(digest('2'), service, revision)),
        attemptCompleted(digest('2'), at),
      )(stateWith({ releases: before }))

    test('serves, and is as old as its completion', () => {
      expect(attemptServes(served())).toBe(true)
      expect(releaseCompleted('run 2', end)(served()).releases[0]).toEqual({
        digest: digest('2'),
        level: 'none',
        services: { web: 'shop:2' },
        at,
        run: 'run 2',
      })
    })

    test('is a release when the next one begins, although it never reported its end', () => {
      const next = releaseBegun(attempt('3'))(served())
      expect(digits(next)).toBe('21')
      expect(next).toMatchObject({ releases: [{ at }, {}], attempt: { digest: digest('3') } })
    })

    test.each([
      ['it was overruled', attemptOverruled()(served())],
      ['it failed', releaseEnded('run 2', 'failed')(served())],
      ['a later deployment of the job did not complete', attemptCompleted(digest('2'), undefined)(served())],
      [
        'a service is missing',
        served({ web: 'shop:2' }, [release('1', { services: { web: 'shop:1', worker: 'worker:1' } })]),
      ],
    ])('but not where %s', (_, state) => {
      expect(attemptServes(state)).toBe(false)
      expect(digits(releaseBegun(attempt('3'))(state))).toBe('1')
    })

    test('another digest completes nothing', () => {
      const state = releaseBegun(attempt('2'))(stateWith({}))
      expect(attemptCompleted(digest('3'), at)(state)).toBe(state)
    })
  })

  test('of another run, one that has ended, and one that was overruled, do not complete', () => {
    const begun = releaseBegun(attempt('2'))(stateWith({}))
    expect(releaseCompleted('run 3', since)(begun)).toBe(begun)
    for (const end of [releaseEnded('run 2', 'failed'), attemptOverruled()]) {
      const ended = end(begun)
      expect(releaseCompleted('run 2', since)(ended)).toBe(ended)
      expect(serviceDeployed(digest('2'), 'web', 'shop:2')(ended)).toBe(ended)
      expect(releaseEnded('run 2', 'cancelled')(ended)).toBe(ended)
    }
  })

  test('of an application without migrations establishes that, unless more is known', () => {
    expect(releaseBegun(attempt('2'))(stateWith({})).schema).toMatchObject({ level: 'none' })
    expect(releaseBegun(attempt('2', { level: '1.3f9ac2d1' }))(stateWith({})).schema).toBeUndefined()
    const pending = { level: '1.3f9ac2d1', digest: digest('1'), since }
    expect(releaseBegun(attempt('2'))(stateWith({ pending })).schema).toBeUndefined()
  })

  test('stands once for the same image under the same definitions', () => {
    const state = stateWith({ releases: [release('3'), release('2'), release('1')] })
    expect(digits(rolledBackTo(release('2'))(state))).toBe('231')
    expect(digits(rolledBackTo(release('2', { services: { web: 'shop:9' } }))(state))).toBe('2321')
  })
})

describe('a migration', () => {
  const pending = { level: '2.3f9ac2d1', digest: digest('2'), since }
  const schema = { level: '1.0123abcd', digest: digest('1'), since }

  test('is pending from its start until it is done', () => {
    const begun = allOf(migrationBegun(pending), migrationTask('task-1'))(stateWith({ schema }))
    expect(begun).toMatchObject({ schema, pending: { ...pending, task: 'task-1' } })
    const done = migrationDone({ level: pending.level, digest: pending.digest, since })(begun)
    expect(done).toEqual({ releases: [], bad: [], schema: { level: pending.level, digest: pending.digest, since } })
  })

  test('that never started leaves the level as it was; another one stays pending', () => {
    const begun = migrationBegun(pending)(stateWith({ schema }))
    expect(migrationNotStarted(digest('2'))(begun)).toEqual(stateWith({ schema }))
    expect(migrationNotStarted(digest('1'))(begun)).toBe(begun)
    expect(migrationTask('task-1')(stateWith({ schema }))).toEqual(stateWith({ schema }))
  })
})

test('marks of bad images stand once, newest first, and can be taken away', () => {
  const mark = (digit: string, reason: string) => markedBad([{ digest: digest(digit), since, reason }])
  const state = allOf(mark('1', 'first'), mark('2', 'second'), mark('1', 'again'))(stateWith({}))
  expect(state.bad.map(({ reason }) => reason)).toEqual(['again', 'second'])
  expect(pardoned(digest('1'))(state).bad.map(({ reason }) => reason)).toEqual(['second'])
  expect(pardoned(digest('3'))(state)).toBe(state)
})

describe('where a rollback may go', () => {
  const state = stateWith({ releases: [release('4'), release('3'), release('2'), release('1')] })
  const serving = (...revisions: number[]) =>
    revisions.map((revision, index) => ({ service: ['web', 'worker'][index]!, taskDefinition: `shop:${revision}` }))
  const where = (found: ReturnType<typeof rollbackCandidates>) => found.map((one) => one.digest[7]).join('')

  test.each([
    ['from the newest', serving(4), '321'],
    ['from one in the middle', serving(3), '21'],
    ['from the oldest', serving(1), ''],
    ['from what is on record nowhere', serving(9), '4321'],
  ])('%s', (_, present, expected) => {
    expect(where(rollbackCandidates(state, present, false))).toBe(expected)
  })

  test('after a rollback only what is older than where it went', () => {
    const back = rolledBackTo(
      release('2', { services: { web: 'shop:9' }, at: '2026-11-01T08:00:00Z' }),
      release('2'),
    )(state)
    expect(digits(back)).toBe('24321')
    expect(where(rollbackCandidates(back, serving(9), false))).toBe('1')
    const twice = rolledBackTo(release('1', { at: '2026-11-02T08:00:00Z' }), release('1'))(back)
    expect(digits(twice)).toBe('12432')
    expect(where(rollbackCandidates(twice, serving(1), false))).toBe('')
    const next = stateWith({ releases: [release('5', { at: '2026-11-03T08:00:00Z' }), ...twice.releases] })
    expect(where(rollbackCandidates(next, serving(5), false))).toBe('12432')
  })

  test('after a rollback and another release: to what the rollback went to, not to what was made after it', () => {
    const start = stateWith({ releases: [release('3'), release('2'), release('1')] })
    const back = allOf(
      markedBad([{ digest: digest('3'), since }]),
      rolledBackTo(release('1', { services: { web: 'shop:9' }, at: '2026-11-01T08:00:00Z' }), release('1')),
    )(start)
    const next = stateWith({ ...back, releases: [release('4', { at: '2026-11-02T08:00:00Z' }), ...back.releases] })
    expect(where(rollbackCandidates(next, serving(4), false))).toBe('121')
  })

  test('what is marked bad is left out', () => {
    expect(where(rollbackCandidates(markedBad([{ digest: digest('3'), since }])(state), serving(4), false))).toBe('21')
  })

  test('a release under way is newer than all', () => {
    expect(where(rollbackCandidates(state, serving(4), true))).toBe('4321')
  })

  test('services that stand at different releases count as the newer one', () => {
    const two = (digit: string, revision: number) =>
      release(digit, { services: { web: `shop:${revision}`, worker: `shop:${revision}` } })
    const both = stateWith({ releases: [two('2', 2), two('1', 1)] })
    expect(where(rollbackCandidates(both, serving(2, 1), false))).toBe('1')
    expect(where(rollbackCandidates(both, serving(9, 2), false))).toBe('21')
  })
})

describe('a release that was taken back already', () => {
  const failed = attempt('5', { outcome: 'failed', since: '2026-10-20T08:00:00Z' })
  const state = stateWith({ releases: [release('4'), release('3')], attempt: failed })
  const serving = (revision: number) => [{ service: 'web', taskDefinition: `shop:${revision}` }]

  test('is one that ended badly while the newest good release serves', () => {
    expect(takenBackAlready(state, serving(4))).toEqual(failed)
  })

  test.each<[string, Partial<RecordState>, number]>([
    ['what serves is another one', {}, 5],
    ['it never reported its end', { attempt: { ...failed, outcome: undefined } }, 4],
    ['an operator went back from it', { bad: [{ digest: digest('5'), since }] }, 4],
    ['an operator went back since', { releases: [release('4', { at: '2026-10-21T08:00:00Z' }), release('3')] }, 4],
    ['nothing ended well before', { releases: [] }, 4],
    ['there was none', { attempt: undefined }, 4],
  ])('but not where %s', (_, more, revision) => {
    expect(takenBackAlready({ ...state, ...more }, serving(revision))).toBeUndefined()
  })
})

describe('what ECS remembers', () => {
  const arn = (number: number) => `arn:aws:ecs:eu-central-1:123456789012:service-revision/prod/web/${number}`
  const deployment = (target: number, status = 'SUCCESSFUL', ...sources: number[]): PastDeployment => ({
    status,
    createdAt: new Date(Date.parse(since) + target * 60_000),
    target: arn(target),
    sources: sources.map(arn),
  })
  const order = (deployments: PastDeployment[], present: number) =>
    earlierRevisions(deployments, `ecs-svc/${present}`).map((one) => Number(one.split('/').at(-1)))

  test.each<[string, PastDeployment[], number, number[]]>([
    [
      'the source first, then what was deployed before',
      [deployment(3, 'SUCCESSFUL', 2), deployment(2, 'SUCCESSFUL', 1), deployment(1)],
      3,
      [2, 1],
    ],
    ['not what failed', [deployment(4, 'SUCCESSFUL', 3), deployment(3, 'STOPPED', 2), deployment(2)], 4, [2, 3]],
    [
      'not what ECS rolled back',
      [deployment(4, 'SUCCESSFUL', 2), deployment(3, 'ROLLBACK_SUCCESSFUL', 2), deployment(2)],
      4,
      [2],
    ],
    [
      'after a rollback by ECS: older than what it went back to',
      [deployment(3, 'ROLLBACK_SUCCESSFUL', 2), deployment(2, 'SUCCESSFUL', 1), deployment(1)],
      2,
      [1],
    ],
    ['where only the source is known', [deployment(3, 'SUCCESSFUL', 2)], 3, [2]],
    ['a present deployment that the list does not show', [deployment(2), deployment(1)], 9, [2, 1]],
    ['nothing', [], 1, []],
    ['only itself', [deployment(1)], 1, []],
  ])('%s', (_, deployments, present, expected) => {
    expect(order(deployments, present)).toEqual(expected)
    expect(order([...deployments].reverse(), present)).toEqual(expected)
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

  test('a run is named by its link, a repeated one with its attempt', () => {
    const github = {
      runUrl: 'https://github.com/octo/shop/actions/runs/7',
      runAttempt: '1',
      actor: 'octocat',
    } as never as Parameters<typeof runName>[0]
    expect(runName(github)).toBe('https://github.com/octo/shop/actions/runs/7')
    expect(runName({ ...github, runAttempt: '3' })).toBe('https://github.com/octo/shop/actions/runs/7/attempts/3')
    expect(runName({ ...github, runUrl: undefined })).toBe('octocat outside GitHub')
  })
})

describe('a deployment that has completed was overruled', () => {
  const question = { digest: digest('5'), run: 'run 5', now: new Date('2026-11-01T08:00:00Z'), name: '/n' }
  const own = attempt('5')
  const freeze = { by: 'ops', reason: 'incident', since }
  test.each<[string, Partial<RecordState>, RegExp]>([
    ['its attempt ended by a rollback', { attempt: { ...own, outcome: 'rolled-back' } }, /operator went back while/],
    [
      'its image was marked bad',
      { attempt: own, bad: [{ digest: digest('5'), since, by: 'ada', reason: 'crashes' }] },
      /went back \(ada on .*: crashes\)/,
    ],
    ['it is on record nowhere, and releases were frozen', { freeze }, /went back \(ops on .*: incident\)/],
    ['another one is on record, and releases were frozen', { freeze, attempt: attempt('4') }, /went back \(ops/],
  ])('where %s', (_, state, message) => {
    expect(overruledText({ ...question, state: stateWith(state) })).toMatch(message)
  })

  test.each<[string, Partial<RecordState>]>([
    ['nothing happened', { attempt: own }],
    ['releases were only frozen, for those to come', { attempt: own, freeze }],
    ['the freeze has ended', { freeze: { ...freeze, until: since } }],
    [
      'an earlier run of the same image was overruled, which its operator took back',
      { attempt: { ...own, run: 'run 4', outcome: 'rolled-back' } },
    ],
  ])('but not where %s', (_, state) => {
    expect(overruledText({ ...question, state: stateWith(state) })).toBeUndefined()
  })
})

describe('admission', () => {
  const ask = (state: RecordState | undefined, more: { commit?: string; order?: string; run?: string } = {}) =>
    admission({ state, digest: digest('5'), now: new Date('2026-11-01T08:00:00Z'), name: '/n', ...more })
  const because = (answer: ReturnType<typeof ask>) => (answer.admitted ? 'admitted' : answer.because)
  const freeze = { by: 'ops', reason: 'incident', since }
  const later = stateWith({ attempt: attempt('9', { order: 'deploy.yml#9' }) })

  test.each([
    ['no record', undefined, {}, 'admitted'],
    ['nothing against it', stateWith({}), {}, 'admitted'],
    ['a freeze', stateWith({ freeze }), {}, 'frozen'],
    ['a freeze that lasts', stateWith({ freeze: { ...freeze, until: '2026-11-01T08:00:01Z' } }), {}, 'frozen'],
    ['a freeze that has ended', stateWith({ freeze: { ...freeze, until: '2026-11-01T08:00:00Z' } }), {}, 'admitted'],
    ['the commit that may pass', stateWith({ freeze: { ...freeze, pass: 'abc' } }), { commit: 'abc' }, 'admitted'],
    ['another commit', stateWith({ freeze: { ...freeze, pass: 'abc' } }), { commit: 'abd' }, 'frozen'],
    ['a bad image', stateWith({ bad: [{ digest: digest('5'), since }] }), {}, 'bad'],
    ['a later release under way', later, { order: 'deploy.yml#8', run: 'run 5' }, 'superseded'],
    ['a later release under way, before ours has begun', later, { order: 'deploy.yml#8' }, 'admitted'],
    ['our own release under way', later, { order: 'deploy.yml#8', run: 'run 9' }, 'admitted'],
    ['an earlier release that never ended', later, { order: 'deploy.yml#10', run: 'run 5' }, 'admitted'],
    [
      'a later release that has failed',
      releaseEnded('run 9', 'failed')(later),
      { order: 'deploy.yml#8', run: 'run 5' },
      'admitted',
    ],
    [
      'a later release that served, before an operator went back to an older one',
      stateWith({ releases: [release('1', { order: 'deploy.yml#1' }), release('3', { order: 'deploy.yml#10' })] }),
      { order: 'deploy.yml#9' },
      'superseded',
    ],
    [
      'a later release that is bad',
      stateWith({
        releases: [release('1', { order: 'deploy.yml#1' }), release('3', { order: 'deploy.yml#10' })],
        bad: [{ digest: digest('3'), since }],
      }),
      { order: 'deploy.yml#9' },
      'admitted',
    ],
    [
      'a later release that serves, although its job was killed',
      stateWith({ attempt: attempt('3', { order: 'deploy.yml#10', completed: since }) }),
      { order: 'deploy.yml#9' },
      'superseded',
    ],
    ['another bad image', stateWith({ bad: [{ digest: digest('4'), since }] }), {}, 'admitted'],
  ])('%s', (_, state, more, expected) => {
    expect(because(ask(state, more))).toBe(expected)
  })
})
