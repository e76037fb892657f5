import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { createGzip, gzipSync } from 'node:zlib'
import { isUserError } from '@deploy-actions/action-kit'
import fc from 'fast-check'
import { onlyPlatform, openImageFile, planPush } from '../src/index.ts'
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
  folder = mkdtempSync(path.join(tmpdir(), 'hostile-'))
  temp = path.join(folder, 'a/b/temp')
  writeFiles(temp, { keep: '' })
})
afterEach(() => rmSync(folder, { recursive: true }))

/**
 * Opens and plans; the refusal's text, or undefined when it was taken. Throws what is no UserError. Nothing may stay
 * behind.
 */
async function refusal(bytes: Buffer, name = 'image.tar'): Promise<string | undefined> {
  const file = path.join(folder, name)
  writeFileSync(file, bytes)
  try {
    const source = await openImageFile(file, { temp })
    try {
      await planPush(source)
      return undefined
    } finally {
      await source.close()
    }
  } catch (error) {
    if (!isUserError(error)) throw error
    return error.message
  } finally {
    expect(readdirSync(temp)).toEqual(['keep'])
    expect(readdirSync(folder).sort()).toEqual(['a', name].sort())
    expect(readdirSync(path.join(folder, 'a/b'))).toEqual(['temp'])
  }
}

const dockerArchive = async (diffIds: unknown, manifest: unknown): Promise<Buffer> => {
  const config = JSON.stringify({ os: 'linux', rootfs: { type: 'layers', diff_ids: diffIds } })
  return tarOf({
    'config.json': config,
    'layer.tar': await tarOf({ a: '1' }),
    'manifest.json': JSON.stringify(manifest),
  })
}
const one = [{ Config: 'config.json', RepoTags: null, Layers: ['layer.tar'] }]

test.each([['sha256:../../outside'], [`sha256:${'a'.repeat(63)}/../../../outside`], [7], [null]])(
  'a layer whose diff_id is %p is refused before anything is written under that name',
  async (diffId) => {
    const text = await refusal(await dockerArchive([diffId], one))
    expect(text).toContain('names layers by other than sha256 digests')
    expect(text).toContain(path.join(folder, 'image.tar'))
    expect(existsSync(path.join(folder, 'a/outside.tar.gz'))).toBe(false)
  },
)

test.each<[string, unknown]>([
  ['no list', {}],
  ['nothing', null],
  ['a list of nothing', [null]],
  ['layers that are no texts', [{ Config: 'config.json', Layers: [7] }]],
  ['layers that are no list', [{ Config: 'config.json', Layers: 'layer.tar' }]],
  ['a config that is no text', [{ Config: {}, Layers: [] }]],
  [
    'tags that are no list',
    [
      { ...one[0], RepoTags: 'a' },
      { Config: 'b', RepoTags: 'b', Layers: [] },
    ],
  ],
])('a manifest.json with %s is refused by name', async (_, manifest) => {
  expect(await refusal(await dockerArchive([], manifest))).toContain('does not list images with config and layers')
})

/** A pax header with these records before an empty file. */
async function withPax(records: Record<string, string>): Promise<Buffer> {
  const body = Object.entries(records).map(([key, value]) => {
    const rest = ` ${key}=${value}\n`
    let length = rest.length
    while (length !== `${length}`.length + rest.length) length = `${length}`.length + rest.length
    return `${length}${rest}`
  })
  const tar = await tarOf({ pax: body.join(''), file: 'content' })
  tar[156] = 'x'.charCodeAt(0)
  return withChecksums(tar, [0])
}

/** Writes the checksum of the headers at these offsets anew. */
function withChecksums(tar: Buffer, offsets: number[]): Buffer {
  for (const at of offsets) {
    tar.fill(' ', at + 148, at + 156)
    const sum = tar.subarray(at, at + 512).reduce((total, byte) => total + byte, 0)
    tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1')
  }
  return tar
}

test.each(['-512', '-1024', 'NaN', '', '1e3', '0x10', '9'.repeat(30), 'Infinity'])(
  'a size of %p in a pax header is damage, and told at once',
  async (size) => {
    expect(await refusal(await withPax({ size }))).toMatch(/is damaged: an entry of|is truncated/)
  },
)

test.each([['gzip', async (zeros: Readable, file: string) => writeStream(file, zeros, createGzip({ level: 9 }))]])(
  'a bomb of %s ends at a bound',
  async (_, pack) => {
    const file = path.join(folder, 'bomb.tar.gz')
    const block = Buffer.alloc(1024 * 1024)
    await pack(
      Readable.from(
        (function* () {
          for (let at = 0; at < 1100; at++) yield block
        })(),
      ),
      file,
    )
    await expect(openImageFile(file, { temp })).rejects.toThrow(/bomb\.tar\.gz has .* and unpacks to more than 1\.1 GB/)
    expect(readdirSync(temp)).toEqual(['keep'])
  },
  60_000,
)

test('an index that names the same child again and again is read once', async () => {
  const content = new Content()
  let inner = await content.image(['one'], { platform: 'linux/amd64' })
  const { platform } = inner
  for (let depth = 0; depth < 4; depth++) inner = content.index(Array.from({ length: 300 }, () => inner))
  const source = await openImageFile(writeFiles(path.join(folder, 'layout'), content.layoutFiles(inner)), { temp })
  expect((await onlyPlatform(source, 'linux/amd64')).root.platform).toEqual(platform)
  expect((await planPush(source)).manifests).toHaveLength(4)
})

describe('what ECR would refuse is known before anything is sent', () => {
  const planned = async (content: Content, root: ReturnType<Content['add']>) => {
    const source = await openImageFile(writeFiles(path.join(folder, 'layout'), content.layoutFiles(root)), { temp })
    return planPush(source).then(
      () => undefined,
      (error) => error.message as string,
    )
  }
  const imageWith = async (layer: object | ((content: Content) => object)) => {
    const content = new Content()
    const image = await content.image(['one'])
    const manifest = JSON.parse(content.bytes(image).toString())
    const more = typeof layer === 'function' ? layer(content) : layer
    return planned(content, content.json({ ...manifest, layers: [...manifest.layers, more] }, image.mediaType))
  }

  test('an empty blob', async () => {
    expect(await imageWith((content) => content.add('', 'application/octet-stream'))).toMatch(
      /^The layer sha256:e3b0c4\w+ of OCI layout .* is empty, and ECR takes no empty blobs\. Nothing was pushed\./,
    )
  })
  test('a layer of more than 52,000 MiB', async () => {
    const layer = {
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      digest: sha256('large'),
      size: 52_000 * 1024 ** 2 + 1,
    }
    expect(await imageWith(layer)).toContain('has 54.5 GB, and ECR takes layers of up to 52,000 MiB')
  })
  test('a layer that is not distributable and names no address', async () => {
    const mediaType = 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip'
    expect(await imageWith({ mediaType, digest: sha256('windows'), size: 7 })).toContain(
      'names no address to pull it from',
    )
  })
  test('one digest with two sizes', async () => {
    expect(
      await imageWith((content) => {
        const [, bytes] = [...content.blobs][1]!
        return {
          mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
          digest: sha256(bytes),
          size: bytes.length + 1,
        }
      }),
    ).toMatch(/its manifest says/)
  })
  test('a manifest of more than 4 MiB', async () => {
    const content = new Content()
    const image = await content.image(['one'], { more: { annotations: { text: 'x'.repeat(4 * 1024 ** 2) } } })
    expect(await planned(content, image)).toMatch(
      /has 4\.2 MB, and ECR takes manifests of up to 4 MiB\. Nothing was pushed/,
    )
  })
})

test('any damage to an archive is an error for the user that names the file, or none', async () => {
  const layout = new Content()
  const shapes = [
    await tarOf(await oldDockerArchive(['one', 'two', 'one'])),
    await tarOf(await newDockerArchive(['one', 'two'])),
    await tarOf(layout.layoutFiles(layout.index([await layout.image(['one'], { platform: 'linux/amd64' })]))),
  ]
  const change = fc.record({
    at: fc.nat(),
    bytes: fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 16 }),
      fc.string({ minLength: 1 }).map((text) => Buffer.from(text)),
    ),
    header: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...shapes),
      fc.array(change, { minLength: 1, maxLength: 6 }),
      fc.option(fc.nat(), { nil: undefined }),
      fc.boolean(),
      async (shape, changes, cut, packed) => {
        const tar = Buffer.from(shape)
        for (const { at, bytes, header } of changes) {
          const block = Math.floor((at % tar.length) / 512) * 512
          const offset = header ? block + (at % 500) : at % tar.length
          Buffer.from(bytes).copy(tar, offset)
          // Otherwise nearly all damage would end at the checksum.
          if (header && tar.subarray(block + 257, block + 262).toString() === 'ustar') withChecksums(tar, [block])
        }
        const bytes = cut === undefined ? tar : tar.subarray(0, cut % tar.length)
        const text = await refusal(packed ? gzipSync(bytes) : bytes)
        expect(text ?? folder).toContain(text?.startsWith('"') ? '"' : folder)
      },
    ),
    { numRuns: 400 },
  )
}, 60_000)

test('any JSON in place of an index, a manifest, a config or a list of images is taken or refused by name', async () => {
  const names = ['index.json', 'manifest.json', 'config.json', 'oci-layout']
  const digest = sha256('x')
  const descriptor = fc.record(
    {
      mediaType: fc.oneof(
        fc.constant('application/vnd.oci.image.manifest.v1+json'),
        fc.constant('application/vnd.oci.image.index.v1+json'),
        fc.jsonValue(),
      ),
      digest: fc.oneof(fc.constant(digest), fc.constant('sha256:../../x'), fc.jsonValue()),
      size: fc.oneof(fc.constant(1), fc.constant(-1), fc.jsonValue()),
      platform: fc.jsonValue(),
      annotations: fc.jsonValue(),
    },
    { requiredKeys: [] },
  )
  const index = fc.record({ schemaVersion: fc.constant(2), manifests: fc.oneof(fc.array(descriptor), fc.jsonValue()) })
  const saved = fc.array(
    fc.record(
      {
        Config: fc.oneof(fc.constant('config.json'), fc.jsonValue()),
        RepoTags: fc.jsonValue(),
        Layers: fc.oneof(fc.constant(['layer.tar']), fc.jsonValue()),
      },
      { requiredKeys: [] },
    ),
  )
  const config = fc.record(
    { rootfs: fc.oneof(fc.record({ diff_ids: fc.jsonValue() }), fc.jsonValue()) },
    { requiredKeys: [] },
  )
  const json = fc.oneof(index, saved, config, fc.jsonValue()).map((value) => JSON.stringify(value))
  await fc.assert(
    fc.asyncProperty(fc.tuple(json, json, json, json), async (texts) => {
      const files: Record<string, TarContent> = { 'layer.tar': await tarOf({ a: '1' }) }
      for (const [at, name] of names.entries()) files[name] = texts[at]!
      await refusal(await tarOf(files))
      delete files['oci-layout']
      await refusal(await tarOf(files))
    }),
    { numRuns: 300 },
  )
}, 60_000)
