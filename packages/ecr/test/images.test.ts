import { systemClock } from '@deploy-actions/action-kit'
import { type Scenario, type Simulator, startSimulator } from '@deploy-actions/aws-simulator'
import {
  createRepository,
  describeImage,
  describeRepository,
  ecrClient,
  imageByDigest,
  imageByTag,
  lookUpImages,
  pushTemplate,
  readImageLabels,
  registryAccess,
  setTags,
  tagImage,
  tagIsImmutable,
} from '../src/index.ts'
import { CreateRepositoryCreationTemplateCommand, UpdateImageStorageClassCommand } from './support/ecr-api.ts'
import { memoryLog } from './support/log.ts'

const repository = { name: 'shop/api' }
let simulator: Simulator
let ecr: ReturnType<typeof ecrClient>

async function start(registry: Scenario['registry'] = {}) {
  simulator = await startSimulator({
    scenario: {
      registry,
      seed: {
        repositories: [
          repository,
          { name: 'frozen', mutability: 'IMMUTABLE' },
          { name: 'theirs', registryId: '210987654321' },
        ],
      },
    },
  })
  // The SDK's default chain and the endpoint come from the environment, as in a job.
  Object.assign(process.env, simulator.env)
  ecr = ecrClient({ region: 'eu-central-1', log: memoryLog(), clock: systemClock })
}
const before = { ...process.env }
afterEach(async () => {
  ecr.destroy()
  await simulator.close()
  for (const name of Object.keys(simulator.env)) {
    if (before[name] === undefined) delete process.env[name]
    else process.env[name] = before[name]
  }
})

const operations = (from = 0) => simulator.calls.slice(from).map(({ operation }) => operation)

describe('looking up', () => {
  test('an image by tag and by digest: bytes, status, tags, time; undefined where there is none', async () => {
    await start()
    const digest = simulator.addImage({ repository: 'shop/api', tags: ['v1', 'prod'], content: 'one' })
    const byTag = await imageByTag(ecr, repository, 'v1')
    expect(byTag).toMatchObject({
      digest,
      status: 'ACTIVE',
      registryId: '123456789012',
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
    })
    expect(byTag!.tags.sort()).toEqual(['prod', 'v1'])
    expect(byTag!.pushedAt).toBeInstanceOf(Date)
    expect(byTag!.config?.digest).toMatch(/^sha256:/)
    expect(await imageByDigest(ecr, repository, digest)).toMatchObject({ bytes: byTag!.bytes, status: 'ACTIVE' })
    expect(await imageByTag(ecr, repository, 'v2')).toBeUndefined()
    expect(await imageByDigest(ecr, repository, `sha256:${'0'.repeat(64)}`)).toBeUndefined()
    expect(operations()).toHaveLength(8)
  })

  test.each<NonNullable<NonNullable<Scenario['registry']>['ecr']>>([
    { archivedBatchGet: 'inaccessible' },
    { archivedBatchGet: 'not-found' },
    { archivedBatchGet: 'given' },
    { archivedBatchGet: 'inaccessible', archivedById: false },
  ])('an archived image is seen as such, whatever ECR answers (%j)', async (deviations) => {
    await start({ ecr: deviations })
    const digest = simulator.addImage({ repository: 'shop/api', tags: ['v1'], content: 'one' })
    await ecr.send(
      new UpdateImageStorageClassCommand({
        repositoryName: 'shop/api',
        imageId: { imageDigest: digest },
        targetStorageClass: 'ARCHIVE',
      }),
    )
    expect(await imageByTag(ecr, repository, 'v1')).toMatchObject({ digest, status: 'ARCHIVED' })
    expect(await describeImage(ecr, repository, { tag: 'v1' })).toMatchObject({ digest, status: 'ARCHIVED' })
  })

  test('hundreds of tags take one call per hundred', async () => {
    await start()
    const tags = Array.from({ length: 230 }, (_, index) => `t${index}`)
    const digest = simulator.addImage({ repository: 'shop/api', tags: tags.slice(0, 150), content: 'one' })
    const { found, inaccessible } = await lookUpImages(
      ecr,
      repository,
      tags.map((tag) => ({ tag })),
    )
    expect(operations()).toEqual(['BatchGetImage', 'BatchGetImage', 'BatchGetImage'])
    expect([...found.keys()].filter((key) => key.startsWith('t'))).toHaveLength(150)
    expect(found.get('t149')?.digest).toBe(digest)
    expect(inaccessible.size).toBe(0)
  })

  test('a missing repository is an error with the command that creates it', async () => {
    await start()
    await expect(imageByTag(ecr, { name: 'nope' }, 'v1')).rejects.toThrow(
      'aws ecr create-repository --repository-name nope --region eu-central-1',
    )
  })
})

describe('labels', () => {
  test('come from the config, in three calls, or two where the manifest is known', async () => {
    await start()
    const digest = simulator.addImage({ repository: 'shop/api', tags: ['v1'], labels: { level: '17.3f9ac2d1' } })
    expect(await readImageLabels(ecr, repository, digest)).toEqual({ level: '17.3f9ac2d1' })
    expect(operations()).toEqual(['BatchGetImage', 'GetDownloadUrlForLayer', expect.stringMatching(/^GET /)])
    const image = await imageByTag(ecr, repository, 'v1')
    const from = simulator.calls.length
    expect(await readImageLabels(ecr, repository, image!)).toEqual({ level: '17.3f9ac2d1' })
    expect(operations(from)).toEqual(['GetDownloadUrlForLayer', expect.stringMatching(/^GET /)])
  })

  test('of an index are those of its first image', async () => {
    await start()
    const digest = simulator.addImage({
      repository: 'shop/api',
      labels: { level: '3.aa' },
      platforms: ['linux/amd64', 'linux/arm64'],
    })
    expect(await readImageLabels(ecr, repository, digest)).toEqual({ level: '3.aa' })
  })

  test('a config that arrives damaged, and an image that is not there, are errors', async () => {
    await start()
    const digest = simulator.addImage({ repository: 'shop/api', labels: { a: 'b' } })
    simulator.addFaults({ service: 's3', effect: { kind: 'corrupt' } })
    await expect(readImageLabels(ecr, repository, digest)).rejects.toThrow('arrived with other content than its digest')
    await expect(readImageLabels(ecr, repository, `sha256:${'0'.repeat(64)}`)).rejects.toThrow(
      'has no image sha256:000',
    )
  })

  test('a download that breaks off is begun again', async () => {
    await start()
    const digest = simulator.addImage({ repository: 'shop/api', labels: { a: 'b' } })
    simulator.addFaults({ service: 's3', times: 2, effect: { kind: 'drop', when: 'mid-body' } })
    expect(await readImageLabels(ecr, repository, digest)).toEqual({ a: 'b' })
  })
})

describe('tags', () => {
  test('set once and again, also by two at a time', async () => {
    await start()
    const digest = simulator.addImage({ repository: 'frozen', content: 'one' })
    const image = (await imageByDigest(ecr, { name: 'frozen' }, digest))!
    const both = await Promise.all([
      tagImage(ecr, { name: 'frozen' }, image, 'v1'),
      tagImage(ecr, { name: 'frozen' }, image, 'v1'),
    ])
    expect(both.filter(({ changed }) => changed)).toHaveLength(1)
    expect(await tagImage(ecr, { name: 'frozen' }, image, 'v1')).toEqual({ changed: false })
  })

  test('an image of another repository can’t be tagged here, and is named', async () => {
    await start()
    const digest = simulator.addImage({ repository: 'frozen', content: 'one' })
    const image = (await imageByDigest(ecr, { name: 'frozen' }, digest))!
    await expect(tagImage(ecr, repository, image, 'v1')).rejects.toThrow(
      /ECR does not hold all of sha256:.* The tag "v1" was not set/,
    )
  })

  test('several tags in order, untouched ones left alone', async () => {
    await start()
    const old = simulator.addImage({ repository: 'shop/api', tags: ['a'], content: 'old' })
    const next = simulator.addImage({ repository: 'shop/api', tags: ['b'], content: 'next' })
    const { found } = await lookUpImages(ecr, repository, [{ tag: 'a' }, { tag: 'b' }, { tag: 'c' }])
    const image = (await imageByDigest(ecr, repository, next))!
    expect(await setTags(ecr, repository, image, ['a', 'b', 'c'], found)).toEqual([
      { tag: 'a', before: old, changed: true },
      { tag: 'b', before: next, changed: false },
      { tag: 'c', before: undefined, changed: true },
    ])
  })

  test.each([
    ['MUTABLE', [], 'prod', false],
    ['IMMUTABLE', [], 'prod', true],
    ['IMMUTABLE_WITH_EXCLUSION', ['prod*'], 'prod-previous', false],
    ['IMMUTABLE_WITH_EXCLUSION', ['prod'], 'prod-previous', true],
    ['IMMUTABLE_WITH_EXCLUSION', ['v1.*'], 'v12', true],
    ['MUTABLE_WITH_EXCLUSION', ['v*'], 'v1', true],
    ['MUTABLE_WITH_EXCLUSION', ['v*'], 'prod', false],
  ])('%s without %j: %s is immutable: %s', (mutability, exclusions, tag, expected) => {
    expect(tagIsImmutable({ registryId: '', mutability, exclusions }, tag)).toBe(expected)
  })
})

describe('repositories', () => {
  test('created, created again, described', async () => {
    await start()
    const wanted = { immutableTags: true, movableTags: ['prod*'], scanOnPush: true }
    expect(await createRepository(ecr, { name: 'fresh' }, wanted)).toBe(true)
    expect(await createRepository(ecr, { name: 'fresh' }, wanted)).toBe(false)
    expect(await describeRepository(ecr, { name: 'fresh' })).toEqual({
      registryId: '123456789012',
      mutability: 'IMMUTABLE_WITH_EXCLUSION',
      exclusions: ['prod*'],
    })
    expect(await describeRepository(ecr, { name: 'none' })).toBeUndefined()
  })

  test('made on the first push by the template with the longest prefix, or not', async () => {
    await start()
    const of = (name: string, more = {}) => pushTemplate(ecr, { name, ...more })
    const create = (
      prefix: string,
      appliedFor: 'CREATE_ON_PUSH' | 'PULL_THROUGH_CACHE',
      mutability = 'MUTABLE' as const,
    ) =>
      ecr.send(
        new CreateRepositoryCreationTemplateCommand({
          prefix,
          appliedFor: [appliedFor],
          imageTagMutability: mutability,
        }),
      )
    expect(await of('team/app')).toBeUndefined()
    await create('team', 'CREATE_ON_PUSH')
    await create('team/cache', 'PULL_THROUGH_CACHE')
    expect(await of('team/app')).toEqual({ prefix: 'team', immutableTags: false })
    expect(await of('teamwork/app')).toBeUndefined()
    expect(await of('team/cache/app')).toBeUndefined()
    expect(await of('team/app', { registryId: '210987654321' })).toBeUndefined()
    await create('ROOT', 'CREATE_ON_PUSH')
    expect((await of('anything'))?.prefix).toBe('ROOT')
    expect((await of('team/cache/app'))?.prefix).toBeUndefined()
    simulator.addFaults({ service: 'ecr', operation: 'DescribeRepositoryCreationTemplates', effect: { kind: 'deny' } })
    await expect(of('team/app')).rejects.toThrow('The role may not call ecr:DescribeRepositoryCreationTemplates')
  })
})

test('access to a registry: address, secrets masked before use, one renewal for all that met the same refusal', async () => {
  await start()
  const masked: string[] = []
  const access = await registryAccess(ecr, { region: 'eu-central-1', mask: (secret) => masked.push(secret) })
  expect(access.origin.origin).toBe(simulator.url)
  const first = await access.authorization()
  expect(masked.some((secret) => first === `Basic ${secret}`)).toBe(true)
  const renewed = await Promise.all([access.renew(first), access.renew(first), access.renew(first)])
  expect(new Set(renewed).size).toBe(1)
  expect(renewed[0]).not.toBe(first)
  expect(operations()).toEqual(['GetAuthorizationToken', 'GetAuthorizationToken'])
  const theirs = await registryAccess(ecr, { registryId: '210987654321', region: 'eu-central-1' })
  expect(theirs.origin.origin).not.toBe(simulator.url)
})
