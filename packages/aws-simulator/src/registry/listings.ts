import { parseDigest } from './digest.ts'
import { RegistryError } from './errors.ts'
import type { RegistryCall, RegistryPolicy } from './policy.ts'
import type { Reply } from './reply.ts'
import type { Repository, StoredManifest } from './store.ts'

const json = (value: unknown, headers: Record<string, string> = {}, type = 'application/json'): Reply => ({
  status: 200,
  headers: { 'content-type': type, ...headers },
  body: JSON.stringify(value),
})

function page(
  call: RegistryCall,
  policy: RegistryPolicy,
  names: string[],
  path: string,
): { names: string[]; link: Record<string, string> } {
  const given = call.url.searchParams.get('n')
  const size = given === null ? policy.maximumPage : Number(given)
  if (!Number.isInteger(size) || size < 0 || (given !== null && size > policy.maximumPage)) {
    throw new RegistryError(400, 'UNSUPPORTED', `n must be a number from 0 to ${policy.maximumPage}, not ${given}`)
  }
  const last = call.url.searchParams.get('last')
  const rest = names.sort().filter((name) => last === null || name > last)
  const shown = rest.slice(0, size)
  const more = shown.length > 0 && shown.length < rest.length
  const next = `${path}?n=${size}&last=${encodeURIComponent(shown.at(-1) ?? '')}`
  return { names: shown, link: more ? { link: `<${next}>; rel="next"` } : {} }
}

/** `GET /v2/<name>/tags/list` */
export function listTags(call: RegistryCall, policy: RegistryPolicy, name: string): Reply {
  const repository = policy.repository(call, name, 'pull')
  const { names, link } = page(call, policy, [...repository.tags.keys()], `/v2/${name}/tags/list`)
  return json({ name, tags: names }, link)
}

/** `GET /v2/_catalog` */
export function listRepositories(call: RegistryCall, policy: RegistryPolicy): Reply {
  const { names, link } = page(call, policy, [...call.registry.repositories.keys()], '/v2/_catalog')
  return json({ repositories: names }, link)
}

export const artifactTypeOf = ({ content }: StoredManifest): string | undefined =>
  content.artifactType ?? content.config?.mediaType

export const referrersOf = (repository: Repository, subject: string): StoredManifest[] =>
  [...repository.manifests.values()].filter((manifest) => manifest.content.subject?.digest === subject)

/** `GET /v2/<name>/referrers/<digest>`: always an index, empty for what nothing refers to. */
export function listReferrers(call: RegistryCall, policy: RegistryPolicy, name: string, subject: string): Reply {
  if (!parseDigest(subject)) throw new RegistryError(400, 'DIGEST_INVALID', `invalid digest: ${subject}`)
  let repository: Repository | undefined
  try {
    repository = policy.repository(call, name, 'pull')
  } catch (error) {
    // The specification wants an empty list here, not a 404.
    if (!(error instanceof RegistryError && error.code === 'NAME_UNKNOWN')) throw error
  }
  const wanted = call.url.searchParams.get('artifactType')
  const manifests = (repository ? referrersOf(repository, subject) : [])
    .map((manifest) => ({
      mediaType: manifest.mediaType,
      digest: manifest.digest,
      size: manifest.bytes.length,
      artifactType: artifactTypeOf(manifest),
      annotations: manifest.content.annotations,
    }))
    .filter(({ artifactType }) => wanted === null || artifactType === wanted)
  const index = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests }
  return json(index, wanted === null ? {} : { 'oci-filters-applied': 'artifactType' }, index.mediaType)
}
