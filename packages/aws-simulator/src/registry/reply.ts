import { createReadStream } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'

/** An answer of the registry. A `file` is streamed. */
export interface Reply {
  status: number
  headers?: Record<string, string>
  body?: Buffer | string
  file?: { path: string; start: number; length: number }
  /** HEAD: the headers of a body without it. */
  bodiless?: boolean
}

/** What a fault does to an answer. */
export interface ReplyFaults {
  headers?: Record<string, string>
  /** Cut the connection before the answer, or in the middle of its body. */
  cut?: 'all' | 'half'
  /** Change one byte of the body. */
  corrupt?: boolean
}

const flipped = (body: Buffer) => {
  const copy = Buffer.from(body)
  const middle = Math.floor(copy.length / 2)
  copy[middle] = (copy[middle] ?? 0) ^ 1
  return copy
}

/** Sends an answer, whole or as the faults have it. */
export async function sendReply(response: ServerResponse, reply: Reply, faults: ReplyFaults = {}): Promise<void> {
  if (faults.cut === 'all') {
    response.socket?.destroy()
    return
  }
  const text = reply.body === undefined ? Buffer.alloc(0) : Buffer.from(reply.body as string)
  const body = faults.corrupt && text.length ? flipped(text) : text
  const length = reply.file?.length ?? body.length
  const closing = faults.headers?.connection === 'close'
  const lengthHeader = reply.bodiless || reply.status === 204 ? {} : { 'content-length': String(length) }
  response.writeHead(reply.status, {
    'docker-distribution-api-version': 'registry/2.0',
    ...lengthHeader,
    ...reply.headers,
    ...faults.headers,
  })
  if (reply.bodiless || reply.status === 204) response.end()
  else if (reply.file) await sendFile(response, reply.file, faults)
  else if (faults.cut === 'half')
    response.write(body.subarray(0, Math.floor(length / 2)), () => response.socket?.destroy())
  else response.end(body)
  // An answer that comes before the request's body is through must really end the connection, as load balancers do.
  if (closing) response.once('finish', () => response.socket?.destroySoon())
}

async function sendFile(
  response: ServerResponse,
  file: NonNullable<Reply['file']>,
  faults: ReplyFaults,
): Promise<void> {
  if (file.length === 0) {
    response.end()
    return
  }
  const length = faults.cut ? Math.max(1, Math.floor(file.length / 2)) : file.length
  const source = createReadStream(file.path, {
    start: file.start,
    end: file.start + length - 1,
    highWaterMark: 1 << 18,
  })
  if (!faults.cut && !faults.corrupt) return pipeline(source, response)
  let first = true
  for await (const chunk of source) {
    response.write(faults.corrupt && first ? flipped(chunk as Buffer) : chunk)
    first = false
  }
  if (faults.cut) response.socket?.destroySoon()
  else response.end()
}
