import {
  BatchCheckLayerAvailabilityCommand,
  BatchDeleteImageCommand,
  BatchGetImageCommand,
  CompleteLayerUploadCommand,
  CreateRepositoryCommand,
  DeleteRepositoryCommand,
  DescribeImageScanFindingsCommand,
  DescribeImagesCommand,
  DescribeRepositoriesCommand,
  GetAuthorizationTokenCommand,
  GetDownloadUrlForLayerCommand,
  InitiateLayerUploadCommand,
  ListImagesCommand,
  PutImageCommand,
  StartImageScanCommand,
  UploadLayerPartCommand,
} from '@aws-sdk/client-ecr'
import { type Scenario, type Simulator, startSimulator } from '../src/index.ts'
import { clientsOf } from './clients.ts'
import { indexType, manifestType, registryClient, sha256 } from './http.ts'

let simulator: Simulator
let ecr: ReturnType<typeof clientsOf>['ecr']
const repositoryName = 'app'
const accepted = [
  manifestType,
  indexType,
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
]

async function start(scenario: Scenario = {}) {
  simulator = await startSimulator({
    clock: 'manual',
    scenario: { seed: { repositories: [{ name: repositoryName }] }, ...scenario },
  })
  ecr = clientsOf(simulator.url).ecr
}
afterEach(() => simulator.close())

const get = async (imageTag: string, acceptedMediaTypes: string[] | undefined = accepted) =>
  ecr.send(new BatchGetImageCommand({ repositoryName, imageIds: [{ imageTag }], acceptedMediaTypes }))
const put = (imageManifest: string, imageTag?: string, more: object = {}) =>
  ecr.send(new PutImageCommand({ repositoryName, imageManifest, imageTag, ...more }))
const describeImage = async (imageTag: string) =>
  (await ecr.send(new DescribeImagesCommand({ repositoryName, imageIds: [{ imageTag }] }))).imageDetails?.[0]
const manifestOf = async (tag: string) => (await get(tag)).images?.[0]?.imageManifest ?? ''

test('what was pushed over HTTP is in the API, byte for byte, and the other way round', async () => {
  await start()
  const token = (await ecr.send(new GetAuthorizationTokenCommand({}))).authorizationData?.[0]
  expect(token?.expiresAt?.getTime()).toBe(simulator.world.clock.now().getTime() + 43_200_000)
  const registry = registryClient(simulator.url, `Basic ${token?.authorizationToken}`)
  const { manifest, config, layer } = await registry.blobsOfImage(repositoryName, 'both')
  const text = `${JSON.stringify(manifest, null, 2)}\n`
  await registry.putManifest(repositoryName, 'v1', text)
  expect(await manifestOf('v1')).toBe(text)
  expect(await describeImage('v1')).toMatchObject({
    imageDigest: sha256(text),
    imageTags: ['v1'],
    imageStatus: 'ACTIVE',
    imageManifestMediaType: manifestType,
    imageSizeInBytes: manifest.config.size + manifest.layers[0]!.size,
    imagePushedAt: simulator.world.clock.now(),
  })
  await put(text, 'v2')
  expect((await registry.send('HEAD', `/v2/${repositoryName}/manifests/v2`)).headers['docker-content-digest']).toBe(
    sha256(text),
  )
  const layers = await ecr.send(
    new BatchCheckLayerAvailabilityCommand({ repositoryName, layerDigests: [config, layer, sha256('no')] }),
  )
  expect(layers.layers?.map((one) => one.layerAvailability)).toEqual(['AVAILABLE', 'AVAILABLE'])
  expect(layers.failures).toMatchObject([{ layerDigest: sha256('no'), failureCode: 'MissingLayerDigest' }])
})

describe('PutImage', () => {
  test('moves a tag; the same digest again is ImageAlreadyExistsException', async () => {
    await start()
    const one = simulator.addImage({ repository: repositoryName, tags: ['one'], content: '1' })
    const two = simulator.addImage({ repository: repositoryName, tags: ['prod'], content: '2' })
    const moved = await put(await manifestOf('one'), 'prod', { imageDigest: one })
    expect(moved.image?.imageId).toEqual({ imageDigest: one, imageTag: 'prod' })
    expect(await describeImage('prod')).toMatchObject({ imageDigest: one })
    const untagged = await ecr.send(new ListImagesCommand({ repositoryName, filter: { tagStatus: 'UNTAGGED' } }))
    expect(untagged.imageIds).toEqual([{ imageDigest: two }])
    await expect(put(await manifestOf('one'), 'prod')).rejects.toMatchObject({
      name: 'ImageAlreadyExistsException',
      message: `Image with digest '${one}' and tag 'prod' already exists in the repository with name 'app' in registry with id '123456789012'`,
    })
  })

  test('an immutable tag: same digest ImageAlreadyExists, another ImageTagAlreadyExists', async () => {
    await start({ seed: { repositories: [{ name: repositoryName, mutability: 'IMMUTABLE' }] } })
    simulator.addImage({ repository: repositoryName, tags: ['v1'], content: '1' })
    simulator.addImage({ repository: repositoryName, tags: ['v2'], content: '2' })
    await expect(put(await manifestOf('v1'), 'v1')).rejects.toMatchObject({ name: 'ImageAlreadyExistsException' })
    await expect(put(await manifestOf('v2'), 'v1')).rejects.toMatchObject({
      name: 'ImageTagAlreadyExistsException',
      message:
        "The image tag 'v1' already exists in the 'app' repository and cannot be overwritten because the repository is immutable.",
    })
  })

  test.each([
    ['IMMUTABLE_WITH_EXCLUSION', 'prod', 'moves'],
    ['IMMUTABLE_WITH_EXCLUSION', 'v1', 'stays'],
    ['MUTABLE_WITH_EXCLUSION', 'prod', 'stays'],
    ['MUTABLE_WITH_EXCLUSION', 'v1', 'moves'],
  ] as const)('%s with the filter prod*: tag %s %s', async (imageTagMutability, tag, outcome) => {
    await start({})
    const filters = [{ filterType: 'WILDCARD' as const, filter: 'prod*' }]
    await ecr.send(
      new CreateRepositoryCommand({
        repositoryName: 'mixed',
        imageTagMutability,
        imageTagMutabilityExclusionFilters: filters,
      }),
    )
    simulator.addImage({ repository: 'mixed', tags: [tag], content: '1' })
    simulator.addImage({ repository: 'mixed', tags: ['new'], content: '2' })
    const images = await ecr.send(
      new BatchGetImageCommand({ repositoryName: 'mixed', imageIds: [{ imageTag: 'new' }] }),
    )
    const moving = ecr.send(
      new PutImageCommand({ repositoryName: 'mixed', imageManifest: images.images?.[0]?.imageManifest, imageTag: tag }),
    )
    if (outcome === 'moves') await moving
    else await expect(moving).rejects.toMatchObject({ name: 'ImageTagAlreadyExistsException' })
  })

  test('refuses what is not whole', async () => {
    await start()
    simulator.addImage({ repository: repositoryName, tags: ['v1'] })
    const text = await manifestOf('v1')
    const value = JSON.parse(text)
    const index = {
      schemaVersion: 2,
      mediaType: indexType,
      manifests: [{ mediaType: manifestType, digest: sha256('no'), size: 2 }],
    }
    await expect(put('{', 'x')).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: expect.stringContaining('Invalid JSON syntax'),
    })
    await expect(put(text, 'x', { imageDigest: sha256('other') })).rejects.toMatchObject({
      name: 'ImageDigestDoesNotMatchException',
    })
    await expect(put(JSON.stringify({ ...value, mediaType: undefined }), 'x')).rejects.toMatchObject({
      name: 'InvalidParameterException',
    })
    await expect(put(text, 'x', { imageManifestMediaType: indexType })).rejects.toMatchObject({
      name: 'InvalidParameterException',
    })
    await expect(put(text, 'not a tag')).rejects.toMatchObject({ name: 'InvalidParameterException' })
    await expect(
      put(JSON.stringify({ ...value, layers: [{ ...value.layers[0], digest: sha256('no') }] }), 'x'),
    ).rejects.toMatchObject({
      name: 'LayersNotFoundException',
    })
    await expect(put(JSON.stringify(index), 'x')).rejects.toMatchObject({ name: 'ReferencedImagesNotFoundException' })
    await expect(
      ecr.send(new PutImageCommand({ repositoryName: 'nope', imageManifest: text, imageTag: 'x' })),
    ).rejects.toMatchObject({
      name: 'RepositoryNotFoundException',
      message: "The repository with name 'nope' does not exist in the registry with id '123456789012'",
    })
    const withType = JSON.stringify({ ...value, mediaType: undefined })
    expect((await put(withType, 'x', { imageManifestMediaType: manifestType })).image?.imageId?.imageDigest).toBe(
      sha256(withType),
    )
  })
})

describe('reading', () => {
  test('a missing tag is a failure of BatchGetImage and an error of DescribeImages', async () => {
    await start()
    expect(await get('nope')).toMatchObject({
      images: [],
      failures: [
        { imageId: { imageTag: 'nope' }, failureCode: 'ImageNotFound', failureReason: 'Requested image not found' },
      ],
    })
    await expect(describeImage('nope')).rejects.toMatchObject({
      name: 'ImageNotFoundException',
      message:
        "The image with imageId {imageDigest:'null', imageTag:'nope'} does not exist within the repository with name 'app' in the registry with id '123456789012'",
    })
  })

  test.each([
    [undefined, 0],
    ['nothing', 0],
    ['index', 1],
    ['first-image', 1],
  ] as const)('an index without its media type accepted: %s', async (indexWithoutAccept, count) => {
    await start({ registry: { ecr: { indexWithoutAccept } } })
    await simulator.seed({ repositories: [{ name: repositoryName }] })
    const digest = simulator.addImage({
      repository: repositoryName,
      tags: ['multi'],
      platforms: ['linux/amd64', 'linux/arm64'],
    })
    expect((await get('multi')).images?.[0]?.imageId?.imageDigest).toBe(digest)
    const plain = await ecr.send(new BatchGetImageCommand({ repositoryName, imageIds: [{ imageTag: 'multi' }] }))
    expect(plain.images).toHaveLength(count)
    if (indexWithoutAccept === 'first-image') expect(plain.images?.[0]?.imageManifestMediaType).toBe(manifestType)
  })

  test('listings are paged', async () => {
    await start()
    for (let index = 0; index < 7; index++)
      simulator.addImage({ repository: repositoryName, tags: [`v${index}`], content: `${index}` })
    const seen: unknown[] = []
    let nextToken: string | undefined
    do {
      const page = await ecr.send(new DescribeImagesCommand({ repositoryName, maxResults: 3, nextToken }))
      seen.push(...(page.imageDetails ?? []).map((image) => image.imageTags?.[0]))
      nextToken = page.nextToken
    } while (nextToken)
    expect(seen.sort()).toEqual(['v0', 'v1', 'v2', 'v3', 'v4', 'v5', 'v6'])
    await expect(
      ecr.send(new DescribeImagesCommand({ repositoryName, maxResults: 3, imageIds: [{ imageTag: 'v1' }] })),
    ).rejects.toMatchObject({ name: 'InvalidParameterException' })
  })

  test('an archived image exists, is hidden from listings and cannot be pulled', async () => {
    await start()
    simulator.addImage({ repository: repositoryName, tags: ['old'] })
    await fetch(`${simulator.url}/_simulator/images`, {
      method: 'PATCH',
      body: JSON.stringify([{ repository: repositoryName, tag: 'old', status: 'ARCHIVED' }]),
    })
    expect((await get('old')).failures).toMatchObject([{ failureCode: 'ImageInaccessible' }])
    expect((await ecr.send(new DescribeImagesCommand({ repositoryName }))).imageDetails).toEqual([])
    const archived = await ecr.send(new DescribeImagesCommand({ repositoryName, filter: { imageStatus: 'ARCHIVED' } }))
    expect(archived.imageDetails).toMatchObject([{ imageStatus: 'ARCHIVED', lastArchivedAt: expect.any(Date) }])
    expect(await describeImage('old')).toMatchObject({ imageStatus: 'ARCHIVED' })
    expect(simulator.world.images.resolve('123456789012.dkr.ecr.eu-central-1.amazonaws.com/app:old')).toBeUndefined()
  })
})

describe('deleting', () => {
  test('the last tag takes the image along, an earlier one does not', async () => {
    await start()
    const digest = simulator.addImage({ repository: repositoryName, tags: ['a', 'b'] })
    const remove = (imageTag: string) =>
      ecr.send(new BatchDeleteImageCommand({ repositoryName, imageIds: [{ imageTag }] }))
    expect((await remove('a')).imageIds).toEqual([{ imageDigest: digest, imageTag: 'a' }])
    expect((await ecr.send(new ListImagesCommand({ repositoryName }))).imageIds).toEqual([
      { imageDigest: digest, imageTag: 'b' },
    ])
    await remove('b')
    expect((await ecr.send(new ListImagesCommand({ repositoryName }))).imageIds).toEqual([])
    expect((await remove('b')).failures).toMatchObject([{ failureCode: 'ImageNotFound' }])
  })

  test('an image of an index cannot be deleted before the index', async () => {
    await start()
    const index = simulator.addImage({
      repository: repositoryName,
      tags: ['multi'],
      platforms: ['linux/amd64', 'linux/arm64'],
    })
    const children = JSON.parse(await manifestOf('multi')).manifests as { digest: string }[]
    const remove = (imageDigest: string) =>
      ecr.send(new BatchDeleteImageCommand({ repositoryName, imageIds: [{ imageDigest }] }))
    expect((await remove(children[0]!.digest)).failures).toMatchObject([
      { failureCode: 'ImageReferencedByManifestList' },
    ])
    await remove(index)
    expect((await remove(children[0]!.digest)).failures).toEqual([])
  })

  test('a repository with images goes only by force', async () => {
    await start()
    simulator.addImage({ repository: repositoryName, tags: ['v1'] })
    await expect(ecr.send(new DeleteRepositoryCommand({ repositoryName }))).rejects.toMatchObject({
      name: 'RepositoryNotEmptyException',
    })
    await ecr.send(new DeleteRepositoryCommand({ repositoryName, force: true }))
    expect((await ecr.send(new DescribeRepositoriesCommand({}))).repositories).toEqual([])
  })
})

test('layers can be uploaded in parts through the API', async () => {
  await start()
  const bytes = Buffer.alloc(6 * 1024 * 1024, 'l')
  const { uploadId, partSize } = await ecr.send(new InitiateLayerUploadCommand({ repositoryName }))
  expect(partSize).toBe(10 * 1024 * 1024)
  const upload = (from: number, to: number) =>
    ecr.send(
      new UploadLayerPartCommand({
        repositoryName,
        uploadId,
        partFirstByte: from,
        partLastByte: to - 1,
        layerPartBlob: bytes.subarray(from, to),
      }),
    )
  await expect(
    ecr.send(new CompleteLayerUploadCommand({ repositoryName, uploadId, layerDigests: [sha256(bytes)] })),
  ).rejects.toMatchObject({
    name: 'EmptyUploadException',
  })
  await upload(0, 5 * 1024 * 1024)
  await expect(upload(0, 5)).rejects.toMatchObject({
    name: 'InvalidLayerPartException',
    lastValidByteReceived: 5 * 1024 * 1024 - 1,
  })
  await upload(5 * 1024 * 1024, bytes.length)
  const done = await ecr.send(
    new CompleteLayerUploadCommand({ repositoryName, uploadId, layerDigests: [sha256(bytes)] }),
  )
  expect(done.layerDigest).toBe(sha256(bytes))
  await expect(
    ecr.send(new GetDownloadUrlForLayerCommand({ repositoryName, layerDigest: sha256(bytes) })),
  ).rejects.toMatchObject({ name: 'LayerInaccessibleException' })
})

describe('accounts and regions', () => {
  const registryId = '210987654321'

  test('another account’s repository lets in where it exists, with an origin of its own', async () => {
    await start({ seed: { repositories: [{ name: 'shared', registryId }, { name: repositoryName }] } })
    const described = await ecr.send(new DescribeRepositoriesCommand({ registryId, repositoryNames: ['shared'] }))
    expect(described.repositories?.[0]).toMatchObject({
      registryId,
      repositoryUri: `${registryId}.dkr.ecr.eu-central-1.amazonaws.com/shared`,
    })
    await expect(ecr.send(new DescribeImagesCommand({ registryId, repositoryName: 'private' }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('because no resource-based policy allows the ecr:DescribeImages action'),
    })
    const token = (await ecr.send(new GetAuthorizationTokenCommand({ registryIds: [registryId] })))
      .authorizationData?.[0]
    expect(token?.proxyEndpoint).not.toBe(simulator.url)
    const other = registryClient(token?.proxyEndpoint ?? '', `Basic ${token?.authorizationToken}`)
    const { text } = await other.blobsOfImage('shared', 'x')
    expect((await other.putManifest('shared', 'v1', text)).status).toBe(201)
    expect((await other.send('POST', `/v2/${repositoryName}/blobs/uploads/`)).status).toBe(404)
    expect(simulator.world.images.resolve(`${registryId}.dkr.ecr.eu-central-1.amazonaws.com/shared:v1`)?.digest).toBe(
      sha256(text),
    )
  })

  test('another region has repositories of its own', async () => {
    await start()
    const west = clientsOf(simulator.url, 'eu-west-1').ecr
    expect((await west.send(new DescribeRepositoriesCommand({}))).repositories).toEqual([])
    const created = await west.send(new CreateRepositoryCommand({ repositoryName }))
    expect(created.repository?.repositoryArn).toBe(`arn:aws:ecr:eu-west-1:123456789012:repository/${repositoryName}`)
    const token = (await west.send(new GetAuthorizationTokenCommand({}))).authorizationData?.[0]
    expect(token?.proxyEndpoint).not.toBe(simulator.url)
  })
})

describe('scanning', () => {
  const findings = (imageTag = 'v1') =>
    ecr.send(new DescribeImageScanFindingsCommand({ repositoryName, imageId: { imageTag } }))
  const change = (body: object) =>
    fetch(`${simulator.url}/_simulator/images`, {
      method: 'PATCH',
      body: JSON.stringify([{ repository: repositoryName, tag: 'v1', ...body }]),
    })

  test('a basic scan is not there at first, runs, and completes with its findings', async () => {
    await start()
    simulator.addImage({ repository: repositoryName, tags: ['v1'] })
    await expect(findings()).rejects.toMatchObject({ name: 'ScanNotFoundException' })
    await change({ scan: { findings: [{ name: 'CVE-2026-1', severity: 'HIGH', package: 'openssl' }] } })
    simulator.world.clock.advance(5)
    expect((await findings()).imageScanStatus).toMatchObject({ status: 'IN_PROGRESS' })
    simulator.world.clock.advance(10)
    expect(await findings()).toMatchObject({
      imageScanStatus: { status: 'COMPLETE' },
      imageScanFindings: { findingSeverityCounts: { HIGH: 1 }, findings: [{ name: 'CVE-2026-1', severity: 'HIGH' }] },
    })
    await expect(
      ecr.send(new StartImageScanCommand({ repositoryName, imageId: { imageTag: 'v1' } })),
    ).rejects.toMatchObject({
      name: 'LimitExceededException',
    })
  })

  test('enhanced scanning ends ACTIVE', async () => {
    await start()
    simulator.addImage({ repository: repositoryName, tags: ['v1'] })
    await change({ scan: { enhanced: true, findings: [{ name: 'CVE-2026-2', severity: 'CRITICAL' }] } })
    simulator.world.clock.advance(60)
    expect(await findings()).toMatchObject({
      imageScanStatus: { status: 'ACTIVE' },
      imageScanFindings: {
        enhancedFindings: [{ severity: 'CRITICAL', packageVulnerabilityDetails: { vulnerabilityId: 'CVE-2026-2' } }],
      },
    })
  })

  test('an index cannot be scanned, and any end can be set', async () => {
    await start()
    simulator.addImage({ repository: repositoryName, tags: ['v1'], platforms: ['linux/amd64'] })
    await expect(
      ecr.send(new StartImageScanCommand({ repositoryName, imageId: { imageTag: 'v1' } })),
    ).rejects.toMatchObject({
      name: 'UnsupportedImageTypeException',
    })
    await change({ scan: { status: 'FAILED', description: 'broken' } })
    expect((await findings()).imageScanStatus).toEqual({ status: 'FAILED', description: 'broken' })
  })
})

test('names and parameters are refused in ECR’s words', async () => {
  await start()
  await expect(ecr.send(new CreateRepositoryCommand({ repositoryName: 'Upper' }))).rejects.toMatchObject({
    name: 'InvalidParameterException',
    message: expect.stringMatching(
      /^Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression/,
    ),
  })
  await expect(ecr.send(new CreateRepositoryCommand({ repositoryName }))).rejects.toMatchObject({
    name: 'RepositoryAlreadyExistsException',
    message: "The repository with name 'app' already exists in the registry with id '123456789012'",
  })
})
