import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { Chunks } from '../sources/chunks.ts'

export interface RequestBody {
  /** Bytes; sent as Content-Length. */
  size: number
  open(): Chunks | Promise<Chunks>
}

export interface HttpRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'
  url: URL
  headers?: Record<string, string>
  body?: Buffer | RequestBody
  signal?: AbortSignal | undefined
  /** How long no byte may move. Default one minute. */
  silenceMs?: number | undefined
  /**
   * How long the answer to a complete body may take; default `silenceMs`. A registry may need minutes to commit a
   * layer of many gigabytes.
   */
  answerMs?: number
}

export interface HttpResponse {
  status: number
  headers: IncomingHttpHeaders
  stream: IncomingMessage
}

export interface HttpClient {
  /**
   * Sends one request, follows nothing, repeats nothing. Resolves with the answer's head; the caller must read or
   * destroy its stream.
   */
  send(request: HttpRequest): Promise<HttpResponse>
  close(): void
}

/** No registry that works is silent for so long while bytes are under way. */
export const longestSilenceMs = 60_000

/**
 * A client on Node's own http: it streams a body of any size from a Readable without keeping it, and delivers an
 * answer that arrives before the body is sent. Proxies come from `env` (HTTP_PROXY, HTTPS_PROXY, NO_PROXY), which
 * Node understands from 24.5 on.
 */
export function httpClient(env: NodeJS.ProcessEnv = process.env): HttpClient {
  const options = { keepAlive: true, maxSockets: 16, proxyEnv: env } as object
  const plain = new HttpAgent(options)
  const secure = new HttpsAgent(options)

  return {
    close() {
      plain.destroy()
      secure.destroy()
    },
    async send({ method, url, headers = {}, body, signal, silenceMs = longestSilenceMs, answerMs = silenceMs }) {
      signal?.throwIfAborted()
      const streamed = body !== undefined && !Buffer.isBuffer(body) ? body : undefined
      const source = await streamed?.open()
      const size = Buffer.isBuffer(body) ? body.length : streamed?.size
      const bodyless = method === 'GET' || method === 'HEAD'
      const isSecure = url.protocol === 'https:'

      return new Promise<HttpResponse>((resolve, reject) => {
        const request = (isSecure ? httpsRequest : httpRequest)(url, {
          method,
          agent: isSecure ? secure : plain,
          headers: { ...headers, ...(bodyless ? {} : { 'content-length': String(size ?? 0) }) },
          // From here on, so that a connection that never comes about is noticed too.
          timeout: silenceMs,
          ...(signal && { signal }),
        })
        const fail = (error: Error) => {
          request.destroy()
          reject(error)
        }
        let limit = silenceMs
        request.on('timeout', () => fail(timedOut(`${url.host} was silent for ${Math.round(limit / 1000)} s`)))
        request.on('finish', () => {
          limit = answerMs
          request.setTimeout(answerMs)
        })
        request.on('error', fail)
        request.on('response', (stream) => {
          // Refusals may come while the body is still on its way: the rest is not sent, and the connection is not
          // used again.
          if (!request.writableEnded) stream.on('close', () => request.destroy())
          resolve({ status: stream.statusCode ?? 0, headers: stream.headers, stream })
        })
        if (source) sendBody(request, source).catch(fail)
        else request.end(Buffer.isBuffer(body) ? body : undefined)
      })
    },
  }
}

function timedOut(message: string): Error {
  return Object.assign(new Error(message), { code: 'ETIMEDOUT' })
}

/**
 * Sends chunk by chunk, each one handed to the kernel before the next is asked for, since its buffer is used again.
 * Ends early when an answer is there.
 */
async function sendBody(request: ClientRequest, source: Chunks): Promise<void> {
  let answered = false
  request.once('response', () => {
    answered = true
  })
  for await (const chunk of source) {
    if (answered) return
    await new Promise<void>((resolve, reject) => request.write(chunk, (error) => (error ? reject(error) : resolve())))
  }
  if (!answered) request.end()
}

/** The answer's body up to `limit` bytes; what is beyond is cut off. */
export async function readAnswer(response: HttpResponse, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response.stream) {
    chunks.push(chunk)
    size += chunk.length
    if (size >= limit) break
  }
  return Buffer.concat(chunks).subarray(0, limit)
}

const lostConnection = [
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
]

/** Whether the connection failed in a way that another attempt may mend. */
export function isLostConnection(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  return code !== undefined && (lostConnection.includes(code) || code === 'ERR_STREAM_PREMATURE_CLOSE')
}
