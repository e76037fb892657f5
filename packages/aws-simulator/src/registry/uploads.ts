import { randomUUID } from 'node:crypto'
import { parseDigest } from './digest.ts'
import { RegistryError } from './errors.ts'
import type { RegistryCall, RegistryPolicy } from './policy.ts'
import { chunkRange } from './range.ts'
import type { Reply } from './reply.ts'
import { commitUpload, type Registry, type Repository, type Upload } from './store.ts'

/** The request's body, which a fault may break off. */
export type BodySource = AsyncIterable<Buffer>

const uploadPath = (upload: Upload) => `/v2/${upload.repository.name}/blobs/uploads/${upload.id}`

function location(call: RegistryCall, policy: RegistryPolicy, path: string): string {
  return policy.upload.absoluteLocation ? `${call.origin}${path}` : path
}

function progress(call: RegistryCall, policy: RegistryPolicy, upload: Upload): Record<string, string> {
  const size = policy.upload.frozenRange ? (upload.firstEnd ?? upload.file.size) : upload.file.size
  return {
    location: location(call, policy, uploadPath(upload)),
    range: `0-${Math.max(0, size - 1)}`,
    'docker-upload-uuid': upload.id,
  }
}

/** Opens an upload session. */
export function openUpload(registry: Registry, repository: Repository): Upload {
  const upload: Upload = { id: randomUUID(), repository, file: registry.files.newFile(), parts: [] }
  registry.uploads.set(upload.id, upload)
  return upload
}

function uploadOf(call: RegistryCall, repository: Repository, id: string): Upload {
  const upload = call.registry.uploads.get(id)
  if (!upload || upload.repository !== repository) {
    throw new RegistryError(404, 'BLOB_UPLOAD_UNKNOWN', `blob upload unknown to registry: ${id}`)
  }
  return upload
}

async function receive(call: RegistryCall, policy: RegistryPolicy, upload: Upload, body: BodySource): Promise<void> {
  const range = chunkRange(call.request.headers['content-range'])
  const length = call.request.headers['content-length']
  if (length === '0') return
  try {
    policy.upload.beforeBody(upload, range)
  } catch (error) {
    if (error instanceof RegistryError) Object.assign(error.headers, progress(call, policy, upload))
    throw error
  }
  const before = upload.file.size
  await upload.file.append(body)
  const received = upload.file.size - before
  if (received === 0) return
  upload.parts.push(received)
  upload.firstEnd ??= upload.file.size
  if (range && received !== range.end - range.start + 1) {
    throw new RegistryError(
      416,
      'SIZE_INVALID',
      `Content-Range announced ${range.end - range.start + 1} bytes, ${received} came`,
    )
  }
}

async function commit(call: RegistryCall, policy: RegistryPolicy, upload: Upload): Promise<Reply> {
  const wanted = call.url.searchParams.get('digest')
  const digest = parseDigest(wanted)
  try {
    if (!digest) throw new RegistryError(400, 'DIGEST_INVALID', `the parameter digest is no digest: ${wanted}`)
    policy.upload.beforeCommit(upload)
    const actual = await upload.file.digest(digest.algorithm)
    if (actual !== wanted) {
      throw new RegistryError(400, 'DIGEST_INVALID', `the content has the digest ${actual}, not ${wanted}`)
    }
  } catch (error) {
    call.registry.uploads.delete(upload.id)
    await upload.file.discard()
    throw error
  }
  return created(call, policy, upload.repository, await commitUpload(call.registry, upload, digest))
}

function created(call: RegistryCall, policy: RegistryPolicy, repository: Repository, digest: string): Reply {
  return {
    status: 201,
    headers: {
      location: location(call, policy, `/v2/${repository.name}/blobs/${digest}`),
      'docker-content-digest': digest,
    },
  }
}

/** `POST /v2/<name>/blobs/uploads/`: a session, a mount, or with `digest` the whole blob at once. */
export async function startUpload(
  call: RegistryCall,
  policy: RegistryPolicy,
  name: string,
  body: BodySource,
): Promise<Reply> {
  const repository = policy.repository(call, name, 'push')
  const mount = call.url.searchParams.get('mount')
  if (
    mount !== null &&
    parseDigest(mount) &&
    policy.mount(call, repository, mount, call.url.searchParams.get('from'))
  ) {
    const source = [...call.registry.repositories.values()].find((one) => one.blobs.has(mount))!
    repository.blobs.set(mount, source.blobs.get(mount)!)
    return created(call, policy, repository, mount)
  }
  const upload = openUpload(call.registry, repository)
  if (call.url.searchParams.has('digest') && policy.upload.extras) {
    await receive(call, policy, upload, body)
    return commit(call, policy, upload)
  }
  return { status: 202, headers: { ...progress(call, policy, upload), range: '0-0' } }
}

/** `PATCH`, `PUT`, `GET` and `DELETE /v2/<name>/blobs/uploads/<id>`. */
export async function continueUpload(
  call: RegistryCall,
  policy: RegistryPolicy,
  name: string,
  id: string,
  body: BodySource,
): Promise<Reply> {
  const upload = uploadOf(call, policy.repository(call, name, 'push'), id)
  switch (call.method) {
    case 'PATCH':
      await receive(call, policy, upload, body)
      return { status: policy.upload.patchStatus, headers: progress(call, policy, upload) }
    case 'PUT':
      await receive(call, policy, upload, body)
      return commit(call, policy, upload)
    case 'GET':
      if (policy.upload.extras) return { status: 204, headers: progress(call, policy, upload) }
      break
    case 'DELETE':
      if (!policy.upload.extras) break
      call.registry.uploads.delete(id)
      await upload.file.discard()
      return { status: 204 }
  }
  throw new RegistryError(405, 'UNSUPPORTED', 'The operation is unsupported.')
}
