import type { BlobFiles, IncomingFile } from './blob-files.ts'
import { type Digest, parseDigest } from './digest.ts'
import { blobsOf, type ManifestContent } from './manifest.ts'

export interface StoredManifest {
  digest: string
  /** Exactly as pushed: the digest is theirs. */
  bytes: Buffer
  mediaType: string
  content: ManifestContent
  pushedAt: Date
}

export interface Upload {
  id: string
  repository: Repository
  file: IncomingFile
  /** Sizes of the bodies received so far, for registries that care. */
  parts: number[]
  /** End of the first body; some registries never report more. */
  firstEnd?: number
}

export interface Repository {
  name: string
  createdAt: Date
  /** Sizes of the blobs that can be read in this repository. */
  blobs: Map<string, number>
  manifests: Map<string, StoredManifest>
  tags: Map<string, string>
}

/**
 * One registry: repositories, the blobs they share on disk, and open uploads. It knows nothing of who may do what.
 */
export interface Registry {
  readonly files: BlobFiles
  readonly repositories: Map<string, Repository>
  readonly uploads: Map<string, Upload>
  now(): Date
  create(name: string): Repository
}

export function createRegistry(files: BlobFiles, now: () => Date): Registry {
  const repositories = new Map<string, Repository>()
  return {
    files,
    repositories,
    uploads: new Map(),
    now,
    create(name) {
      const repository = { name, createdAt: now(), blobs: new Map(), manifests: new Map(), tags: new Map() }
      repositories.set(name, repository)
      return repository
    },
  }
}

/** A manifest by tag or digest. */
export function findManifest(repository: Repository, reference: string): StoredManifest | undefined {
  return repository.manifests.get(parseDigest(reference) ? reference : (repository.tags.get(reference) ?? ''))
}

export const tagsOf = (repository: Repository, digest: string): string[] =>
  [...repository.tags].filter(([, tagged]) => tagged === digest).map(([tag]) => tag)

export const blobsMissing = (repository: Repository, content: ManifestContent): string[] =>
  blobsOf(content)
    .map((blob) => blob.digest)
    .filter((digest) => !repository.blobs.has(digest))

export const childrenMissing = (repository: Repository, content: ManifestContent): string[] =>
  content.manifests.map((child) => child.digest).filter((digest) => !repository.manifests.has(digest))

/** Deletes a manifest and every tag on it. */
export function deleteManifest(repository: Repository, digest: string): boolean {
  for (const tag of tagsOf(repository, digest)) repository.tags.delete(tag)
  return repository.manifests.delete(digest)
}

/** Takes a finished upload into its repository under the digest, which the caller has compared. */
export async function commitUpload(registry: Registry, upload: Upload, digest: Digest): Promise<string> {
  const text = `${digest.algorithm}:${digest.hex}`
  const size = upload.file.size
  await upload.file.commit(digest)
  upload.repository.blobs.set(text, size)
  registry.uploads.delete(upload.id)
  return text
}
