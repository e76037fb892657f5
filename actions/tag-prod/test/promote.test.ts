import {
  PutImageTagMutabilityCommand,
  UpdateImageStorageClassCommand,
} from '../../../packages/ecr/test/support/ecr-api.ts'
import { errorOf, type Stage, stage } from './support.ts'

let on: Stage
beforeEach(async () => {
  on = await stage()
})
afterEach(() => on.close())

const digestOf = async (tag: string) => (await on.stored(tag))?.digest

test('a tag moves to a digest without pulling, and what was there keeps a tag', async () => {
  const old = on.image('old', ['prod'])
  const next = on.image('next', ['src-1'])
  const run = await on.run({ source: next })
  expect(errorOf(run)).toEqual([])
  expect(run.outputs).toEqual({ digest: next, 'previous-digest': old, changed: 'true' })
  expect([await digestOf('prod'), await digestOf('prod-previous')]).toEqual([next, old])
  expect(on.simulator.calls.filter(({ service }) => service === 'registry')).toEqual([])
  expect(run.summary).toContain('### ✅ Promotion in `shop/api`: done')
})

test('several architectures stay together, byte for byte, also by tag', async () => {
  const next = on.index('next', ['staging'])
  const before = await on.stored('staging')
  const run = await on.run({ source: 'staging', tags: 'prod, prod-eu' })
  expect(run.outputs).toEqual({ digest: next, 'previous-digest': '', changed: 'true' })
  expect(await on.stored('prod')).toEqual(before)
  expect(await on.stored('prod-eu')).toEqual(before)
  expect(await on.stored('prod-previous')).toBeUndefined()
})

test('a second run changes nothing, and leaves the previous image its tag', async () => {
  const old = on.image('old', ['prod'])
  const next = on.image('next')
  await on.run({ source: next })
  const from = on.simulator.calls.length
  const run = await on.run({ source: next })
  expect(run.exitCode).toBe(0)
  expect(run.outputs).toEqual({ digest: next, 'previous-digest': next, changed: 'false' })
  const calls = on.simulator.calls.slice(from).map(({ operation }) => operation)
  expect(await digestOf('prod-previous')).toBe(old)
  expect(calls.sort()).toEqual(['BatchGetImage', 'BatchGetImage', 'DescribeImages'])
})

test('there and back: previous always names what was replaced', async () => {
  const [one, two] = [on.image('one', ['prod']), on.image('two')]
  await on.run({ source: two })
  await on.run({ source: one })
  expect([await digestOf('prod'), await digestOf('prod-previous')]).toEqual([one, two])
})

test('the previous tag can be done without', async () => {
  on.image('old', ['prod'])
  const next = on.image('next')
  await on.run({ source: next, 'keep-previous': 'false' })
  expect([await digestOf('prod'), await digestOf('prod-previous')]).toEqual([next, undefined])
})

test('a run that was broken off between the two tags is finished by the next', async () => {
  const [old, next] = [on.image('old', ['prod']), on.image('next')]
  on.simulator.addFaults({ service: 'ecr', operation: 'PutImage', skip: 1, effect: { kind: 'deny' } })
  const broken = await on.run({ source: next })
  expect(errorOf(broken)[0]).toContain('ecr:PutImage')
  expect([await digestOf('prod'), await digestOf('prod-previous')]).toEqual([old, old])
  on.simulator.clearFaults()
  const run = await on.run({ source: next })
  expect(run.outputs).toMatchObject({ 'previous-digest': old, changed: 'true' })
  expect([await digestOf('prod'), await digestOf('prod-previous')]).toEqual([next, old])
})

describe('clear outcomes', () => {
  test.each([['v9'], [`sha256:${'a'.repeat(64)}`]])('source %s is not there', async (source) => {
    const old = on.image('old', ['prod'])
    const run = await on.run({ source })
    expect(run.exitCode).toBe(1)
    expect(errorOf(run)[0]).toContain(`Repository "shop/api" has no image ${source === 'v9' ? 'tagged "v9"' : source}`)
    expect(await digestOf('prod')).toBe(old)
  })

  test('neither source nor target is there, which is no success', async () => {
    const run = await on.run({ source: 'v9', tags: 'nowhere' })
    expect(run.exitCode).toBe(1)
    expect(run.outputs).toEqual({})
  })

  test('the repository is missing', async () => {
    const run = await on.run({ source: 'v1', repository: 'shop/none' })
    expect(errorOf(run)[0]).toContain('aws ecr create-repository --repository-name shop/none')
  })

  test('the source is archived', async () => {
    const next = on.image('next', ['v1'])
    await on.ecr.send(
      new UpdateImageStorageClassCommand({
        repositoryName: 'shop/api',
        imageId: { imageDigest: next },
        targetStorageClass: 'ARCHIVE',
      }),
    )
    for (const source of [next, 'v1']) {
      const run = await on.run({ source })
      expect(errorOf(run)[0]).toContain(`Image ${next} of repository "shop/api" is archived`)
    }
    expect(await digestOf('prod')).toBeUndefined()
  })

  test('what is replaced is archived: it is said that it keeps no tag', async () => {
    const old = on.image('old', ['prod'])
    await on.ecr.send(
      new UpdateImageStorageClassCommand({
        repositoryName: 'shop/api',
        imageId: { imageDigest: old },
        targetStorageClass: 'ARCHIVE',
      }),
    )
    const next = on.image('next')
    const run = await on.run({ source: next })
    expect(run.exitCode).toBe(0)
    expect(await digestOf('prod')).toBe(next)
    expect(run.annotations[0]).toMatchObject({ level: 'warning' })
    expect(run.annotations[0]?.message).toContain('Tag "prod" pointed at an image that can\'t be read')
  })

  test('an immutable tag names both digests and the exclusion that would help; nothing moves', async () => {
    const old = on.image('old', ['prod'], 'frozen')
    const next = on.image('next', [], 'frozen')
    const run = await on.run({ source: next, repository: 'frozen', tags: 'fresh, prod' })
    expect(errorOf(run)[0]).toContain(`it points at ${old} and can't be moved to ${next}`)
    expect(errorOf(run)[0]).toContain('filterType=WILDCARD,filter=prod')
    expect(await on.stored('fresh', { repository: 'frozen' })).toBeUndefined()
  })

  test('in an immutable repository that excludes the tag, its previous tag needs excluding too', async () => {
    const exclude = (filter: string) =>
      on.ecr.send(
        new PutImageTagMutabilityCommand({
          repositoryName: 'frozen',
          imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
          imageTagMutabilityExclusionFilters: [{ filterType: 'WILDCARD', filter }],
        }),
      )
    await exclude('prod')
    on.image('older', ['prod-previous'], 'frozen')
    const old = on.image('old', ['prod'], 'frozen')
    const next = on.image('next', [], 'frozen')
    const refused = await on.run({ source: next, repository: 'frozen' })
    expect(errorOf(refused)[0]).toContain('exclude prod* from immutability, or set "keep-previous: false"')
    expect((await on.stored('prod', { repository: 'frozen' }))?.digest).toBe(old)
    await exclude('prod*')
    expect((await on.run({ source: next, repository: 'frozen' })).outputs).toMatchObject({ changed: 'true' })
    expect((await on.stored('prod-previous', { repository: 'frozen' }))?.digest).toBe(old)
  })

  test('another writer wins after this step wrote', async () => {
    const [old, next] = [on.image('old', ['prod']), on.image('next')]
    const manifest = (await on.stored('prod'))!.manifest
    on.simulator.addFaults({
      service: 'ecr',
      operation: 'BatchGetImage',
      skip: 2,
      times: 1,
      effect: {
        kind: 'error',
        name: '',
        status: 200,
        body: JSON.stringify({
          images: [
            {
              imageId: { imageDigest: old, imageTag: 'prod' },
              imageManifest: manifest,
              imageManifestMediaType: 'application/vnd.oci.image.manifest.v1+json',
            },
          ],
          failures: [],
        }),
      },
    })
    const run = await on.run({ source: next })
    expect(run.exitCode).toBe(1)
    expect(errorOf(run)[0]).toContain(
      `Another writer won: after this step set it to ${next}, tag "prod" points at ${old}`,
    )
  })

  test('of several tags the later one fails: what moved is said', async () => {
    const next = on.image('next')
    on.simulator.addFaults({ service: 'ecr', operation: 'PutImage', contains: '"prod-us"', effect: { kind: 'deny' } })
    const run = await on.run({ source: next, tags: 'prod,prod-us,prod-ap' })
    expect(errorOf(run)[0]).toContain(
      'Moved before that: prod. Not moved: prod-us, prod-ap. Running the step again moves the rest.',
    )
    expect(await digestOf('prod')).toBe(next)
  })

  test.each(['BatchGetImage', 'DescribeImages', 'PutImage'])(
    'without the right to call %s it is named',
    async (operation) => {
      const old = on.image('old', ['prod'])
      const next = on.image('next')
      on.simulator.addFaults({ service: 'ecr', operation, effect: { kind: 'deny' } })
      const run = await on.run({ source: next })
      expect(errorOf(run)[0]).toContain(`ecr:${operation}`)
      expect(run.log).not.toContain('defect of the action')
      on.simulator.clearFaults()
      expect(await digestOf('prod')).toBe(old)
    },
  )

  test('a cancel between two tags stops there and says what moved', async () => {
    const next = on.image('next')
    on.simulator.addFaults({ service: 'ecr', operation: 'PutImage', effect: { kind: 'delay', milliseconds: 1500 } })
    const cancel = new AbortController()
    const running = on.run({ source: next, tags: 'prod,prod-us,prod-ap' }, { signal: cancel.signal })
    while (!on.simulator.calls.some(({ operation }) => operation === 'PutImage')) await new Promise(setImmediate)
    cancel.abort()
    const run = await running
    expect(run.killed).toBe(false)
    expect(run.exitCode).toBe(1)
    expect(errorOf(run)[0]).toContain('The run was cancelled. Moved by then: prod. Running the step again finishes it.')
    expect([await digestOf('prod'), await digestOf('prod-us')]).toEqual([next, undefined])
  })

  test('throttling and a lost answer are survived', async () => {
    const next = on.image('next')
    on.simulator.addFaults(
      {
        service: 'ecr',
        operation: 'PutImage',
        times: 1,
        effect: { kind: 'error', name: 'ThrottlingException', message: 'Rate exceeded' },
      },
      { service: 'ecr', operation: 'PutImage', skip: 1, times: 1, effect: { kind: 'drop', when: 'after' } },
    )
    const run = await on.run({ source: next })
    expect(errorOf(run)).toEqual([])
    expect(await digestOf('prod')).toBe(next)
  })
})

describe('elsewhere', () => {
  test.each<[string, Record<string, string>, { repository?: string; registryId?: string; region?: string }]>([
    ['another repository', { 'target-repository': 'shop/other' }, { repository: 'shop/other' }],
    ['another account', { 'target-registry': '210987654321' }, { registryId: '210987654321' }],
    ['another region', { 'target-region': 'us-east-1' }, { region: 'us-east-1' }],
  ])('%s: copied with every digest unchanged, then tagged', async (_, inputs, where) => {
    const next = on.index('next', ['v1'])
    const before = await on.stored('v1')
    const run = await on.run({ source: next, ...inputs })
    expect(errorOf(run)).toEqual([])
    expect(run.outputs).toMatchObject({ digest: next, changed: 'true' })
    expect(await on.stored('prod', where)).toEqual(before)
    expect(await on.stored('prod')).toBeUndefined()
    const again = await on.run({ source: next, ...inputs })
    expect(again.outputs).toMatchObject({ changed: 'false' })
  })

  test('the credentials of the registry never go to where its blobs are kept', async () => {
    const next = on.image('next')
    const run = await on.run({ source: next, 'target-region': 'us-east-1' })
    expect(errorOf(run)).toEqual([])
    const downloads = on.simulator.calls.filter(({ service }) => service === 's3')
    expect(downloads.length).toBeGreaterThan(0)
    expect(downloads.every(({ status }) => status === 200)).toBe(true)
  })

  test('a blob that arrives damaged is not passed on', async () => {
    const next = on.image('next')
    on.simulator.addFaults({ service: 's3', operation: 'GET *', effect: { kind: 'corrupt' } })
    const run = await on.run({ source: next, 'target-region': 'us-east-1' })
    expect(errorOf(run)[0]).toContain('has other content than its name says')
    expect(await on.stored('prod', { region: 'us-east-1' })).toBeUndefined()
  })

  test('a download that breaks off is begun again', async () => {
    const next = on.image('next')
    on.simulator.addFaults({ service: 's3', operation: 'GET *', times: 1, effect: { kind: 'drop', when: 'mid-body' } })
    const run = await on.run({ source: next, 'target-region': 'us-east-1' })
    expect(errorOf(run)).toEqual([])
    expect((await on.stored('prod', { region: 'us-east-1' }))?.digest).toBe(next)
  })

  test('a repository that is missing there comes with the command for there', async () => {
    const next = on.image('next')
    const run = await on.run({ source: next, 'target-region': 'eu-west-1' })
    expect(errorOf(run)[0]).toContain('aws ecr create-repository --repository-name shop/api --region eu-west-1')
  })
})

test.each<[Record<string, string>, string]>([
  [{ source: '' }, 'Input "source" is required'],
  [{ source: 'sha256:12' }, 'Input "source" is "sha256:12". Valid: a digest'],
  [{ source: 'shop/api:v1' }, 'Give only the digest or the tag'],
  [{ source: 'v1', repository: '' }, 'Input "repository" is required'],
  [{ source: 'v1', tags: 'a/b' }, 'Input "tags" holds "a/b"'],
  [{ source: 'v1', tags: 'prod,prod-previous' }, 'holds both "prod" and "prod-previous"'],
  [{ source: 'v1', 'target-registry': 'prod' }, 'Input "target-registry" is "prod". Valid: the twelve digits'],
  [{ source: 'v1', 'target-region': 'here' }, 'Input "target-region" is "here"'],
  [{ source: 'v1', 'target-repository': 'A' }, 'Input "target-repository" is "A"'],
  [{ source: 'v1', 'keep-previous': 'maybe' }, 'Input "keep-previous" is "maybe". Valid: true or false'],
])('%j ends before any call', async (inputs, message) => {
  const run = await on.run(inputs)
  expect(run.exitCode).toBe(1)
  expect(errorOf(run)[0]).toContain(message)
  expect(on.simulator.calls).toEqual([])
})
