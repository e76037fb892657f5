import { createHmac, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { accessDenied } from './access.ts'
import type { RecordedCall } from './calls.ts'
import { apiOf } from './ecr/api-names.ts'
import { ClosedConnection, ecrPolicy } from './ecr/policy.ts'
import type { EcrRegistries, EcrRegistry } from './ecr/registries.ts'
import { tokenChecker } from './ecr/tokens.ts'
import type { FaultBox } from './faults.ts'
import type { RateLimits } from './rate-limits.ts'
import { serveBlob } from './registry/blobs.ts'
import { parseDigest } from './registry/digest.ts'
import { RegistryError, type RegistryErrorCode } from './registry/errors.ts'
import { answerRegistry, errorReply } from './registry/http.ts'
import { ociPolicy, type RegistryCall } from './registry/policy.ts'
import { type Reply, type ReplyFaults, sendReply } from './registry/reply.ts'
import type { BodySource } from './registry/uploads.ts'
import type { Caller } from './world.ts'

export interface RegistryServerOptions {
  registries: EcrRegistries
  home: EcrRegistry
  homeUrl(): string
  now(): Date
  faults: FaultBox
  limits: RateLimits | undefined
  record(call: RecordedCall): void
  mistake(error: Error): void
  caller: Omit<Caller, 'requestId'>
}

export interface RegistryServer {
  answer(request: IncomingMessage, response: ServerResponse): Promise<void>
  /** The registry that answers under a `host:port`. */
  registryOfHost(host: string): EcrRegistry | undefined
  /** Every registry but the home one gets a port of its own, as in AWS it has a host of its own. */
  registryUrl(registry: EcrRegistry): Promise<string>
  /** A presigned address on another host, as S3's is. */
  downloadUrl(registry: EcrRegistry, digest: string, calledAt?: string): Promise<string>
  close(): Promise<void>
}

/** The request was broken off, by a fault or by the client. */
class BrokenOff extends Error {}

/** Joins the registry with the simulator: which registry is meant, faults, rate limits, recording. */
export function registryServer(options: RegistryServerOptions): RegistryServer {
  const { registries, home } = options
  const servers = new Map<EcrRegistry | 'downloads', Promise<{ server: Server; url: string }>>()
  const hosts = new Map<string, EcrRegistry>()
  const key = randomBytes(16)
  const sign = (path: string) => createHmac('sha256', key).update(path).digest('hex')

  const registryOfHost = (host: string): EcrRegistry | undefined => {
    const ecr = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(:\d+)?$/.exec(host)
    if (ecr) return registries.of(ecr[1]!, ecr[2]!)
    const own = new URL(options.homeUrl()).host
    return hosts.get(host) ?? (host === own || host === own.replace('127.0.0.1', 'localhost') ? home : undefined)
  }

  const listen = (
    name: EcrRegistry | 'downloads',
    handler: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  ) => {
    const existing = servers.get(name)
    if (existing) return existing
    const started = new Promise<{ server: Server; url: string }>((resolve, reject) => {
      const server = createServer((request, response) => void handler(request, response))
      server.requestTimeout = 0
      server.keepAliveTimeout = 65_000
      server.once('error', reject)
      server.listen(0, '127.0.0.1', () =>
        resolve({ server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }),
      )
    })
    servers.set(name, started)
    return started
  }

  const ofCore = (call: RegistryCall) => registries.all().find((registry) => registry.core === call.registry)!

  const server: RegistryServer = {
    registryOfHost,
    answer,
    async registryUrl(registry) {
      if (registry === home) return options.homeUrl()
      const { url } = await listen(registry, answer)
      hosts.set(new URL(url).host, registry)
      return url
    },
    async downloadUrl(registry, digest, calledAt = options.homeUrl()) {
      const { url } = await listen('downloads', answerDownload)
      // Another port is not enough: Go's HTTP client, and so Docker, keeps the Authorization header as long as the
      // host name is the same.
      const host = new URL(calledAt).hostname === '127.0.0.1' ? 'localhost' : '127.0.0.1'
      const origin = url.replace('127.0.0.1', host)
      const path = `/${registry.accountId}/${registry.region}/${digest}`
      const expiry = options.now().getTime() + 3_600_000
      return `${origin}${path}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=${expiry}&X-Amz-Signature=${sign(path + expiry)}`
    },
    async close() {
      for (const started of servers.values()) {
        const { server: listener } = await started
        listener.closeAllConnections()
        await new Promise((resolve) => listener.close(resolve))
      }
      await registries.close()
    },
  }

  const policy =
    registries.options.profile === 'oci'
      ? ociPolicy
      : ecrPolicy({
          registries,
          registryOf: ofCore,
          checkToken: tokenChecker(registries, options.now),
          downloadUrl: server.downloadUrl,
        })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const registry = registryOfHost(request.headers.host ?? '') ?? home
    const origin = `http://${request.headers.host ?? new URL(options.homeUrl()).host}`
    const url = new URL(request.url ?? '/', origin)
    const method = request.method ?? 'GET'
    await handle(request, response, 'registry', registry.region, async (body) => {
      const api = policy === ociPolicy ? undefined : apiOf(method, url)
      if (api) denyOrThrottle(api, url, registry)
      return answerRegistry({ request, method, url, registry: registry.core, origin }, policy, body)
    })
  }

  function denyOrThrottle(api: string, url: URL, registry: EcrRegistry): void {
    const repositoryName = /^\/v2\/(.+?)\/(blobs|manifests|tags|referrers)\//.exec(url.pathname)?.[1]
    const denied = options.faults.take({ service: 'ecr', operation: api, text: url.pathname }, 'deny')
    if (denied.length) {
      const caller = { ...options.caller, region: registry.region, requestId: '' }
      const { message } = accessDenied('ecr', api, { repositoryName, registryId: registry.accountId }, caller)
      throw new RegistryError(403, 'DENIED', message)
    }
    if (options.limits && !options.limits.allow('ecr', api)) {
      const seconds = registries.options.ecr?.retryAfter
      const headers: Record<string, string> = seconds === undefined ? {} : { 'retry-after': String(seconds) }
      throw new RegistryError(429, 'TOOMANYREQUESTS', 'Rate exceeded', { headers })
    }
  }

  /** Faults, recording and sending around one request. */
  async function handle(
    request: IncomingMessage,
    response: ServerResponse,
    service: string,
    region: string,
    respond: (body: BodySource) => Promise<Reply>,
  ): Promise<void> {
    const method = request.method ?? 'GET'
    const operation = `${method} ${request.url ?? '/'}`
    const call: RecordedCall = {
      time: new Date(),
      service,
      operation,
      region,
      input: {},
      outcome: 'ok',
      status: 0,
      warnings: [],
      bytes: 0,
    }
    options.record(call)
    const effects = options.faults.take({ service, operation, text: operation })
    const replyFaults: ReplyFaults = {}
    let cutBody = false
    try {
      let reply: Reply | undefined
      for (const effect of effects) {
        if (effect.kind === 'delay') await sleep(effect.milliseconds)
        else if (effect.kind === 'headers') replyFaults.headers = { ...replyFaults.headers, ...effect.headers }
        else if (effect.kind === 'corrupt') replyFaults.corrupt = true
        else if (effect.kind === 'error') {
          reply ??= errorReply(injected(effect), method)
          replyFaults.headers = { ...replyFaults.headers, ...effect.headers }
          call.outcome = effect.name
        } else if (effect.kind === 'deny')
          reply ??= errorReply(new RegistryError(403, 'DENIED', 'Access denied'), method)
        else if (effect.when === 'before') throw new BrokenOff()
        else if (effect.when === 'after') replyFaults.cut = 'all'
        else if (hasBody(request)) cutBody = true
        else replyFaults.cut = 'half'
      }
      reply ??= await respond(counted(request, call, cutBody))
      call.status = reply.status
      if (replyFaults.cut) call.outcome = 'dropped'
      await sendReply(response, reply, replyFaults)
    } catch (error) {
      if (error instanceof RegistryError) {
        Object.assign(call, { status: error.status, outcome: error.code })
        await sendReply(response, errorReply(error, method), replyFaults)
        return
      }
      call.outcome = 'dropped'
      const expected =
        error instanceof BrokenOff || error instanceof ClosedConnection || request.destroyed || response.destroyed
      if (!expected) options.mistake(error as Error)
      request.socket.destroy()
    }
  }

  /** The origin where blobs are downloaded from: presigned addresses and no other credentials, as with S3. */
  async function answerDownload(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1')
    const [, accountId = '', region = '', digest = ''] = url.pathname.split('/')
    await handle(request, response, 's3', region, async () => {
      const expiry = url.searchParams.get('X-Amz-Expires') ?? '0'
      if (request.headers.authorization) {
        return storageError(
          400,
          'InvalidArgument',
          'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified',
        )
      }
      if (url.searchParams.get('X-Amz-Signature') !== sign(url.pathname + expiry)) {
        return storageError(
          403,
          'SignatureDoesNotMatch',
          'The request signature we calculated does not match the signature you provided.',
        )
      }
      if (Number(expiry) < options.now().getTime()) return storageError(403, 'AccessDenied', 'Request has expired')
      const registry = registries.of(accountId, region)
      const size = [...registry.core.repositories.values()]
        .map((one) => one.blobs.get(digest))
        .find((one) => one !== undefined)
      if (size === undefined || !parseDigest(digest))
        return storageError(404, 'NoSuchKey', 'The specified key does not exist.')
      const method = request.method ?? 'GET'
      return serveBlob({ request, method, url, registry: registry.core, origin: '' }, digest, size)
    })
  }

  return server
}

const hasBody = (request: IncomingMessage) =>
  request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0

/** The request's body, counted, and broken off in the middle where a fault wants it. */
async function* counted(request: IncomingMessage, call: RecordedCall, cut: boolean): AsyncGenerator<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 131_072)
  const limit = cut ? Math.max(1, Math.floor(announced / 2)) : Number.POSITIVE_INFINITY
  for await (const chunk of request as AsyncIterable<Buffer>) {
    const room = limit - call.bytes
    if (chunk.length >= room) {
      call.bytes = limit
      yield chunk.subarray(0, room)
      throw new BrokenOff()
    }
    call.bytes += chunk.length
    yield chunk
  }
}

const statuses: Record<string, number> = {
  TOOMANYREQUESTS: 429,
  DENIED: 403,
  UNAUTHORIZED: 401,
  UNAVAILABLE: 503,
  UNKNOWN: 500,
}

function injected(effect: { name: string; message?: string; status?: number; body?: string }): RegistryError {
  const status = effect.status ?? statuses[effect.name] ?? 500
  return new RegistryError(status, effect.name as RegistryErrorCode, effect.message ?? 'injected fault', {
    text: effect.body,
  })
}

const storageError = (status: number, code: string, message: string): Reply => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`,
})
