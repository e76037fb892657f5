import { answerBlob } from './blobs.ts'
import { RegistryError } from './errors.ts'
import { listReferrers, listRepositories, listTags } from './listings.ts'
import { answerManifest } from './manifests.ts'
import type { RegistryCall, RegistryPolicy } from './policy.ts'
import type { Reply } from './reply.ts'
import { type BodySource, continueUpload, startUpload } from './uploads.ts'

const namePattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/

type Route = (
  call: RegistryCall,
  policy: RegistryPolicy,
  name: string,
  last: string,
  body: BodySource,
) => Reply | Promise<Reply>

const routes: { pattern: RegExp; methods: string[]; answer: Route }[] = [
  {
    pattern: /^\/v2\/(.+)\/blobs\/uploads\/?()$/,
    methods: ['POST'],
    answer: (c, p, name, _, body) => startUpload(c, p, name, body),
  },
  {
    pattern: /^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/,
    methods: ['PATCH', 'PUT', 'GET', 'DELETE'],
    answer: continueUpload,
  },
  { pattern: /^\/v2\/(.+)\/blobs\/([^/]+)$/, methods: ['HEAD', 'GET', 'DELETE'], answer: answerBlob },
  { pattern: /^\/v2\/(.+)\/manifests\/([^/]+)$/, methods: ['HEAD', 'GET', 'PUT', 'DELETE'], answer: answerManifest },
  { pattern: /^\/v2\/(.+)\/tags\/list()$/, methods: ['GET'], answer: listTags },
  { pattern: /^\/v2\/(.+)\/referrers\/([^/]+)$/, methods: ['GET'], answer: listReferrers },
]

/** Answers a request under `/v2/`. Throws RegistryError; `errorReply` turns it into an answer. */
export async function answerRegistry(call: RegistryCall, policy: RegistryPolicy, body: BodySource): Promise<Reply> {
  policy.authorize(call)
  const path = decodeURIComponent(call.url.pathname)
  if (/^\/v2\/?$/.test(path)) return { status: 200, headers: { 'content-type': 'application/json' }, body: '{}' }
  if (path === '/v2/_catalog' && call.method === 'GET') return listRepositories(call, policy)
  for (const { pattern, methods, answer } of routes) {
    const match = pattern.exec(path)
    if (!match) continue
    if (!methods.includes(call.method)) throw new RegistryError(405, 'UNSUPPORTED', 'The operation is unsupported.')
    const [, name = '', last = ''] = match
    if (!namePattern.test(name)) throw new RegistryError(400, 'NAME_INVALID', `invalid repository name: ${name}`)
    return answer(call, policy, name, last, body)
  }
  throw new RegistryError(404, 'UNSUPPORTED', `no such path: ${path}`)
}

export function errorReply(error: RegistryError, method: string): Reply {
  const bodiless = method === 'HEAD'
  if (error.text !== undefined) {
    return {
      status: error.status,
      headers: { 'content-type': 'text/plain; charset=utf-8', ...error.headers },
      body: error.text,
      bodiless,
    }
  }
  const body = JSON.stringify({ errors: [{ code: error.code, message: error.message }] })
  return { status: error.status, headers: { 'content-type': 'application/json', ...error.headers }, body, bodiless }
}
