import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { type ImageSource, onlyPlatform, openImageFile, parseManifest, planPush } from '../src/index.ts'
import { writeStream } from '../src/sources/temporary.ts'
import {
  Content,
  newDockerArchive,
  oldDockerArchive,
  sha256,
  type TarContent,
  tarOf,
  writeFiles,
} from './support/images.ts'

let folder: string
let temp: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sources-'))
  temp = mkdtempSync(path.join(folder, 'temp-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const open = (location: string, digest?: string) => openImageFile(location, { temp, digest })

async function archive(files: Record<string, TarContent>, name = 'image.tar'): Promise<string> {
  const file = path.join(folder, name)
  writeFileSync(file, await tarOf(files))
  return file
}

async function bytesOf(source: ImageSource, descriptor: { digest: string; size: number; mediaType: string }) {
  const chunks: Buffer[] = []
  for await (const chunk of await source.openBlob(descriptor)) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

async function refusal(location: string, digest?: string): Promise<string> {
  return open(location, digest).then(
    async (source) =>
      planPush(source).then(
        () => 'taken',
        (error) => error.message,
      ),
    (error) => error.message,
  )
}

describe('OCI layouts', () => {
  test('a layout as a directory, a tar, and either compression of it is the same image', async () => {
    const content = new Content()
    const root = content.index([await content.image(['one', 'two'], { platform: 'linux/amd64' })])
    const files = content.layoutFiles(root)
    const tar = await tarOf(files)
    const forms = {
      'image.tar': tar,
      'image.tar.gz': gzipSync(tar),
      'image.tar.zst': zstdCompressSync(tar),
    }
    for (const [name, bytes] of Object.entries(forms)) writeFileSync(path.join(folder, name), bytes)
    for (const location of [
      writeFiles(path.join(folder, 'layout'), files),
      ...Object.keys(forms).map((name) => path.join(folder, name)),
    ]) {
      const source = await open(location)
      expect(source.root.digest).toBe(root.digest)
      const plan = await planPush(source)
      expect(plan.root.bytes.equals(content.bytes(root))).toBe(true)
      for (const { descriptor } of plan.blobs)
        expect((await bytesOf(source, descriptor)).equals(content.bytes(descriptor))).toBe(true)
      await source.close()
    }
    expect(readdirSync(temp)).toEqual([])
  })

  test('one image under two tags is one image; two images need the digest', async () => {
    const content = new Content()
    const one = await content.image(['one'])
    const two = await content.image(['two'])
    const tagged = writeFiles(
      path.join(folder, 'tagged'),
      content.layoutFiles(one, { ...one, annotations: { x: 'y' } }),
    )
    expect((await open(tagged)).root.digest).toBe(one.digest)
    const both = writeFiles(path.join(folder, 'both'), content.layoutFiles(one, two))
    expect(await refusal(both)).toMatch(/holds 2 images. Say which one by input "digest":/)
    expect((await open(both, two.digest)).root.digest).toBe(two.digest)
    expect(await refusal(both, sha256('other'))).toContain(
      `does not hold ${sha256('other')}, which input "digest" expects`,
    )
  })

  test('every damage is named before anything could be sent', async () => {
    const content = new Content()
    const image = await content.image(['one', 'two'])
    const files = content.layoutFiles(image)
    const layer = parseManifest(content.bytes(image), 'test').layers[0]!
    const blob = (digest: string) => `blobs/sha256/${digest.slice(7)}`
    const damaged = (name: string, changes: Record<string, Buffer | undefined>) =>
      writeFiles(
        path.join(folder, name),
        Object.fromEntries(
          Object.entries({ ...files, ...changes }).filter((entry): entry is [string, Buffer] => entry[1] !== undefined),
        ),
      )

    expect(await refusal(path.join(folder, 'nothing'))).toContain('there is no such file or directory')
    expect(await refusal(damaged('no-index', { 'index.json': undefined }))).toContain(
      'has no index.json: the export was not finished',
    )
    expect(await refusal(damaged('no-layout', { 'oci-layout': undefined }))).toContain('is not an OCI layout')
    expect(await refusal(damaged('no-json', { 'index.json': Buffer.from('{') }))).toContain(
      'is not a manifest: it is not JSON',
    )
    expect(await refusal(damaged('no-layer', { [blob(layer.digest)]: undefined }))).toContain(`layer ${layer.digest}`)
    expect(await refusal(damaged('short-layer', { [blob(layer.digest)]: Buffer.from('x') }))).toMatch(
      /has 1 bytes, its manifest says \d+: the image is truncated/,
    )
    expect(
      await refusal(
        damaged('manifest', { [blob(image.digest)]: Buffer.concat([content.bytes(image), Buffer.from(' ')]) }),
      ),
    ).toContain('has other content than its name says')
    expect(
      await refusal(damaged('empty', { 'index.json': Buffer.from('{"schemaVersion":2,"manifests":[]}') })),
    ).toContain('holds no image')
  })

  test('an index whose platforms are not all there lists what is missing, and one platform can be chosen', async () => {
    const content = new Content()
    const amd64 = await content.image(['amd64'], { platform: 'linux/amd64' })
    const arm64 = await content.image(['arm64'], { platform: 'linux/arm64/v8' })
    const nested = content.index([content.index([amd64, arm64, content.attestation(amd64)])])
    const missing = parseManifest(content.bytes(arm64), 'test').layers[0]!
    content.blobs.delete(missing.digest)
    const source = await open(writeFiles(path.join(folder, 'partial'), content.layoutFiles(nested)))
    await expect(planPush(source)).rejects.toThrow(
      new RegExp(
        `lacks 1 of the blobs .* choose one by input "platform"[^]*layer ${missing.digest} for linux/arm64/v8`,
      ),
    )
    const one = await onlyPlatform(source, 'linux/amd64')
    expect((await planPush(one)).root.digest).toBe(amd64.digest)
    expect((await onlyPlatform(source, 'linux/arm64')).root.digest).toBe(arm64.digest)
    await expect(onlyPlatform(source, 'linux/s390x')).rejects.toThrow('Input "platform" is "linux/s390x". Valid for')
  })

  test('children come before their index, a subject before what refers to it, each once', async () => {
    const content = new Content()
    const amd64 = await content.image(['shared', 'amd64'], { platform: 'linux/amd64' })
    const arm64 = await content.image(['shared', 'arm64'], { platform: 'linux/arm64' })
    // The attestations first, as some builders list them.
    const inner = content.index([content.attestation(arm64), content.attestation(amd64), amd64, arm64])
    const root = content.index([inner, amd64])
    const plan = await planPush(await open(writeFiles(path.join(folder, 'order'), content.layoutFiles(root))))
    const order = plan.manifests.map(({ digest }) => digest)
    expect(new Set(order).size).toBe(5)
    expect(order.at(-1)).toBe(inner.digest)
    for (const { digest, subject } of plan.manifests)
      if (subject) expect(order.indexOf(subject.digest)).toBeLessThan(order.indexOf(digest))
    expect(plan.platforms).toEqual(['linux/amd64', 'linux/arm64'])
    expect(new Set(plan.blobs.map(({ descriptor }) => descriptor.digest)).size).toBe(plan.blobs.length)
  })

  test('layers that may not be distributed are left to their owner', async () => {
    const content = new Content()
    const foreign = {
      mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
      digest: sha256('windows'),
      size: 7,
      urls: ['https://example.com'],
    }
    const base = await content.image(['own'])
    const manifest = JSON.parse(content.bytes(base).toString())
    const root = content.json({ ...manifest, layers: [foreign, ...manifest.layers] }, base.mediaType)
    const plan = await planPush(await open(writeFiles(path.join(folder, 'foreign'), content.layoutFiles(root))))
    expect(plan.foreign).toEqual([foreign])
    expect(plan.blobs.map(({ role }) => role)).toEqual(['config', 'layer'])
  })
})

describe('docker archives', () => {
  test.each([
    ['before Docker 25', oldDockerArchive],
    ['since Docker 25', newDockerArchive],
  ])('%s: plain layers are compressed to the same bytes every time', async (_, make) => {
    const file = await archive(await make(['one', 'two', 'one']))
    const digests = new Set<string>()
    for (let round = 0; round < 2; round++) {
      const source = await open(file)
      const plan = await planPush(source)
      digests.add(plan.root.digest)
      expect(plan.root.mediaType).toBe('application/vnd.docker.distribution.manifest.v2+json')
      expect(plan.root.layers.length).toBe(3)
      expect(plan.root.layers[0]).toEqual(plan.root.layers[2])
      const config = JSON.parse((await bytesOf(source, plan.root.config!)).toString())
      for (const [index, layer] of plan.root.layers.entries()) {
        const bytes = await bytesOf(source, layer)
        expect(sha256(bytes)).toBe(layer.digest)
        expect(sha256(gunzipSync(bytes))).toBe(config.rootfs.diff_ids[index])
      }
      await source.close()
    }
    expect(digests.size).toBe(1)
    expect(readdirSync(temp)).toEqual([])
  })

  test('layers that are compressed stay as they are, also where only the name says nothing of it', async () => {
    const tars = [await tarOf({ a: '1' }), await tarOf({ b: '2' })]
    const layers = [gzipSync(tars[0]!, { level: 1 }), zstdCompressSync(tars[1]!)]
    const config = JSON.stringify({ os: 'linux', rootfs: { diff_ids: tars.map(sha256) } })
    const file = await archive({
      'config.json': config,
      'one.tar': layers[0]!,
      'two.tar': layers[1]!,
      'manifest.json': JSON.stringify([{ Config: 'config.json', RepoTags: null, Layers: ['one.tar', 'two.tar'] }]),
    })
    const { root } = await planPush(await open(file))
    expect(root.mediaType).toBe('application/vnd.oci.image.manifest.v1+json')
    expect(root.layers.map(({ digest, mediaType }) => [digest, mediaType])).toEqual([
      [sha256(layers[0]!), 'application/vnd.oci.image.layer.v1.tar+gzip'],
      [sha256(layers[1]!), 'application/vnd.oci.image.layer.v1.tar+zstd'],
    ])
  })

  test('an archive of the containerd store is taken as it is, digests unchanged', async () => {
    const content = new Content()
    const image = await content.image(['one'])
    const layer = parseManifest(content.bytes(image), 'test').layers[0]!
    const config = parseManifest(content.bytes(image), 'test').config!
    const blob = (digest: string) => `blobs/sha256/${digest.slice(7)}`
    const file = await archive({
      ...content.layoutFiles(content.index([image])),
      'manifest.json': JSON.stringify([
        { Config: blob(config.digest), RepoTags: ['a:1'], Layers: [blob(layer.digest)] },
      ]),
    })
    expect((await planPush(await open(file))).manifests.map(({ digest }) => digest)).toEqual([image.digest])
  })

  test('every damage is named', async () => {
    const good = await oldDockerArchive(['one', 'two'])
    const [layerName] = Object.keys(good).filter((name) => name.endsWith('layer.tar'))
    const [configName] = Object.keys(good).filter((name) => /^[0-9a-f]{64}\.json$/.test(name))
    const without = ({ [layerName!]: _, ...rest }: Record<string, TarContent>) => rest
    expect(await refusal(await archive({ ...good, [layerName!]: await tarOf({ other: 'x' }) }))).toMatch(
      /Layer .* has other content than the image's config says: diff_id sha256:/,
    )
    expect(await refusal(await archive(without(good)))).toContain(`lacks ${layerName}: it is truncated`)
    expect(await refusal(await archive({ ...good, [configName!]: '{}' }))).toContain(
      'has other content than its name says',
    )
    const two = JSON.parse(String(good['manifest.json']))
    expect(
      await refusal(
        await archive({
          ...good,
          'manifest.json': JSON.stringify([...two, { ...two[0], Config: 'b.json', RepoTags: ['b:2'] }]),
        }),
      ),
    ).toMatch(/holds 2 images; save the one to push alone/)
    expect(await refusal(await archive({ 'readme.txt': 'hello' }))).toContain('is a tar of something else')
    const cut = gzipSync(await tarOf(good)).subarray(0, 500)
    writeFileSync(path.join(folder, 'cut.tar.gz'), cut)
    expect(await refusal(path.join(folder, 'cut.tar.gz'))).toContain("can't be decompressed")
    expect(readdirSync(temp)).toEqual([])
  })
})

const full = existsSync('/dev/full') ? test : test.skip
full('a full disk is said as such', async () => {
  await expect(writeStream('/dev/full', Readable.from([Buffer.alloc(1024)]))).rejects.toThrow(
    'The disk is full: /dev/full could not be written (ENOSPC). Nothing was pushed.',
  )
})
