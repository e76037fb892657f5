import { availableParallelism } from 'node:os'
import path from 'node:path'
import { inParallel, UserError } from '@deploy-actions/action-kit'
import { type Descriptor, parseManifest } from '../manifest.ts'
import { mediaTypes } from '../media-types.ts'
import { digestOf, isDigest } from '../reference.ts'
import { ContentError } from '../registry/verified.ts'
import { fileChunks } from './chunks.ts'
import { type Compression, compressionOf, gzipTo, inspectLayer, type Zipped } from './compression.ts'
import type { FileSet } from './files.ts'
import type { ImageSource } from './source.ts'
import type { TemporaryFolder } from './temporary.ts'

interface SavedImage {
  Config: string
  RepoTags?: string[] | null
  Layers: string[]
}

interface Layer {
  descriptor: Descriptor
  compression: Compression
  open: ImageSource['openBlob']
}

/**
 * Opens what `docker save` writes: a config, layers and manifest.json, but no manifest, so one is made. Layers that
 * are plain tars are compressed into `folder`, always to the same bytes; compressed ones stay as they are. Every
 * layer is checked against the config's diff_ids on the way. `early` are layers that have been compressed already.
 */
export async function dockerArchiveSource(
  files: FileSet,
  folder: TemporaryFolder,
  early: Map<string, Zipped> = new Map(),
): Promise<ImageSource> {
  const saved = await selectImage(files)
  const config = await readConfig(files, saved)
  const distinct = [...new Map(saved.Layers.map((name, index) => [config.diffIds[index]!, name]))]
  const prepared = new Map<string, Layer>()
  await inParallel(distinct, Math.min(4, availableParallelism()), async ([diffId, name]) => {
    prepared.set(diffId, await prepareLayer(files, name, diffId, folder, early.get(name)))
  })

  const layers = config.diffIds.map((diffId) => prepared.get(diffId)!)
  const manifest = buildManifest(config.bytes, layers)
  const byDigest = new Map(layers.map((layer) => [layer.descriptor.digest, layer]))
  return {
    description: files.description,
    root: { mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.bytes.length },
    readManifest: async ({ digest }) => (digest === manifest.digest ? manifest.bytes : undefined),
    async blobSize({ digest }) {
      return digest === config.digest ? config.bytes.length : byDigest.get(digest)?.descriptor.size
    },
    async openBlob(descriptor) {
      const layer = byDigest.get(descriptor.digest)
      return layer ? layer.open(descriptor) : files.chunks(saved.Config)
    },
    close: () => folder.remove(),
  }
}

async function selectImage(files: FileSet): Promise<SavedImage> {
  const images = await readJson(files, 'manifest.json')
  if (!Array.isArray(images) || !images.every(isSavedImage))
    throw new UserError(`manifest.json of ${files.description} does not list images with config and layers. ${again}`)
  const configs = new Map(images.map((image) => [image.Config, image]))
  if (configs.size === 1) return images[0]!
  if (configs.size === 0) throw new UserError(`${files.description} holds no image.`)
  const names = images.map(({ RepoTags, Config }) => `  ${RepoTags?.join(', ') || Config}`).join('\n')
  throw new UserError(
    `${files.description} holds ${configs.size} images; save the one to push alone, by docker save NAME:\n${names}`,
  )
}

function isSavedImage(value: unknown): value is SavedImage {
  const { Config, RepoTags, Layers } = (value ?? {}) as Partial<Record<keyof SavedImage, unknown>>
  return typeof Config === 'string' && isTexts(Layers) && (RepoTags == null || isTexts(RepoTags))
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((entry) => typeof entry === 'string')

/** Reads the config and checks what it names, before anything is written under such a name. */
async function readConfig(files: FileSet, { Config, Layers }: SavedImage) {
  const bytes = await files.read(Config)
  if (!bytes) throw new UserError(`${files.description} lacks the image's config ${Config}: it is truncated. ${again}`)
  const digest = digestOf(bytes)
  const named = path.posix.basename(Config, '.json')
  if (/^[0-9a-f]{64}$/.test(named) && digest !== `sha256:${named}`)
    throw new ContentError(
      `Config ${Config} of ${files.description} has other content than its name says: its digest is ${digest}. ${again}`,
    )

  const config = (await readJson(files, Config)) as { rootfs?: { diff_ids?: unknown } } | null
  const diffIds = config?.rootfs?.diff_ids ?? []
  if (!isTexts(diffIds) || !diffIds.every(isDigest))
    throw new UserError(`Config ${Config} of ${files.description} names layers by other than sha256 digests. ${again}`)
  if (diffIds.length !== Layers.length)
    throw new UserError(
      `${files.description} has ${Layers.length} layers, its config names ${diffIds.length}. ${again}`,
    )
  const sizes = await Promise.all(Layers.map((name) => files.size(name)))
  const missing = Layers.filter((_, index) => sizes[index] === undefined)
  if (missing.length > 0)
    throw new UserError(`${files.description} lacks ${missing.join(', ')}: it is truncated. ${again}`)
  return { bytes, digest, diffIds }
}

async function readJson(files: FileSet, name: string): Promise<unknown> {
  try {
    return JSON.parse((await files.read(name))?.toString('utf8') ?? '')
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new UserError(`${name} of ${files.description} is not JSON. ${again}`)
  }
}

const again = 'Export the image again.'

async function prepareLayer(
  files: FileSet,
  name: string,
  diffId: string,
  folder: TemporaryFolder,
  early: Zipped | undefined,
): Promise<Layer> {
  const compression = compressionOf(await firstBytes(files, name))
  if (compression !== 'none') {
    const packed = { name: `layer ${name} of ${files.description}`, bytes: (await files.size(name))! }
    const found = await inspectLayer(files.open(name), compression, packed)
    checkDiffId(files, name, found.diffId, diffId)
    return layer(found, compression, () => files.chunks(name))
  }
  const file = path.join(folder.path, `${diffId.slice('sha256:'.length)}.tar.gz`)
  const made = early ?? (await gzipTo(file, files.open(name)))
  checkDiffId(files, name, made.diffId, diffId)
  return layer(made, 'gzip', async () => fileChunks(made.file, 0, made.size))
}

function layer(
  { digest, size }: { digest: string; size: number },
  compression: Compression,
  open: ImageSource['openBlob'],
): Layer {
  return { descriptor: { mediaType: mediaTypes.dockerLayerGzip, digest, size }, compression, open }
}

function checkDiffId(files: FileSet, name: string, actual: string, expected: string): void {
  if (actual !== expected)
    throw new ContentError(
      `Layer ${name} of ${files.description} has other content than the image's config says: diff_id ${actual} instead of ${expected}. ${again}`,
    )
}

async function firstBytes(files: FileSet, name: string): Promise<Buffer> {
  for await (const chunk of files.open(name)) return chunk
  return Buffer.alloc(0)
}

/**
 * Docker's manifest, schema 2, which every puller knows; OCI's where a layer is zstd, which Docker's has no media
 * type for.
 */
function buildManifest(config: Buffer, layers: Layer[]) {
  const isOci = layers.some(({ compression }) => compression === 'zstd')
  const text = JSON.stringify({
    schemaVersion: 2,
    mediaType: isOci ? mediaTypes.ociManifest : mediaTypes.dockerManifest,
    config: {
      mediaType: isOci ? 'application/vnd.oci.image.config.v1+json' : mediaTypes.dockerConfig,
      size: config.length,
      digest: digestOf(config),
    },
    layers: layers.map(({ descriptor: { digest, size }, compression }) => ({
      mediaType: isOci ? `application/vnd.oci.image.layer.v1.tar+${compression}` : mediaTypes.dockerLayerGzip,
      size,
      digest,
    })),
  })
  return parseManifest(Buffer.from(text), 'the manifest made for the docker archive')
}
