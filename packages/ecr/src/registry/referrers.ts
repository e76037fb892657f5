import { type Descriptor, parseManifest } from '../manifest.ts'
import { mediaTypes } from '../media-types.ts'
import { readAnswer } from './http.ts'
import { longestManifest, manifestDigest, readManifest } from './manifests.ts'
import { discard, type Registry } from './registry.ts'

export interface Referrer {
  digest: string
  /** Where tools without the referrers API look for it. */
  tag?: string
}

/** Cosign's own tags for signatures, attestations and SBOMs, from before registries could list referrers. */
const cosignSuffixes = ['.sig', '.att', '.sbom']

/**
 * What belongs to a manifest without being part of it: signatures, SBOMs, attestations. By the referrers API, by
 * the tag that stands in for it (OCI distribution specification: listing referrers), and by cosign's tags. Throws a
 * RegistryError where the role may not look.
 */
export async function referrersOf(registry: Registry, repository: string, digest: string): Promise<Referrer[]> {
  const listed =
    (await listReferrers(registry, repository, digest)) ?? (await taggedIndex(registry, repository, digest))
  const found: Referrer[] = listed.map((descriptor) => ({ digest: descriptor.digest }))
  for (const suffix of cosignSuffixes) {
    const tag = `${digest.replace(':', '-')}${suffix}`
    const tagged = await manifestDigest(registry, repository, tag)
    if (tagged) found.push({ digest: tagged, tag })
  }
  return found
}

/** Undefined where the registry does not know the API. */
function listReferrers(registry: Registry, repository: string, digest: string): Promise<Descriptor[] | undefined> {
  const purpose = { what: `list of what refers to ${digest}`, action: 'ecr:ListImageReferrers' }
  return registry.call(purpose, async () => {
    const found: Descriptor[] = []
    let url: URL | undefined = new URL(`/v2/${repository}/referrers/${digest}`, registry.access.origin)
    while (url) {
      const response = await registry.send(purpose, [200, 404], {
        method: 'GET',
        url,
        headers: { accept: mediaTypes.ociIndex },
      })
      if (response.status === 404) {
        await discard(response)
        return undefined
      }
      found.push(
        ...parseManifest(await readAnswer(response, longestManifest), purpose.what, mediaTypes.ociIndex).manifests,
      )
      const next = String(response.headers.link ?? '').match(/<([^>]+)>;\s*rel="?next"?/)?.[1]
      url = next ? new URL(next, url) : undefined
    }
    return found
  })
}

async function taggedIndex(registry: Registry, repository: string, digest: string): Promise<Descriptor[]> {
  return (await readManifest(registry, repository, digest.replace(':', '-')))?.manifests ?? []
}
