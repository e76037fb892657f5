import { UserError } from '@deploy-actions/action-kit'
import { shortDigest } from '../reference.ts'
import type { Chunks } from '../sources/chunks.ts'
import { type Purpose, RegistryError } from './errors.ts'
import { type HttpResponse, longestSilenceMs } from './http.ts'
import { discard, type Registry } from './registry.ts'
import { isTransient } from './retry.ts'
import { ContentError, verified } from './verified.ts'

export interface Blob {
  digest: string
  size: number
}

export interface BlobSource {
  open(): Promise<Chunks>
  /** For error messages: `OCI layout ./image`. */
  description: string
}

export interface UploadOptions {
  mountFrom?: string | undefined
  /** Told how many bytes went out; negative when an attempt failed and its bytes count no more. */
  onBytes?: (count: number) => void
  signal?: AbortSignal
}

/** A registry reads a layer again before it commits it; this is slow enough for any. */
const commitBytesPerMs = 20_000

/** Whether the repository holds the blob (OCI distribution specification: HEAD blob). */
export function hasBlob(registry: Registry, repository: string, { digest }: Blob): Promise<boolean> {
  return registry.call(lookingUp(digest), () => lookUp(registry, repository, digest))
}

const lookingUp = (digest: string): Purpose => ({
  what: `look-up of layer ${shortDigest(digest)}`,
  action: 'ecr:BatchCheckLayerAvailability',
})

async function lookUp(registry: Registry, repository: string, digest: string): Promise<boolean> {
  const url = new URL(`/v2/${repository}/blobs/${digest}`, registry.access.origin)
  const response = await registry.send(lookingUp(digest), [200, 404], { method: 'HEAD', url })
  await discard(response)
  return response.status === 200
}

/**
 * Uploads one blob: POST, then one PUT with the whole body, which is the only form that all registries and ECR
 * agree on. Every attempt opens a new session, for ECR takes one body per session, and looks first whether the
 * previous attempt arrived after all. With `mountFrom` (a repository of the same registry) the registry may take
 * the blob from there. Throws a ContentError when the source's bytes are not what the digest says.
 */
export function uploadBlob(
  registry: Registry,
  repository: string,
  blob: Blob,
  source: BlobSource,
  { mountFrom, onBytes, signal }: UploadOptions = {},
): Promise<'uploaded' | 'mounted'> {
  const what = `upload of layer ${shortDigest(blob.digest)}`
  let corrupted = 0
  const attempt = async (retries: number) => {
    if (retries > 0 && (await lookUp(registry, repository, blob.digest))) return 'uploaded'
    const session = await openSession(registry, what, repository, blob.digest, retries === 0 ? mountFrom : undefined)
    if (session === 'mounted') return session

    let sent = 0
    const count = (bytes: number) => {
      sent += bytes
      onBytes?.(bytes)
    }
    try {
      await put(registry, what, session, blob, source, count, signal)
    } catch (error) {
      onBytes?.(-sent)
      // What we sent was hashed on its way out: a registry that received something else lost bits on the line.
      if (error instanceof RegistryError && error.code === 'DIGEST_INVALID' && corrupted++ < 2)
        throw Object.assign(new Error(`the registry received other bytes than were sent (${error.said})`), {
          code: 'ECONNRESET',
        })
      throw error
    }
    return 'uploaded'
  }
  return registry.call({ what, action: 'ecr:CompleteLayerUpload' }, attempt, signal)
}

async function openSession(
  registry: Registry,
  what: string,
  repository: string,
  digest: string,
  mountFrom: string | undefined,
): Promise<URL | 'mounted'> {
  const url = new URL(`/v2/${repository}/blobs/uploads/`, registry.access.origin)
  if (mountFrom) {
    const mountUrl = new URL(url)
    mountUrl.searchParams.set('mount', digest)
    mountUrl.searchParams.set('from', mountFrom)
    try {
      const response = await registry.send({ what, action: 'ecr:InitiateLayerUpload' }, [201, 202], {
        method: 'POST',
        url: mountUrl,
      })
      await discard(response)
      if (response.status === 201) {
        checkDigest(response, digest, what)
        return 'mounted'
      }
      return locationOf(response, mountUrl)
    } catch (error) {
      // Mounting is a favour: a role without rights on the source repository can still upload.
      if (!(error instanceof RegistryError) || isTransient(error) || error.status === 401) throw error
    }
  }
  const response = await registry.send({ what, action: 'ecr:InitiateLayerUpload' }, [202], { method: 'POST', url })
  await discard(response)
  return locationOf(response, url)
}

async function put(
  registry: Registry,
  what: string,
  session: URL,
  blob: Blob,
  source: BlobSource,
  onBytes: (count: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  session.searchParams.set('digest', blob.digest)
  const open = async () => counted(verified(blob.digest, blob.size, source.description, await source.open()), onBytes)
  const body = blob.size === 0 ? await checkedEmpty(open) : { size: blob.size, open }
  const response = await registry.send({ what, action: 'ecr:CompleteLayerUpload' }, [200, 201, 202, 204], {
    method: 'PUT',
    url: session,
    headers: { 'content-type': 'application/octet-stream' },
    body,
    answerMs: Math.max(registry.options.silenceMs ?? longestSilenceMs, blob.size / commitBytesPerMs),
    signal,
  })
  await discard(response)
  checkDigest(response, blob.digest, what)
}

async function* counted(chunks: Chunks, onBytes: (count: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    yield chunk
    onBytes(chunk.length)
  }
}

async function checkedEmpty(open: () => Promise<Chunks>): Promise<Buffer> {
  for await (const _ of await open());
  return Buffer.alloc(0)
}

/** Location may be relative or absolute and may carry a query that belongs to the session. */
function locationOf(response: HttpResponse, base: URL): URL {
  const { location } = response.headers
  if (location) return new URL(location, base)
  throw new UserError(`The registry ${base.host} opened an upload without saying where (no Location header).`)
}

function checkDigest(response: HttpResponse, digest: string, what: string): void {
  const said = response.headers['docker-content-digest']
  if (said !== undefined && said !== digest)
    throw new ContentError(
      `The registry confirmed the ${what} as ${said} although ${digest} was sent. It is not to be trusted with this image; no tag was set.`,
    )
}

/**
 * A blob's content. Redirects are followed, ECR's lead to S3, and Authorization is only sent to the registry.
 */
export function openBlob(registry: Registry, repository: string, blob: Blob): Promise<Chunks> {
  const purpose = { what: `download of layer ${shortDigest(blob.digest)}`, action: 'ecr:GetDownloadUrlForLayer' }
  return registry.call(purpose, async () => {
    let url = new URL(`/v2/${repository}/blobs/${blob.digest}`, registry.access.origin)
    for (let hop = 0; hop < 5; hop++) {
      const response = await registry.send(purpose, [200, 301, 302, 303, 307, 308], {
        method: 'GET',
        url,
      })
      if (response.status === 200) return response.stream
      await discard(response)
      url = locationOf(response, url)
    }
    throw new UserError(`The ${purpose.what} was redirected more than five times.`)
  })
}
