import { askGate, type GateImage, type GateQuestion, gateText, overruled, type RecordState } from '../src/index.ts'
import { noSchema } from '../src/levels/labels.ts'
import { digest, intent, release, stateWith } from './support.ts'

const since = '2026-10-01T08:00:00Z'
const now = new Date('2026-11-01T08:00:00Z')
const freeze = { by: 'ops', reason: 'incident', since }
const later = stateWith({ intent: intent('9', { runOrder: 'deploy.yml#9' }) })

describe('admission', () => {
  const foreign: GateImage = { name: 'ghcr.io/octo/shop:1', digest: undefined, read: undefined }
  const pinned: GateImage = { name: 'shop', digest: digest('5'), read: undefined }
  const images: [string, GateImage[]][] = [
    ['of an image in ECR', [{ ...pinned, read: async () => undefined }]],
    ['of an image of another registry', [pinned]],
    ['of several images', [foreign, pinned]],
  ]
  const ask = (state: RecordState | undefined, more: Partial<GateQuestion> = {}) =>
    askGate({ state, purpose: 'deploy', images: [pinned], now, acrossSchema: true, ...more })
  const because = async (...question: Parameters<typeof ask>) => {
    const answer = await ask(...question)
    return answer.go ? 'admitted' : answer.refusal.because
  }
  const wayBack = intent('7', { kind: 'rollback', leaving: { number: 6, run: 'run 6' }, by: 'ada' })

  test.each<[string, RecordState | undefined, Partial<GateQuestion>, string]>([
    ['no record', undefined, {}, 'admitted'],
    ['nothing against it', stateWith({}), {}, 'admitted'],
    ['a freeze', stateWith({ freeze }), {}, 'frozen'],
    ['a freeze that lasts', stateWith({ freeze: { ...freeze, until: '2026-11-01T08:00:01Z' } }), {}, 'frozen'],
    ['a freeze that has ended', stateWith({ freeze: { ...freeze, until: '2026-11-01T08:00:00Z' } }), {}, 'admitted'],
    ['the commit that may pass', stateWith({ freeze: { ...freeze, pass: 'abc' } }), { commit: 'abc' }, 'admitted'],
    ['another commit', stateWith({ freeze: { ...freeze, pass: 'abc' } }), { commit: 'abd' }, 'frozen'],
    ['a freeze, for a way back', stateWith({ freeze }), { purpose: 'rollback' }, 'admitted'],
    ['a bad image', stateWith({ bad: [{ digest: digest('5'), since }] }), {}, 'bad'],
    [
      'a bad image, for a way back',
      stateWith({ bad: [{ digest: digest('5'), since }] }),
      { purpose: 'rollback' },
      'bad',
    ],
    [
      'a bad image that an operator named',
      stateWith({ bad: [{ digest: digest('5'), since }] }),
      { purpose: 'rollback', named: true },
      'admitted',
    ],
    ['a bad image, for an undo', stateWith({ bad: [{ digest: digest('5'), since }] }), { purpose: 'undo' }, 'admitted'],
    ['another bad image', stateWith({ bad: [{ digest: digest('4'), since }] }), {}, 'admitted'],
    ['a later release under way', later, { runOrder: 'deploy.yml#8', run: 'run 5' }, 'superseded'],
    ['a later release under way, before ours has begun', later, { runOrder: 'deploy.yml#8' }, 'admitted'],
    ['our own release under way', later, { runOrder: 'deploy.yml#8', run: 'run 9' }, 'admitted'],
    ['an earlier release that never ended', later, { runOrder: 'deploy.yml#10', run: 'run 5' }, 'admitted'],
    [
      'a later release that has failed',
      stateWith({ intent: { ...later.intent!, outcome: 'failed' } }),
      { runOrder: 'deploy.yml#8', run: 'run 5' },
      'admitted',
    ],
    [
      'a later release that served, before an operator went back to an older one',
      stateWith({
        releases: [release('1', { runOrder: 'deploy.yml#1' }), release('3', { runOrder: 'deploy.yml#10' })],
      }),
      { runOrder: 'deploy.yml#9' },
      'superseded',
    ],
    [
      'a later release that is bad',
      stateWith({
        releases: [release('1', { runOrder: 'deploy.yml#1' }), release('3', { runOrder: 'deploy.yml#10' })],
        bad: [{ digest: digest('3'), since }],
      }),
      { runOrder: 'deploy.yml#9' },
      'admitted',
    ],
    [
      'a later release that serves, although its job was killed',
      stateWith({ intent: intent('3', { runOrder: 'deploy.yml#10', completed: since }) }),
      { runOrder: 'deploy.yml#9' },
      'superseded',
    ],
    ['an operator who went back from it', stateWith({ intent: wayBack }), { run: 'run 6' }, 'overruled'],
    ['an operator who went back from another one', stateWith({ intent: wayBack }), { run: 'run 5' }, 'admitted'],
    ['a run that is repeated after that', stateWith({ intent: wayBack }), { run: 'run 6/attempts/2' }, 'admitted'],
  ])('%s', async (_, state, more, expected) => {
    expect(await because(state, more)).toBe(expected)
  })

  test.each(images)('%s is asked for freeze and marks', async (_, asked) => {
    expect(await because(stateWith({ freeze }), { images: asked })).toBe('frozen')
    expect(await because(stateWith({ bad: [{ digest: digest('5'), since }] }), { images: asked })).toBe('bad')
  })

  test('is asked for a freeze where no image is known at all', async () => {
    expect(await because(stateWith({ freeze }), { images: [] })).toBe('frozen')
  })

  test('a rebuild of marked sources stays marked; the image is read only where sources are marked', async () => {
    const asked: string[] = []
    const read = async (one: string) => {
      asked.push(one)
      return { ...noSchema, sourceKey: 'key' }
    }
    const image = { ...pinned, read }
    const schema = { level: 'none', since }
    const releases = [release('5')]
    expect(await because(stateWith({ schema, releases }), { images: [image] })).toBe('admitted')
    expect(asked).toEqual([])
    const state = stateWith({
      schema,
      releases,
      bad: [{ digest: digest('4'), sourceKey: 'key', since, reason: 'slow' }],
    })
    const answer = await ask(state, { images: [image] })
    expect(answer.go ? '' : gateText(answer.refusal, '/n')).toMatch(
      /^The image sha256:5+, built from the same sources as sha256:4+, was marked bad on .*: slow\. .*Push a fix/,
    )
    const known = stateWith({ ...state, releases: [release('5', { sourceKey: 'key' })] })
    expect(await because(known, { images: [pinned] })).toBe('bad')
  })
})

describe('images whose schema cannot be told', () => {
  const ask = async (state: Partial<RecordState>, more: Partial<GateQuestion> = {}) => {
    const image = { name: 'ghcr.io/octo/shop:1', digest: undefined, read: undefined }
    const answer = await askGate({ state: stateWith(state), purpose: 'deploy', images: [image], now, ...more })
    return answer.go ? answer.because : gateText(answer.refusal, '/n')
  }
  const schema = { level: '2.3f9ac2d1', digest: digest('1'), since }
  const pending = { level: '3.3f9ac2d1', digest: digest('1'), since }

  test('serve where there is no schema, and nowhere else', async () => {
    expect(await ask({})).toBe('unguarded')
    expect(await ask({ schema: { level: 'none', since } })).toBe('unguarded')
    expect(await ask({ schema })).toMatch(/expects cannot be told, as it .* the record says 2\..*Nothing was changed/)
    expect(await ask({ pending })).toMatch(/the record says 3\.3f9ac2d1 \(pending\)/)
    expect(await ask({ schema }, { images: [] })).toMatch(/^Which schema level this release expects/)
    expect(await ask({ intent: intent('2', { level: '1.3f9ac2d1' }) })).toMatch(/does not say what the database has/)
  })

  test('an operator who goes back wants to be certain, unless code and schema go apart on purpose', async () => {
    expect(await ask({}, { purpose: 'rollback' })).toMatch(/Name a digest or commit/)
    expect(await ask({ schema }, { purpose: 'rollback', acrossSchema: true })).toBe('overridden')
    expect(await ask({}, { purpose: 'undo' })).toBe('unguarded')
    expect(await ask({ schema }, { purpose: 'undo' })).toMatch(/cannot be told/)
  })
})

describe('a release was overruled since it was let go on', () => {
  const question = { images: [{ name: 'shop', digest: digest('5'), read: undefined }], run: 'run 5', now }
  const own = intent('5')
  const wayBack = intent('6', { kind: 'rollback', leaving: { number: 5, run: 'run 5' }, by: 'ada' })
  const when = (state: Partial<RecordState>, stage: 'updated' | 'completed') =>
    overruled({ ...question, state: stateWith(state) }, stage)

  test.each<[string, Partial<RecordState>, object]>([
    ['an operator went back from it', { intent: wayBack }, { because: 'overruled', decision: { by: 'ada' } }],
    ['its image was marked bad', { intent: own, bad: [{ digest: digest('5'), since }] }, { because: 'bad' }],
    ['it is on record nowhere, and releases were frozen', { freeze }, { because: 'frozen', decision: freeze }],
    ['another one is on record, and releases were frozen', { freeze, intent: intent('4') }, { because: 'frozen' }],
  ])('where %s', async (_, state, expected) => {
    expect(await when(state, 'completed')).toMatchObject(expected)
    expect(await when(state, 'updated')).toMatchObject(expected)
  })

  test.each<[string, Partial<RecordState>]>([
    ['nothing happened', { intent: own }],
    ['the freeze has ended', { freeze: { ...freeze, until: since } }],
    ['an operator went back from another run', { intent: { ...wayBack, leaving: { number: 4, run: 'run 4' } } }],
  ])('but not where %s', async (_, state) => {
    expect(await when(state, 'completed')).toBeUndefined()
    expect(await when(state, 'updated')).toBeUndefined()
  })

  test('a freeze ends one that was only just updated; one that has completed serves, and the freeze is for those to come', async () => {
    expect(await when({ intent: own, freeze }, 'updated')).toMatchObject({ because: 'frozen' })
    expect(await when({ intent: own, freeze }, 'completed')).toBeUndefined()
    const bad = [{ digest: digest('5'), since }]
    expect(await when({ intent: own, freeze, bad }, 'completed')).toMatchObject({ because: 'bad' })
  })
})
