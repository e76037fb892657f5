import { availableParallelism } from 'node:os'
import path from 'node:path'
import { inParallel, UserError } from '@deploy-actions/action-kit'
import { type Descriptor, parseManifest } from '../manifest.ts'
import { mediaTypes } from '../media-types.ts'
import { digestOf } from '../reference.ts'
import { ContentError } from '../registry/verified.ts'
import { fileChunks } from './chunks.ts'
import { type Compression, compressionOf, gzipTo, inspectLayer } from './compression.ts'
import type { FileSet } from './files.ts'
import type { ImageSource } from './source.ts'
import type { TemporaryFolder } from './temporary.ts'

interface SavedImage {
  Config: string
  RepoTags: string[] | null
  Layers: string[]
}

interface Layer {
  descriptor: Descriptor
  compression: Compression
  open: ImageSource['openBlob']
}

/**
 * Opens what `docker save` writes: a config, layers and manifest.json, but no manifest, so one is made. Layers that are plain tars are compressed
 * into `folder`, always to the same bytes; compressed ones stay as they are. Every layer is checked against the config's diff_ids on the way.
 */
export async function dockerArchiveSource(files: FileSet, folder: TemporaryFolder): Promise<ImageSource> {
  const saved = await selectImage(files)
  const config = await readConfig(files, saved)
  const distinct = [...new Map(saved.Layers.map((name, index) => [config.diffIds[index]!, name]))]
  const prepared = new Map<string, Layer>()
  await inParallel(distinct, Math.min(4, availableParallelism()), async ([diffId, name]) => {
    prepared.set(diffId, await prepareLayer(files, name, diffId, folder))
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
  const bytes = await files.read('manifest.json')
  let images: SavedImage[]
  try {
    images = JSON.parse(bytes?.toString('utf8') ?? '')
  } catch {
    throw new UserError(`manifest.json of ${files.description} is not JSON. Export the image again.`)
  }
  const configs = new Map(images.map((image) => [image.Config, image]))
  if (configs.size === 1) return images[0]!
  if (configs.size === 0) throw new UserError(`${files.description} holds no image.`)
  const names = images.map(({ RepoTags, Config }) => `  ${RepoTags?.join(', ') || Config}`).join('\n')
  throw new UserError(
    `${files.description} holds ${configs.size} images; save the one to push alone, by docker save NAME:\n${names}`,
  )
}

async function readConfig(files: FileSet, { Config, Layers }: SavedImage) {
  const bytes = await files.read(Config)
  if (!bytes)
    throw new UserError(
      `${files.description} lacks the image's config ${Config}: it is truncated. Export the image again.`,
    )
  const digest = digestOf(bytes)
  const named = path.posix.basename(Config, '.json')
  if (/^[0-9a-f]{64}$/.test(named) && digest !== `sha256:${named}`)
    throw new ContentError(
      `Config ${Config} of ${files.description} has other content than its name says: its digest is ${digest}. Export the image again.`,
    )

  const { rootfs } = JSON.parse(bytes.toString('utf8')) as { rootfs?: { diff_ids?: string[] } }
  const diffIds = rootfs?.diff_ids ?? []
  if (diffIds.length !== Layers.length)
    throw new UserError(
      `${files.description} has ${Layers.length} layers, its config names ${diffIds.length}. Export the image again.`,
    )
  const missing: string[] = []
  for (const name of Layers) if ((await files.size(name)) === undefined) missing.push(name)
  if (missing.length > 0)
    throw new UserError(`${files.description} lacks ${missing.join(', ')}: it is truncated. Export the image again.`)
  return { bytes, digest, diffIds }
}

async function prepareLayer(files: FileSet, name: string, diffId: string, folder: TemporaryFolder): Promise<Layer> {
  const compression = compressionOf(await firstBytes(files, name))
  if (compression !== 'none') {
    const found = await inspectLayer(files.open(name), compression)
    checkDiffId(files, name, found.diffId, diffId)
    return layer(found, compression, () => files.chunks(name))
  }
  const file = path.join(folder.path, `${diffId.slice('sha256:'.length)}.tar.gz`)
  const made = await gzipTo(file, files.open(name))
  checkDiffId(files, name, made.diffId, diffId)
  return layer(made, 'gzip', async () => fileChunks(file, 0, made.size))
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
      `Layer ${name} of ${files.description} has other content than the image's config says: diff_id ${actual} instead of ${expected}. Export the image again.`,
    )
}

async function firstBytes(files: FileSet, name: string): Promise<Buffer> {
  for await (const chunk of files.open(name)) return chunk
  return Buffer.alloc(0)
}

/** Docker's manifest, schema 2, which every puller knows; OCI's where a layer is zstd, which Docker's has no media type for. */
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
