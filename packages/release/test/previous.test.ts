import fc from 'fast-check'
import {
  allOf,
  type Change,
  earlierRevisions,
  markedBad,
  previousOf,
  type RecordState,
  type Release,
  releaseBegun,
  releaseCompleted,
  releasesOfCommit,
  servicesCompleted,
  targetRecorded,
  wayBackBegun,
  wayBackCompleted,
} from '../src/index.ts'
import type { PastDeployment } from '../src/rollback/ecs-history.ts'
import { digest, intent, release, stateWith } from './support.ts'

const since = '2026-10-01T08:00:00Z'
const serving = (...revisions: number[]) =>
  revisions.map((revision, index) => ({ service: ['web', 'worker'][index]!, taskDefinition: `shop:${revision}` }))
const digits = (releases: Release[]) => releases.map((one) => one.digest?.[7]).join('')
function where(state: RecordState, present: ReturnType<typeof serving>): string {
  const found = previousOf(state, present)
  if (found.kind === 'under-way') return `under way to ${found.wayBack.digest?.[7]}`
  return found.kind === 'releases' ? digits(found.releases) : `gone back to ${found.serves.digest?.[7]}`
}

/** A way back to a release that is on record, from its beginning to its end. */
function goBack(digit: string, revision: number): Change {
  return (state) => {
    const target = { web: `shop:${revision}` }
    const number = state.counter + 1
    const subject = { digest: digest(digit), level: 'none', services: target }
    const back = Number.parseInt(digit, 16)
    return allOf(
      wayBackBegun({ ...subject, target, since, release: back }),
      wayBackCompleted({ number, release: back }, subject, since),
    )(state)
  }
}

describe('the release before', () => {
  const state = stateWith({ releases: [release('4'), release('3'), release('2'), release('1')] })

  test.each([
    ['from the newest', serving(4), '321'],
    ['from one in the middle', serving(3), '21'],
    ['from the oldest', serving(1), ''],
    ['from what is on record nowhere', serving(9), '4321'],
  ])('%s', (_, present, expected) => {
    expect(where(state, present)).toBe(expected)
  })

  test('after a rollback only what is older than where it went, whatever the clocks of the runners say', () => {
    const back = goBack('2', 9)(state)
    expect(digits(back.releases)).toBe('24321')
    expect(where(back, serving(9))).toBe('1')
    const twice = goBack('1', 1)(back)
    expect(digits(twice.releases)).toBe('12432')
    expect(where(twice, serving(1))).toBe('')
    const next = stateWith({ releases: [release('5', { at: '1999-01-01T00:00:00Z' }), ...twice.releases] })
    expect(where(next, serving(5))).toBe('12432')
  })

  test('after a rollback and another release: to what the rollback went to, not to what was made after it', () => {
    const start = stateWith({ releases: [release('3'), release('2'), release('1')] })
    const back = allOf(markedBad([{ digest: digest('3'), since }]), goBack('1', 9))(start)
    const next = { ...back, releases: [release('5'), ...back.releases] }
    expect(where(next, serving(5))).toBe('121')
  })

  test('what is marked bad is left out', () => {
    expect(where(markedBad([{ digest: digest('3'), since }])(state), serving(4))).toBe('21')
  })

  test('services that stand at different releases count as the newer one', () => {
    const two = (digit: string, revision: number) =>
      release(digit, { services: { web: `shop:${revision}`, worker: `shop:${revision}` } })
    const both = stateWith({ releases: [two('2', 2), two('1', 1)] })
    expect(where(both, serving(2, 1))).toBe('1')
    expect(where(both, serving(9, 2))).toBe('21')
  })

  test('of a release under way is the newest one, once it has written down what it puts into service', () => {
    const begun = { ...state, intent: intent('5') }
    expect(where(begun, serving(4))).toBe('321')
    expect(where({ ...begun, intent: intent('5', { target: { web: 'shop:5' } }) }, serving(4))).toBe('4321')
  })

  test('of a release that serves although its job was lost', () => {
    const served = { ...state, intent: intent('5', { services: { web: 'shop:5' }, completed: since }) }
    expect(where(served, serving(5))).toBe('4321')
    expect(digits(releasesOfCommit({ ...served, intent: { ...served.intent, commit: 'abc' } }, 'ab'))).toBe('5')
  })

  test('is the same as long as a way back is under way, wherever the services stand by then', () => {
    const begun = wayBackBegun({ digest: digest('3'), level: 'none', target: { web: 'shop:9' }, since })(state)
    for (const present of [serving(4), serving(9), serving(3)]) expect(where(begun, present)).toBe('under way to 3')
  })

  test('asked again at any moment of a way back is where it went, until that has completed', () => {
    const steps = fc.array(fc.constantFrom('release', 'back'), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(steps, (kinds) => {
        let current = stateWith({})
        let revision = 0
        for (const kind of kinds) {
          const present = serving(revision)
          const next = revision + 1
          if (kind === 'release') {
            const start = { digest: digest((next % 16).toString(16)), level: 'none', since, run: `run ${next}` }
            const target = { web: `shop:${next}` }
            current = allOf(
              targetRecorded(start, target),
              servicesCompleted(start.run, target, since),
              releaseCompleted(start.run, since),
            )(releaseBegun(start)(current))
          } else {
            const found = previousOf(current, present)
            const [to] = found.kind === 'releases' ? found.releases : []
            if (!to) continue
            const target = { web: `shop:${next}` }
            const begun = wayBackBegun({ ...to, target, since, release: to.number })(current)
            for (const shown of [present, serving(next)])
              expect(previousOf(begun, shown)).toMatchObject({ wayBack: { digest: to.digest } })
            current = wayBackCompleted(
              { number: begun.counter, release: to.number },
              { ...to, services: target },
              since,
            )(begun)
            expect(current.releases[0]).toMatchObject({ number: to.number, services: target })
          }
          revision = next
        }
      }),
    )
  })
})

describe('a release that was taken back already', () => {
  const failed = intent('5', { outcome: 'failed' })
  const state = stateWith({ releases: [release('4'), release('3')], intent: failed })

  test('is one that ended badly while the newest good release serves', () => {
    expect(previousOf(state, serving(4))).toMatchObject({ kind: 'gone-back', failed, further: { number: 3 } })
  })

  test('where its runner was lost and ECS rolled it back, what serves is where to go, and not what is older', () => {
    const lost = { ...state, intent: intent('5', { target: { web: 'shop:5' } }) }
    for (const present of [serving(4), serving(5)]) expect(where(lost, present)).toBe('43')
  })

  test.each<[string, Partial<RecordState>, number, string]>([
    ['what serves is another one', {}, 5, '43'],
    ['it never updated a service', { intent: intent('5') }, 4, '3'],
    ['it was marked bad', { bad: [{ digest: digest('5'), since }] }, 4, '3'],
    ['what serves was marked bad', { bad: [{ digest: digest('4'), since }] }, 4, '3'],
    ['nothing ended well before', { releases: [] }, 4, ''],
    ['there was none', { intent: undefined }, 4, '3'],
  ])('but not where %s', (_, more, revision, expected) => {
    expect(where({ ...state, ...more }, serving(revision))).toBe(expected)
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
