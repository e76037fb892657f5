import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import {
  PutAccountSettingCommand,
  PutImageTagMutabilityCommand,
  UpdateImageStorageClassCommand,
} from '../../../packages/ecr/test/support/ecr-api.ts'
import { Content, commitTag, errorOf, requests, type Stage, sha256, stage, uploads } from './support.ts'

let on: Stage
beforeEach(async () => {
  on = await stage()
})
afterEach(() => on.close())

test('pushes two platforms and an attestation byte for byte, sets every tag, and keeps the token to itself', async () => {
  const content = new Content()
  const amd64 = await content.image(['base', 'amd64'], { platform: 'linux/amd64' })
  const arm64 = await content.image(['base', 'arm64'], { platform: 'linux/arm64' })
  const root = content.index([amd64, arm64, content.attestation(amd64)])
  const home = path.join(on.folder, 'home')
  mkdirSync(home)

  const run = await on.run(
    { image: on.layout('multi', content, root), tags: 'v1\nsrc-abc, v1', digest: root.digest },
    { env: { ...on.simulator.env, HOME: home } },
  )

  expect(errorOf(run)).toEqual([])
  expect(run.exitCode).toBe(0)
  expect(run.outputs).toEqual({ digest: root.digest, 'image-tag': 'v1', pushed: 'true' })
  for (const tag of ['v1', 'src-abc', commitTag])
    expect(await on.stored(tag)).toEqual({ digest: root.digest, manifest: content.bytes(root).toString() })
  for (const child of [amd64, arm64])
    expect(requests(on.simulator)).toContain(`registry:PUT /v2/shop/api/manifests/${child.digest}`)
  expect(run.summary).toContain('linux/amd64, linux/arm64')
  expect(run.summary).toMatch(/\d+ blobs uploaded \(.*\), 0 present, 0 mounted/)

  expect(run.masks).toHaveLength(2)
  const passwords = run.masks.map((mask) => Buffer.from(mask, 'base64').toString())
  expect(passwords.some((text) => text.startsWith('AWS:'))).toBe(true)
  for (const mask of run.masks) expect(run.log + run.summary + JSON.stringify(run.outputs)).not.toContain(mask)
  expect(readdirSync(home)).toEqual([])
})

test('sends nothing when the digest and its tags are there: two requests', async () => {
  const { layout, root } = await on.image()
  await on.run({ image: layout })
  const from = on.simulator.calls.length

  const run = await on.run({ image: layout })

  expect(run.outputs).toEqual({ digest: root.digest, 'image-tag': commitTag, pushed: 'false' })
  expect(requests(on.simulator, from).sort()).toEqual(['ecr:BatchGetImage', 'ecr:DescribeImages'])
  expect(run.log).toContain('nothing to push')
  expect(run.summary).toContain('### ✅ Push to `shop/api`: unchanged')
})

test('tags what was not built again, without an image and without a token', async () => {
  const { layout, root } = await on.image()
  await on.run({ image: layout })
  const from = on.simulator.calls.length

  const run = await on.run({ digest: root.digest, tags: 'v2' }, { github: { sha: 'f'.repeat(40) } })

  expect(run.outputs).toEqual({ digest: root.digest, 'image-tag': 'v2', pushed: 'false' })
  expect((await on.stored('v2'))?.digest).toBe(root.digest)
  expect((await on.stored(`sha-${'f'.repeat(40)}`))?.digest).toBe(root.digest)
  expect(requests(on.simulator, from).slice(2, 5)).toEqual(['ecr:PutImage', 'ecr:PutImage', 'ecr:BatchGetImage'])
})

test('only missing layers are sent, also by the second image of a repository', async () => {
  const first = await on.image('one')
  const second = await on.image('two')
  await on.run({ image: first.layout })
  const from = on.simulator.calls.length
  const run = await on.run({ image: second.layout }, { github: { sha: 'b'.repeat(40) } })
  expect(run.outputs.pushed).toBe('true')
  // The config and one of two layers.
  expect(uploads(on.simulator, from).filter((call) => call.includes('digest='))).toHaveLength(2)
  expect(run.summary).toContain('2 blobs uploaded')
})

test('an image that is not the expected one stops before anything is sent', async () => {
  const { layout, root } = await on.image()
  const expected = sha256('another build')
  const run = await on.run({ image: layout, digest: expected })
  expect(run.exitCode).toBe(1)
  expect(errorOf(run)[0]).toContain(`does not hold ${expected}, which input "digest" expects. It holds ${root.digest}`)
  expect(on.simulator.calls).toEqual([])
})

test('a digest that ECR does not hold is an error when there is nothing to push', async () => {
  const run = await on.run({ digest: sha256('nowhere') })
  expect(run.exitCode).toBe(1)
  expect(errorOf(run)[0]).toContain(`has no image ${sha256('nowhere')}, so there is nothing to tag`)
  expect(run.outputs).toEqual({})
})

test('one platform of several', async () => {
  const content = new Content()
  const amd64 = await content.image(['amd64'], { platform: 'linux/amd64' })
  const arm64 = await content.image(['arm64'], { platform: 'linux/arm64' })
  const layout = on.layout('multi', content, content.index([amd64, arm64]))
  const run = await on.run({ image: layout, platform: 'linux/arm64' })
  expect(run.outputs.digest).toBe(arm64.digest)
  expect(requests(on.simulator).filter((call) => call.startsWith('registry:PUT /v2/shop/api/manifests'))).toHaveLength(
    1,
  )
})

test('layers come from another repository where the registry mounts them', async () => {
  await on.simulator.seed({ repositories: [{ name: 'shop/base' }] })
  const { layout } = await on.image()
  await on.run({ image: layout, repository: 'shop/base' })
  const refused = await on.image('two')
  const uploaded = await on.run({ image: refused.layout, 'mount-from': 'shop/base' })
  // The registry's switch is off: every mount is answered by a session, which is then used.
  expect(uploaded.summary).toContain('3 blobs uploaded')
  expect(uploads(on.simulator).some((call) => call.includes('mount=') && call.includes('from=shop%2Fbase'))).toBe(true)

  await on.ecr.send(new PutAccountSettingCommand({ name: 'BLOB_MOUNTING', value: 'ENABLED' }))
  await on.simulator.seed({ repositories: [{ name: 'shop/worker' }] })
  const mounted = await on.run({ image: layout, repository: 'shop/worker', 'mount-from': 'shop/base' })
  expect(mounted.summary).toContain('0 blobs uploaded (0 B), 0 present, 3 mounted')
})

describe('immutable repositories', () => {
  beforeEach(() => on.simulator.seed({ repositories: [{ name: 'frozen', mutability: 'IMMUTABLE' }] }))

  test('the same digest again is success', async () => {
    const { layout, root } = await on.image()
    expect((await on.run({ image: layout, repository: 'frozen', tags: 'v1' })).exitCode).toBe(0)
    const run = await on.run({ image: layout, repository: 'frozen', tags: 'v1' })
    expect(run.outputs).toMatchObject({ digest: root.digest, pushed: 'false' })
    expect(run.exitCode).toBe(0)
  })

  test('another digest is refused before a byte is sent, and both are named', async () => {
    const first = await on.image('one')
    const second = await on.image('two')
    await on.run({ image: first.layout, repository: 'frozen', tags: 'v1' })
    const from = on.simulator.calls.length
    const run = await on.run({ image: second.layout, repository: 'frozen', tags: 'v1' })
    expect(run.exitCode).toBe(1)
    expect(errorOf(run)[0]).toContain(`it points at ${first.root.digest} and can't be moved to ${second.root.digest}`)
    expect(errorOf(run)[0]).toContain('IMMUTABLE_WITH_EXCLUSION')
    expect(uploads(on.simulator, from)).toEqual([])
    expect((await on.stored('v1', 'frozen'))?.digest).toBe(first.root.digest)
  })

  test('without the right to read the settings ECR itself refuses, and both are named all the same', async () => {
    const first = await on.image('one')
    const second = await on.image('two')
    await on.run({ image: first.layout, repository: 'frozen', tags: 'v1' })
    on.simulator.addFaults({ service: 'ecr', operation: 'DescribeRepositories', effect: { kind: 'deny' } })
    const run = await on.run({ image: second.layout, repository: 'frozen', tags: 'v0,v1' })
    expect(errorOf(run)[0]).toContain(`it points at ${first.root.digest} and can't be moved to ${second.root.digest}`)
    expect(errorOf(run)[0]).toContain(`Before that, v0 had been set to ${second.root.digest}`)
    expect((await on.stored('v1', 'frozen'))?.digest).toBe(first.root.digest)
  })

  test('tags that the repository excludes can be moved', async () => {
    await on.ecr.send(
      new PutImageTagMutabilityCommand({
        repositoryName: 'frozen',
        imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
        imageTagMutabilityExclusionFilters: [
          { filterType: 'WILDCARD', filter: 'lat*' },
          { filterType: 'WILDCARD', filter: 'sha-*' },
        ],
      }),
    )
    const [first, second] = [await on.image('one'), await on.image('two')]
    await on.run({ image: first.layout, repository: 'frozen', tags: 'latest' })
    const run = await on.run({ image: second.layout, repository: 'frozen', tags: 'latest' })
    expect(errorOf(run)).toEqual([])
    expect((await on.stored('latest', 'frozen'))?.digest).toBe(second.root.digest)
  })
})

test('an archived image is not taken for one that can be deployed', async () => {
  const { layout, root } = await on.image()
  await on.run({ image: layout })
  await on.ecr.send(
    new UpdateImageStorageClassCommand({
      repositoryName: 'shop/api',
      imageId: { imageDigest: root.digest },
      targetStorageClass: 'ARCHIVE',
    }),
  )
  for (const inputs of [{ image: layout }, { digest: root.digest }] as Record<string, string>[]) {
    const run = await on.run(inputs)
    expect(run.exitCode).toBe(1)
    expect(errorOf(run)[0]).toContain(`Image ${root.digest} of repository "shop/api" is archived`)
    expect(errorOf(run)[0]).toContain('--target-storage-class STANDARD')
  }
})

test('nothing of an image stays behind in the runner’s temporary folder', async () => {
  const { layout } = await on.image()
  const temp = path.join(on.folder, 'temp')
  await on.run({ image: layout }, { temp })
  expect(existsSync(temp) ? readdirSync(temp) : []).toEqual([])
})
