import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import path from 'node:path'
import { UserError } from '@deploy-actions/action-kit'
import { type Manifest, parseManifest } from '../manifest.ts'
import { isIndexType } from '../media-types.ts'
import { capitalised } from '../text.ts'
import { compressionOf, unpackError, unpackSteps, type Zipped } from './compression.ts'
import { dockerArchiveSource } from './docker-archive.ts'
import { type FileSet, tarFiles } from './files.ts'
import { blobName, layoutSource, openOciLayout, type Selection } from './oci-layout.ts'
import type { ImageSource } from './source.ts'
import { tarEntries } from './tar.ts'
import { type TemporaryFolder, temporaryFolder, writeStream } from './temporary.ts'

export interface ArchiveOptions extends Selection {
  /** Where temporary copies go: RUNNER_TEMP. */
  temp: string
}

/**
 * Opens an OCI layout directory, or an archive of either kind. Throws a UserError that names the path when it is
 * neither.
 */
export async function openImageFile(location: string, options: ArchiveOptions): Promise<ImageSource> {
  const found = await stat(location).catch(() => undefined)
  if (!found) throw new UserError(`Input "image" is "${location}", and there is no such file or directory.`)
  return found.isDirectory() ? openOciLayout(location, options) : openArchive(location, options)
}

/**
 * Opens an OCI archive or a docker archive (`docker save`), plain or compressed by gzip or zstd. What is both, as
 * `docker save` has written since Docker 25, is taken as OCI, digests unchanged, unless its layers are plain tars,
 * which not every puller takes: those are compressed as `docker push` would.
 */
export async function openArchive(
  file: string,
  options: ArchiveOptions,
  { name = `archive ${file}`, early }: { name?: string; early?: Map<string, Zipped> } = {},
): Promise<ImageSource> {
  const folder = await temporaryFolder(options.temp)
  try {
    const plain = await plainTar(file, folder, name)
    const entries = await tarEntries(plain, name)
    const files = tarFiles(plain, entries, name)
    const isDocker = entries.has('manifest.json')
    const isLayout = entries.has('oci-layout') && entries.has('index.json')
    if (isLayout && !(isDocker && (await needsCompression(files))))
      return await layoutSource(files, options, folder.remove)
    if (isDocker) return await dockerArchiveSource(files, folder, early)
    throw new UserError(
      `${capitalised(name)} is a tar of something else: it has neither index.json with oci-layout nor manifest.json. If it was exported as an image, it is truncated; export it again.`,
    )
  } catch (error) {
    await folder.remove()
    throw error
  }
}

async function plainTar(file: string, folder: TemporaryFolder, name: string): Promise<string> {
  await using handle = await open(file, 'r')
  const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0)
  const compression = compressionOf(buffer)
  if (compression === 'none') return file
  const plain = path.join(folder.path, 'archive.tar')
  const packed = { name, bytes: (await handle.stat()).size }
  await writeStream(plain, createReadStream(file), ...unpackSteps(compression, packed)).catch((error) => {
    throw unpackError(error, packed)
  })
  return plain
}

/**
 * Whether the layout holds nothing, or one image with plain tars as layers: what Docker's older image store saves.
 */
async function needsCompression(files: FileSet): Promise<boolean> {
  const read = async (name: string): Promise<Manifest | undefined> => {
    const bytes = await files.read(name)
    return bytes && parseManifest(bytes, `${name} of ${files.description}`)
  }
  const index = await read('index.json')
  const roots = new Set(index?.manifests.map(({ digest }) => digest))
  if (roots.size === 0) return true
  const [first] = index!.manifests
  if (roots.size > 1 || isIndexType(first!.mediaType)) return false
  const image = await read(blobName(first!.digest))
  return image?.layers.some(({ mediaType }) => mediaType.endsWith('.tar')) ?? false
}
