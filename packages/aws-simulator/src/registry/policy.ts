import type { IncomingMessage } from 'node:http'
import { RegistryError } from './errors.ts'
import { blobsMissing, type Registry, type Repository, type StoredManifest, type Upload } from './store.ts'

/** A request on its way through the registry. */
export interface RegistryCall {
  request: IncomingMessage
  method: string
  url: URL
  registry: Registry
  /** `http://host:port` as the client called it. */
  origin: string
}

/** Where registries differ. The core asks; a policy refuses by throwing RegistryError. */
export interface RegistryPolicy {
  /** Called before anything else. */
  authorize(call: RegistryCall): void
  /** The repository of a name; `push` may create it. Throws NAME_UNKNOWN. */
  repository(call: RegistryCall, name: string, purpose: 'push' | 'pull'): Repository
  upload: {
    patchStatus: 201 | 202
    /** `Range` stays at the end of the first chunk. */
    frozenRange: boolean
    absoluteLocation: boolean
    /** POST with `?digest=` and a body, GET and DELETE of a session. */
    extras: boolean
    beforeBody(upload: Upload, contentRange: { start: number; end: number } | undefined): void
    beforeCommit(upload: Upload): void
  }
  mount(call: RegistryCall, target: Repository, digest: string, from: string | null): boolean
  /** Refuses a manifest before it is stored. `tag` is where it would go. */
  beforeManifest(call: RegistryCall, repository: Repository, manifest: StoredManifest, tag: string | undefined): void
  manifestDigestHeaderOnGet: boolean
  readManifest(repository: Repository, manifest: StoredManifest): void
  /** Where to send the client for a blob, or undefined to serve it here. Throws when it must not be read. */
  redirectBlob(call: RegistryCall, repository: Repository, digest: string): Promise<string | undefined>
  deleteTag(repository: Repository, tag: string): void
  maximumPage: number
  /** Answer to reading what can be neither a tag nor a digest. */
  invalidReferenceStatus: 400 | 404
  /** Largest manifest in bytes. */
  manifestLimit: number
}

const missingBlobs = (digests: string[]) =>
  new RegistryError(
    404,
    'MANIFEST_BLOB_UNKNOWN',
    `blobs of the manifest are not in the repository: ${digests.join(', ')}`,
  )

/** The OCI distribution specification, and nothing beside it. Repositories come into being by a push. */
export const ociPolicy: RegistryPolicy = {
  authorize: () => undefined,
  repository({ registry }, name, purpose) {
    const repository = registry.repositories.get(name)
    if (repository) return repository
    if (purpose === 'push') return registry.create(name)
    throw new RegistryError(404, 'NAME_UNKNOWN', `repository name not known to registry: ${name}`)
  },
  upload: {
    patchStatus: 202,
    frozenRange: false,
    absoluteLocation: false,
    extras: true,
    beforeBody(upload, range) {
      if (range && range.start !== upload.file.size) {
        throw new RegistryError(
          416,
          'BLOB_UPLOAD_INVALID',
          `the next byte expected is ${upload.file.size}, not ${range.start}`,
        )
      }
    },
    beforeCommit: () => undefined,
  },
  mount({ registry }, _target, digest, from) {
    if (from !== null) return registry.repositories.get(from)?.blobs.has(digest) ?? false
    return [...registry.repositories.values()].some((repository) => repository.blobs.has(digest))
  },
  beforeManifest(_call, repository, manifest) {
    const missing = blobsMissing(repository, manifest.content)
    if (missing.length) throw missingBlobs(missing)
  },
  manifestDigestHeaderOnGet: true,
  readManifest: () => undefined,
  redirectBlob: async () => undefined,
  deleteTag: (repository, tag) => void repository.tags.delete(tag),
  maximumPage: 10_000,
  invalidReferenceStatus: 404,
  manifestLimit: 4_194_304,
}
