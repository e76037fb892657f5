import { UserError } from '@deploy-actions/action-kit'
import { openBlob } from '../registry/blobs.ts'
import { readManifest } from '../registry/manifests.ts'
import type { Registry } from '../registry/registry.ts'
import type { ImageSource } from './source.ts'

/**
 * Opens an image of another registry, so that it can be copied with every digest unchanged. Throws a UserError when
 * it is missing.
 */
export async function openRegistryImage(
  registry: Registry,
  repository: string,
  reference: string,
): Promise<ImageSource> {
  const where = `${registry.access.host}/${repository}`
  const root = await readManifest(registry, repository, reference)
  if (!root) throw new UserError(`${where} has no image ${reference}.`)
  return {
    description: where,
    root: { digest: root.digest, mediaType: root.mediaType, size: root.bytes.length },
    readManifest: async ({ digest }) =>
      digest === root.digest ? root.bytes : (await readManifest(registry, repository, digest))?.bytes,
    // The registry took the manifest, so it holds its blobs; asking for each would double the calls.
    blobSize: async ({ size }) => size,
    openBlob: (descriptor) => openBlob(registry, repository, descriptor),
    close: async () => registry.close(),
  }
}
