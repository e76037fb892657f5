import { writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { digestOf, parseDigest } from '../registry/digest.ts'
import { parseManifest } from '../registry/manifest.ts'
import { storeManifest } from '../registry/manifests.ts'
import type { Repository } from '../registry/store.ts'
import type { SeedImage } from '../scenario.ts'
import { type EcrRegistry, repositoryOf } from './registries.ts'
import { scanOnPush } from './scans.ts'

function addBlob(registry: EcrRegistry, repository: Repository, bytes: Buffer, mediaType: string) {
  const digest = digestOf(bytes)
  writeFileSync(registry.core.files.pathOf(parseDigest(digest)!), bytes)
  repository.blobs.set(digest, bytes.length)
  return { mediaType, digest, size: bytes.length }
}

function addManifest(registry: EcrRegistry, repository: Repository, value: { mediaType: string }, tags: string[]) {
  const bytes = Buffer.from(JSON.stringify(value))
  const manifest = {
    digest: digestOf(bytes),
    bytes,
    mediaType: value.mediaType,
    content: parseManifest(bytes)!,
    pushedAt: registry.core.now(),
  }
  storeManifest(repository, manifest, tags)
  scanOnPush(registry, repository, manifest)
  return { mediaType: value.mediaType, digest: manifest.digest, size: bytes.length }
}

function addPlatform(
  registry: EcrRegistry,
  repository: Repository,
  image: SeedImage,
  architecture: string,
  tags: string[],
) {
  const layer = Buffer.from(image.content ?? `${image.repository} ${architecture}`)
  const config = {
    architecture,
    os: 'linux',
    config: { Labels: image.labels ?? {}, Cmd: ['/app'] },
    rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
    created: '2026-01-01T00:00:00Z',
  }
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: addBlob(
      registry,
      repository,
      Buffer.from(JSON.stringify(config)),
      'application/vnd.oci.image.config.v1+json',
    ),
    layers: [addBlob(registry, repository, gzipSync(layer), 'application/vnd.oci.image.layer.v1.tar+gzip')],
  }
  return addManifest(registry, repository, manifest, tags)
}

/**
 * Makes a small but whole image: real blobs, real digests, the labels in its config. The same description gives the
 * same digest. Its layer is text and no file system, so it can be read, promoted and "run" here, and not by a
 * container engine. Returns the digest.
 */
export function seedImage(registry: EcrRegistry, image: SeedImage): string {
  const repository = repositoryOf(registry, image.repository)
  const tags = image.tags ?? []
  const platforms = image.platforms ?? []
  if (platforms.length === 0) return addPlatform(registry, repository, image, 'amd64', tags).digest
  const manifests = platforms.map((platform) => {
    const [os = 'linux', architecture = 'amd64'] = platform.split('/')
    return { ...addPlatform(registry, repository, image, architecture, []), platform: { os, architecture } }
  })
  const index = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests }
  return addManifest(registry, repository, index, tags).digest
}
