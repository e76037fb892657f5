import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Fault, Scenario } from '@deploy-actions/aws-simulator'
import { parseManifest } from '@deploy-actions/ecr'
import { Content, commitTag, errorOf, noise, requests, type Stage, sha256, stage, uploads } from './support.ts'

let on: Stage
const start = async (registry: Scenario['registry'] = {}) => {
  on = await stage({ registry })
}
afterEach(() => on.close())

/** An image whose layer is large enough to be cut in the middle. */
async function largeImage() {
  const content = new Content()
  const root = await content.image([noise(3_000_000), 'small'])
  return { content, root, layout: on.layout('large', content, root) }
}

const nothingTagged = async () => expect(await on.stored(commitTag)).toBeUndefined()

describe('what passes', () => {
  test.each<[string, Fault]>([
    [
      'a connection reset in the middle of a blob',
      { operation: 'PUT /v2/*/blobs/*', effect: { kind: 'drop', when: 'mid-body' }, times: 2 },
    ],
    [
      'a connection that is closed before the answer',
      { operation: 'POST /v2/*', effect: { kind: 'drop', when: 'before' }, times: 2 },
    ],
    [
      'a blob that arrived although its answer was lost',
      { operation: 'PUT /v2/*/blobs/*', effect: { kind: 'drop', when: 'after' }, times: 1 },
    ],
    [
      'a manifest that arrived although its answer was lost',
      { operation: 'PUT /v2/*/manifests/*', effect: { kind: 'drop', when: 'after' }, times: 1 },
    ],
    [
      '500 once',
      { operation: 'PUT /v2/*/blobs/*', effect: { kind: 'error', name: 'INTERNAL', status: 500 }, times: 1 },
    ],
    [
      '503 on a look-up',
      { operation: 'HEAD *', effect: { kind: 'error', name: 'UNAVAILABLE', status: 503 }, times: 2 },
    ],
  ])('%s', async (_, fault) => {
    await start()
    const { layout, root, content } = await largeImage()
    on.simulator.addFaults({ service: 'registry', ...fault })
    const run = await on.run({ image: layout })
    expect(errorOf(run)).toEqual([])
    expect(await on.stored(commitTag)).toEqual({ digest: root.digest, manifest: content.bytes(root).toString() })
    expect(run.log).toMatch(/again in \d+\.\d s\./)
  })

  test('a registry that is away for a minute in the middle of a blob', async () => {
    await start()
    const { layout, root } = await largeImage()
    const clock = on.simulator.world.clock
    const away = { service: 'registry', effect: { kind: 'drop', when: 'before' } } as const
    on.simulator.addFaults({
      service: 'registry',
      operation: 'PUT /v2/*/blobs/*',
      effect: { kind: 'drop', when: 'mid-body' },
      times: 1,
    })
    let back: Promise<void> | undefined
    const run = await on.run(
      { image: layout },
      {
        onLine: (line) => {
          if (back || !line.includes('again in')) return
          on.simulator.addFaults(away)
          back = new Promise((done) => clock.after(60, () => done(on.simulator.clearFaults())))
        },
      },
    )
    await back
    expect(errorOf(run)).toEqual([])
    expect((await on.stored(commitTag))?.digest).toBe(root.digest)
    expect(run.durationMs).toBeGreaterThan(60_000)
    expect(run.log.match(/waiting up to 5m/g)!.length).toBeLessThanOrEqual(4)
  })

  test('429 with Retry-After, which is waited for', async () => {
    await start()
    const { layout } = await on.image()
    on.simulator.addFaults({
      service: 'registry',
      operation: 'PUT /v2/*/manifests/*',
      times: 1,
      effect: {
        kind: 'error',
        name: 'TOOMANYREQUESTS',
        message: 'Rate exceeded',
        status: 429,
        headers: { 'retry-after': '2' },
      },
    })
    const run = await on.run({ image: layout })
    expect(errorOf(run)).toEqual([])
    expect(run.log).toMatch(/status 429 \(Rate exceeded\); again in 2\.0 s/)
    expect(run.durationMs).toBeGreaterThan(2000)
  })

  test('an image of twelve platforms stays below the rate of PutImage that the account shares', async () => {
    on = await stage({ rateLimits: true })
    const content = new Content()
    const platforms = Array.from({ length: 12 }, (_, index) => `linux/arch${index}`)
    const images = await Promise.all(platforms.map((platform) => content.image(['base', platform], { platform })))
    const root = content.index([...images, ...images.map((image) => content.attestation(image))])
    const run = await on.run({ image: on.layout('many', content, root) })
    expect(errorOf(run)).toEqual([])
    expect((await on.stored(commitTag))?.digest).toBe(root.digest)
    expect(
      requests(on.simulator).filter((call) => call.startsWith('registry:PUT /v2/shop/api/manifests/')),
    ).toHaveLength(25)
    expect(run.log).not.toContain('status 429')
  })

  test('every retry of a blob opens a session of its own, for ECR takes one body per session', async () => {
    await start()
    const { layout, content, root } = await largeImage()
    const layer = parseManifest(content.bytes(root), 'test').layers[0]!
    on.simulator.addFaults({
      service: 'registry',
      operation: 'PUT *',
      contains: layer.digest.slice(7),
      times: 3,
      effect: { kind: 'drop', when: 'mid-body' },
    })
    const run = await on.run({ image: layout })
    expect(errorOf(run)).toEqual([])
    const bodies = uploads(on.simulator).filter((call) => call.includes(layer.digest.slice(7)))
    expect(bodies).toHaveLength(4)
    expect(new Set(bodies.map((call) => call.split('?')[0])).size).toBe(4)
  })

  test.each<['text' | 'json']>([['text'], ['json']])(
    'a token that expires between two blobs (%s), which is renewed',
    async (expiredForm) => {
      await start({ tokenUses: 6, ecr: { expiredForm } })
      const { layout, root } = await largeImage()
      const run = await on.run({ image: layout })
      expect(errorOf(run)).toEqual([])
      expect((await on.stored(commitTag))?.digest).toBe(root.digest)
      expect(requests(on.simulator).filter((call) => call === 'ecr:GetAuthorizationToken').length).toBeGreaterThan(1)
      expect(run.masks.length).toBeGreaterThan(2)
    },
  )

  test('an early refusal of a large body, with the connection closed, is read all the same', async () => {
    await start()
    const { layout, root } = await largeImage()
    on.simulator.addFaults({
      service: 'registry',
      operation: 'PUT /v2/*/blobs/*',
      times: 2,
      effect: {
        kind: 'error',
        name: 'DENIED',
        status: 403,
        message: 'Your authorization token has expired. Reauthenticate and try again.',
        headers: { connection: 'close' },
      },
    })
    const run = await on.run({ image: layout })
    expect(errorOf(run)).toEqual([])
    expect((await on.stored(commitTag))?.digest).toBe(root.digest)
  })
})

describe('what must not end in a tag', () => {
  test('a registry that keeps resetting the connection', async () => {
    await start()
    const { layout } = await on.image()
    on.simulator.addFaults({
      service: 'registry',
      operation: 'PUT /v2/*/blobs/*',
      effect: { kind: 'drop', when: 'mid-body' },
    })
    const run = await on.run({ image: layout })
    expect(run.exitCode).toBe(1)
    expect(errorOf(run)[0]).toMatch(
      /The upload of layer [0-9a-f]{12} got no answer: \d+ attempts in \d+m.* failed, the last one with: /,
    )
    await nothingTagged()
  })

  test.each([
    ['a blob', 'PUT /v2/*/blobs/*'],
    ['a manifest', 'PUT /v2/*/manifests/*'],
  ])('a registry that confirms another digest for %s', async (_, operation) => {
    await start()
    const { layout } = await on.image()
    const lie = sha256('something else')
    on.simulator.addFaults({
      service: 'registry',
      operation,
      effect: { kind: 'headers', headers: { 'docker-content-digest': lie } },
    })
    const run = await on.run({ image: layout })
    expect(run.exitCode).toBe(1)
    expect(errorOf(run)[0]).toContain(lie)
    await nothingTagged()
  })

  test('an answer of ECR whose manifest is not what its digest says', async () => {
    await start()
    const { layout } = await on.image()
    await on.run({ image: layout })
    const call = on.simulator.calls.length
    on.simulator.addFaults({
      service: 'ecr',
      operation: 'BatchGetImage',
      effect: {
        kind: 'error',
        status: 200,
        name: '',
        body: JSON.stringify({
          images: [
            {
              imageId: { imageDigest: sha256('x'), imageTag: 'v9' },
              imageManifest: '{}',
              imageManifestMediaType: 'application/vnd.oci.image.manifest.v1+json',
            },
          ],
          failures: [],
        }),
      },
    })
    const run = await on.run({ image: layout, tags: 'v9' })
    expect(run.exitCode).toBe(1)
    expect(errorOf(run)[0]).toContain('is not the digest it names')
    expect(requests(on.simulator, call)).not.toContain('ecr:PutImage')
  })

  test('a blob whose content does not match its name', async () => {
    await start()
    const { layout, content, root } = await largeImage()
    const layer = parseManifest(content.bytes(root), 'test').layers[0]!
    const file = path.join(layout, 'blobs/sha256', layer.digest.slice(7))
    const bytes = readFileSync(file)
    bytes[bytes.length - 1]! ^= 1
    writeFileSync(file, bytes)
    const run = await on.run({ image: layout })
    expect(run.exitCode).toBe(1)
    expect(errorOf(run)[0]).toContain(
      `Blob ${layer.digest} of OCI layout ${layout} has other content than its name says`,
    )
    expect(uploads(on.simulator).filter((call) => call.includes(layer.digest.slice(7)))).toHaveLength(1)
    await nothingTagged()
  })

  test('a truncated layout', async () => {
    await start()
    const { layout, content, root } = await largeImage()
    const layer = parseManifest(content.bytes(root), 'test').layers[0]!
    truncateSync(path.join(layout, 'blobs/sha256', layer.digest.slice(7)), 1000)
    const run = await on.run({ image: layout })
    expect(errorOf(run)[0]).toContain('has 1000 bytes, its manifest says')
    expect(uploads(on.simulator)).toEqual([])
    await nothingTagged()
  })

  test('an empty blob, which ECR takes from nobody, is refused before anything is sent', async () => {
    await start()
    const content = new Content()
    const image = await content.image(['one'])
    const manifest = JSON.parse(content.bytes(image).toString())
    const empty = content.add('', 'application/octet-stream')
    const root = content.json({ ...manifest, layers: [...manifest.layers, empty] }, image.mediaType)
    const run = await on.run({ image: on.layout('empty', content, root) })
    expect(run.exitCode).toBe(1)
    expect(errorOf(run)[0]).toMatch(/is empty, and ECR takes no empty blobs\. Nothing was pushed\./)
    await nothingTagged()
  })

  test('a manifest that ECR’s parser refuses comes with its words and a hint', async () => {
    await start()
    const content = new Content()
    const image = await content.image(['one'])
    const manifest = JSON.parse(content.bytes(image).toString())
    const root = content.json({ ...manifest, config: { ...manifest.config, annotations: { a: 'b' } } }, image.mediaType)
    const run = await on.run({ image: on.layout('strict', content, root) })
    expect(errorOf(run)[0]).toContain('Invalid JSON syntax')
    expect(errorOf(run)[0]).toContain('ECR reads manifests strictly')
    await nothingTagged()
  })

  test('a cancel in the middle of a layer', async () => {
    await start()
    const { layout } = await on.image()
    on.simulator.addFaults({
      service: 'registry',
      operation: 'PUT /v2/*/blobs/*',
      effect: { kind: 'delay', milliseconds: 1_500 },
    })
    const cancel = new AbortController()
    const run = await on.run(
      { image: layout },
      {
        signal: cancel.signal,
        onLine: (line) => {
          if (line.includes('to send')) setTimeout(() => cancel.abort(), 300)
        },
      },
    )
    expect(run.killed).toBe(false)
    expect(run.exitCode).not.toBe(0)
    expect(errorOf(run)[0]).toContain('The run was cancelled. Nothing was pushed and no tag was changed.')
    await nothingTagged()
  })
})

describe('rights', () => {
  test.each([
    ['BatchGetImage', 'ecr:BatchGetImage'],
    ['GetAuthorizationToken', 'ecr:GetAuthorizationToken'],
    ['BatchCheckLayerAvailability', 'ecr:BatchCheckLayerAvailability'],
    ['InitiateLayerUpload', 'ecr:InitiateLayerUpload'],
    ['CompleteLayerUpload', 'ecr:CompleteLayerUpload'],
    ['PutImage', 'ecr:PutImage'],
  ])('without %s the missing right is named', async (operation, right) => {
    await start()
    const { layout } = await on.image()
    on.simulator.addFaults({ service: 'ecr', operation, effect: { kind: 'deny' } })
    const run = await on.run({ image: layout })
    expect(run.exitCode).toBe(1)
    expect(errorOf(run)[0]).toContain(right)
    expect(run.log).not.toContain('defect of the action')
    on.simulator.clearFaults()
    await nothingTagged()
  })
})

test('the right to ask for an image’s status is not needed for a push', async () => {
  await start()
  const { layout } = await on.image()
  on.simulator.addFaults({ service: 'ecr', operation: 'DescribeImages', effect: { kind: 'deny' } })
  const run = await on.run({ image: layout })
  expect(errorOf(run)).toEqual([])
  expect(run.log).toContain('the role may not call ecr:DescribeImages')
})
