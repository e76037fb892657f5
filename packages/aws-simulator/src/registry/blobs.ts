import { parseDigest } from './digest.ts'
import { RegistryError } from './errors.ts'
import type { RegistryCall, RegistryPolicy } from './policy.ts'
import { requestedRange } from './range.ts'
import type { Reply } from './reply.ts'

/** A blob's bytes, or the part that `Range` asks for. */
export function serveBlob(call: RegistryCall, digest: string, size: number): Reply {
  const headers = {
    'content-type': 'application/octet-stream',
    'docker-content-digest': digest,
    'accept-ranges': 'bytes',
    etag: `"${digest}"`,
  }
  if (call.method === 'HEAD') {
    return { status: 200, headers: { ...headers, 'content-length': String(size) }, bodiless: true }
  }
  const range = requestedRange(call.request.headers.range, size)
  const path = call.registry.files.pathOf(parseDigest(digest)!)
  if (!range) return { status: 200, headers, file: { path, start: 0, length: size } }
  return {
    status: 206,
    headers: { ...headers, 'content-range': `bytes ${range.start}-${range.end}/${size}` },
    file: { path, start: range.start, length: range.end - range.start + 1 },
  }
}

/** `HEAD`, `GET` and `DELETE /v2/<name>/blobs/<digest>`. */
export async function answerBlob(
  call: RegistryCall,
  policy: RegistryPolicy,
  name: string,
  digest: string,
): Promise<Reply> {
  const repository = policy.repository(call, name, 'pull')
  if (!parseDigest(digest)) throw new RegistryError(400, 'DIGEST_INVALID', `invalid digest: ${digest}`)
  const size = repository.blobs.get(digest)
  if (size === undefined) throw new RegistryError(404, 'BLOB_UNKNOWN', `blob unknown to registry: ${digest}`)
  switch (call.method) {
    case 'HEAD':
      return serveBlob(call, digest, size)
    case 'GET': {
      const elsewhere = await policy.redirectBlob(call, repository, digest)
      return elsewhere ? { status: 307, headers: { location: elsewhere } } : serveBlob(call, digest, size)
    }
    case 'DELETE':
      repository.blobs.delete(digest)
      return { status: 202 }
  }
  throw new RegistryError(405, 'UNSUPPORTED', 'The operation is unsupported.')
}
