import { UserError } from '@deploy-actions/action-kit'
import { type Descriptor, isAttestation, parseManifest, platformText } from '../manifest.ts'
import { isDigest } from '../reference.ts'
import { directoryFiles, type FileSet } from './files.ts'
import type { ImageSource } from './source.ts'

/** Which image of a layout is meant, where it holds several. */
export interface Selection {
  digest?: string | undefined
}

/**
 * Opens an OCI image layout directory (OCI image specification: image layout). Throws a UserError when it is none,
 * or holds several images and `selection` does not say which.
 */
export function openOciLayout(directory: string, selection: Selection = {}): Promise<ImageSource> {
  return layoutSource(directoryFiles(directory, `OCI layout ${directory}`), selection)
}

export async function layoutSource(
  files: FileSet,
  selection: Selection,
  close?: () => Promise<void>,
): Promise<ImageSource> {
  const root = await selectRoot(files, selection)
  return {
    description: files.description,
    root,
    readManifest: ({ digest }) => files.read(blobName(digest)),
    blobSize: ({ digest }) => files.size(blobName(digest)),
    openBlob: ({ digest }) => files.chunks(blobName(digest)),
    close: close ?? (async () => {}),
  }
}

async function selectRoot(files: FileSet, { digest }: Selection): Promise<Descriptor> {
  if (!(await files.size('oci-layout')))
    throw new UserError(
      `${files.description} is not an OCI layout: it has no file "oci-layout". Input "image" takes what docker buildx build --output type=oci writes, or an archive.`,
    )
  const bytes = await files.read('index.json')
  if (!bytes?.length)
    throw new UserError(`${files.description} has no index.json: the export was not finished. Export the image again.`)
  const { manifests } = parseManifest(bytes, `index.json of ${files.description}`, indexType)
  // One image under several tags is several equal entries.
  const images = [...new Map(manifests.map((entry) => [entry.digest, entry])).values()]
  if (digest) {
    const chosen = images.find((entry) => entry.digest === digest)
    if (chosen) return chosen
    throw new UserError(
      `${files.description} does not hold ${digest}, which input "digest" expects. It holds ${images.map((entry) => entry.digest).join(', ') || 'no image'}.`,
    )
  }
  if (images.length === 1) return images[0]!
  if (images.length === 0) throw new UserError(`${files.description} holds no image: its index.json is empty.`)
  const list = images.map((entry) => `  ${entry.digest}${labelOf(entry)}`).join('\n')
  throw new UserError(`${files.description} holds ${images.length} images. Say which one by input "digest":\n${list}`)
}

const indexType = 'application/vnd.oci.image.index.v1+json'

function labelOf(entry: Descriptor): string {
  if (isAttestation(entry)) return ' (attestation)'
  const name =
    entry.annotations?.['io.containerd.image.name'] ?? entry.annotations?.['org.opencontainers.image.ref.name']
  const label = name ?? platformText(entry.platform)
  return label ? ` (${label})` : ''
}

/** The file of a blob in a layout. */
export function blobName(digest: string): string {
  if (!isDigest(digest)) throw new UserError(`"${digest}" is not a sha256 digest.`)
  return `blobs/sha256/${digest.slice('sha256:'.length)}`
}
