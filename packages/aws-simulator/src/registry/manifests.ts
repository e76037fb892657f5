import { digestOf, parseDigest } from './digest.ts'
import { RegistryError } from './errors.ts'
import { parseManifest } from './manifest.ts'
import type { RegistryCall, RegistryPolicy } from './policy.ts'
import type { Reply } from './reply.ts'
import { deleteManifest, findManifest, type Repository, type StoredManifest } from './store.ts'
import type { BodySource } from './uploads.ts'

const tagPattern = /^\w[\w.-]{0,127}$/

const unknown = (reference: string) => new RegistryError(404, 'MANIFEST_UNKNOWN', `manifest unknown: ${reference}`)

async function readLimited(body: BodySource, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    // Read on to the end, so that the answer reaches a client that is still sending.
    if (size <= limit) chunks.push(chunk)
  }
  if (size > limit) throw new RegistryError(413, 'SIZE_INVALID', `the manifest has ${size} bytes, more than ${limit}`)
  return Buffer.concat(chunks)
}

async function putManifest(
  call: RegistryCall,
  policy: RegistryPolicy,
  repository: Repository,
  reference: string,
  body: BodySource,
): Promise<Reply> {
  const bytes = await readLimited(body, policy.manifestLimit)
  const wanted = parseDigest(reference)
  if (!wanted && !tagPattern.test(reference)) {
    throw new RegistryError(
      400,
      reference.includes(':') ? 'DIGEST_INVALID' : 'TAG_INVALID',
      `invalid reference: ${reference}`,
    )
  }
  const digest = digestOf(bytes, wanted?.algorithm)
  if (wanted && digest !== reference) {
    throw new RegistryError(400, 'DIGEST_INVALID', `the manifest has the digest ${digest}, not ${reference}`)
  }
  const content = parseManifest(bytes)
  if (!content) throw new RegistryError(400, 'MANIFEST_INVALID', 'the manifest is no JSON object with descriptors')
  const mediaType =
    call.request.headers['content-type'] ?? content.mediaType ?? 'application/vnd.oci.image.manifest.v1+json'
  const manifest: StoredManifest = { digest, bytes, mediaType, content, pushedAt: call.registry.now() }
  const tags = wanted ? call.url.searchParams.getAll('tag') : [reference]
  const invalid = tags.find((tag) => !tagPattern.test(tag))
  if (invalid !== undefined) throw new RegistryError(400, 'TAG_INVALID', `invalid tag: ${invalid}`)
  for (const tag of tags.length ? tags : [undefined]) policy.beforeManifest(call, repository, manifest, tag)
  storeManifest(repository, manifest, tags)
  return {
    status: 201,
    headers: {
      location: `/v2/${repository.name}/manifests/${reference}`,
      'docker-content-digest': digest,
      ...(content.subject ? { 'oci-subject': content.subject.digest } : {}),
      ...(wanted && tags.length ? { 'oci-tag': tags.join(', ') } : {}),
    },
  }
}

/** Keeps a manifest that is there already: only the tags move. */
export function storeManifest(repository: Repository, manifest: StoredManifest, tags: string[]): void {
  if (!repository.manifests.has(manifest.digest)) repository.manifests.set(manifest.digest, manifest)
  for (const tag of tags) repository.tags.set(tag, manifest.digest)
}

/** `HEAD`, `GET`, `PUT` and `DELETE /v2/<name>/manifests/<reference>`. */
export async function answerManifest(
  call: RegistryCall,
  policy: RegistryPolicy,
  name: string,
  reference: string,
  body: BodySource,
): Promise<Reply> {
  const repository = policy.repository(call, name, call.method === 'PUT' ? 'push' : 'pull')
  if (call.method === 'PUT') return putManifest(call, policy, repository, reference, body)
  if (!parseDigest(reference) && !tagPattern.test(reference)) {
    throw new RegistryError(policy.invalidReferenceStatus, 'MANIFEST_UNKNOWN', `invalid reference: ${reference}`)
  }
  if (call.method === 'DELETE') {
    if (!findManifest(repository, reference)) throw unknown(reference)
    if (parseDigest(reference)) deleteManifest(repository, reference)
    else policy.deleteTag(repository, reference)
    return { status: 202 }
  }
  const manifest = findManifest(repository, reference)
  if (!manifest) throw unknown(reference)
  policy.readManifest(repository, manifest)
  const digestHeader = call.method === 'HEAD' || policy.manifestDigestHeaderOnGet
  const headers = {
    'content-type': manifest.mediaType,
    ...(digestHeader ? { 'docker-content-digest': manifest.digest } : {}),
  }
  if (call.method !== 'HEAD') return { status: 200, headers, body: manifest.bytes }
  return { status: 200, headers: { ...headers, 'content-length': String(manifest.bytes.length) }, bodiless: true }
}
