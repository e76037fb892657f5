import { UserError } from '@deploy-actions/action-kit'
import { type Manifest, parseManifest } from '../manifest.ts'
import { manifestMediaTypes } from '../media-types.ts'
import { digestOf, isDigest, shortDigest } from '../reference.ts'
import { type Purpose, RegistryError } from './errors.ts'
import { readAnswer } from './http.ts'
import { discard, type Registry } from './registry.ts'
import { ContentError } from './verified.ts'

/** ECR's own limit (ECR API: PutImage); one byte more shows that an answer is longer. */
export const longestManifest = 4_194_304

/**
 * The digest behind a tag or digest, or undefined when the repository has no such manifest (OCI distribution
 * specification: HEAD manifest).
 */
export function manifestDigest(registry: Registry, repository: string, reference: string): Promise<string | undefined> {
  const purpose = { what: `look-up of ${nameOf(reference)}`, action: 'ecr:BatchGetImage' }
  return registry.call(purpose, () => lookUp(registry, purpose, repository, reference))
}

async function lookUp(
  registry: Registry,
  purpose: Purpose,
  repository: string,
  reference: string,
): Promise<string | undefined> {
  const response = await registry.send(purpose, [200, 404], {
    method: 'HEAD',
    url: manifestUrl(registry, repository, reference),
    headers: { accept: manifestMediaTypes.join(', ') },
  })
  await discard(response)
  if (response.status === 404) return undefined
  const said = response.headers['docker-content-digest']
  if (typeof said === 'string') return said
  return (await fetchManifest(registry, purpose, repository, reference))?.digest
}

/**
 * A manifest with its exact bytes, or undefined. The digest is computed, for ECR does not name it in answers to
 * GET.
 */
export function readManifest(registry: Registry, repository: string, reference: string): Promise<Manifest | undefined> {
  const purpose = { what: `download of ${nameOf(reference)}`, action: 'ecr:BatchGetImage' }
  return registry.call(purpose, () => fetchManifest(registry, purpose, repository, reference))
}

async function fetchManifest(
  registry: Registry,
  purpose: Purpose,
  repository: string,
  reference: string,
): Promise<Manifest | undefined> {
  const response = await registry.send(purpose, [200, 404], {
    method: 'GET',
    url: manifestUrl(registry, repository, reference),
    headers: { accept: manifestMediaTypes.join(', ') },
  })
  if (response.status === 404) {
    await discard(response)
    return undefined
  }
  const bytes = await readAnswer(response, longestManifest + 1)
  if (isDigest(reference) && digestOf(bytes) !== reference)
    throw new ContentError(`The registry answered with other content than ${reference} names.`)
  return parseManifest(bytes, `${repository} ${nameOf(reference)}`, response.headers['content-type'])
}

/**
 * Puts a manifest under a tag or its own digest, byte for byte. A repeated attempt looks first whether the earlier
 * one arrived. Throws a UserError that names both digests when the tag is immutable and points elsewhere.
 */
export function putManifest(
  registry: Registry,
  repository: string,
  manifest: Manifest,
  reference: string,
): Promise<void> {
  const purpose = { what: `push of ${nameOf(reference)}`, action: 'ecr:PutImage' }
  return registry.call(purpose, async (retries) => {
    if (retries > 0 && (await lookUp(registry, purpose, repository, reference)) === manifest.digest) return
    try {
      const response = await registry.send(purpose, [200, 201, 202], {
        method: 'PUT',
        url: manifestUrl(registry, repository, reference),
        headers: { 'content-type': manifest.mediaType },
        body: manifest.bytes,
        answerMs: 120_000,
      })
      await discard(response)
      const said = response.headers['docker-content-digest']
      if (said !== undefined && said !== manifest.digest)
        throw new ContentError(
          `The registry stored the ${purpose.what} as ${said} although ${manifest.digest} was sent. Do not deploy this tag; look at the registry or the proxy in front of it.`,
        )
    } catch (error) {
      if (!(error instanceof RegistryError) || error.code !== 'TAG_INVALID') throw error
      const present = await lookUp(registry, purpose, repository, reference)
      if (present === manifest.digest) return
      throw new UserError(
        `Tag "${reference}" of repository "${repository}" is immutable: it points at ${present ?? 'another image'} and can't be moved to ${manifest.digest}. (${error.said})`,
      )
    }
  })
}

function manifestUrl(registry: Registry, repository: string, reference: string): URL {
  return new URL(`/v2/${repository}/manifests/${reference}`, registry.access.origin)
}

function nameOf(reference: string): string {
  return isDigest(reference) ? `manifest ${shortDigest(reference)}` : `tag ${reference}`
}
