import { readFileSync } from 'node:fs'
import { digestOf, parseDigest } from '../registry/digest.ts'
import { findManifest, type Repository, type StoredManifest } from '../registry/store.ts'
import type { ImageLookup } from '../world.ts'
import type { EcrRegistries, EcrRegistry } from './registries.ts'

export interface ImageReference {
  host: string
  name: string
  /** A tag or a digest. */
  reference: string
}

/** `host/repository:tag` or `host/repository@digest`; undefined without a registry host. */
export function parseImageReference(text: string): ImageReference | undefined {
  const match = /^([^/]+[.:][^/]*)\/([^@]+?)(?::(\w[\w.-]*))?(?:@(.+))?$/.exec(text)
  if (!match) return undefined
  return { host: match[1]!, name: match[2]!, reference: match[4] ?? match[3] ?? 'latest' }
}

const labels = new WeakMap<StoredManifest, Record<string, string>>()

/** The labels of an image's config; of an index, those of its first image for a platform. */
export function labelsOf(
  registry: EcrRegistry,
  repository: Repository,
  manifest: StoredManifest,
): Record<string, string> {
  const known = labels.get(manifest)
  if (known) return known
  const child = manifest.content.manifests.find((one) => one.platform?.os !== 'unknown')
  const childManifest = child && repository.manifests.get(child.digest)
  const found = childManifest
    ? labelsOf(registry, repository, childManifest)
    : configLabels(registry, repository, manifest)
  labels.set(manifest, found)
  return found
}

function configLabels(
  registry: EcrRegistry,
  repository: Repository,
  { content }: StoredManifest,
): Record<string, string> {
  const digest = parseDigest(content.config?.digest)
  if (!digest || !repository.blobs.has(content.config!.digest)) return {}
  try {
    const config = JSON.parse(readFileSync(registry.core.files.pathOf(digest), 'utf8')) as {
      config?: { Labels?: Record<string, string> | null }
    }
    return config.config?.Labels ?? {}
  } catch {
    // Artifacts have configs that are no JSON.
    return {}
  }
}

/**
 * How ECS finds images. `registryOfHost` knows the hosts of the simulator; other hosts' images exist with an
 * invented, stable digest.
 */
export function imageLookup(
  registries: EcrRegistries,
  registryOfHost: (host: string) => EcrRegistry | undefined,
): ImageLookup {
  return {
    resolve(text) {
      const parsed = parseImageReference(text)
      const ecr = /^(\d{12})\.dkr[.-]ecr\.([a-z0-9-]+)\.(?:amazonaws\.com|on\.aws)$/.exec(parsed?.host ?? '')
      const registry = ecr ? registries.of(ecr[1]!, ecr[2]!) : parsed && registryOfHost(parsed.host)
      if (!parsed || !registry) return { digest: digestOf(Buffer.from(text)), labels: {} }
      const repository = registry.core.repositories.get(parsed.name)
      const manifest = repository && findManifest(repository, parsed.reference)
      if (!manifest || registry.imageOf(manifest).status !== 'ACTIVE') return undefined
      const platformDigest = manifest.content.manifests.find((one) => one.platform?.os !== 'unknown')?.digest
      return { digest: manifest.digest, labels: labelsOf(registry, repository, manifest), platformDigest }
    },
  }
}
