import { mkdtempSync, rmSync } from 'node:fs'
import {
  createServer,
  type IncomingMessage,
  request as plainRequest,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import {
  manifestDigest,
  openOciLayout,
  openRegistry,
  plainAccess,
  pushImage,
  type RegistryAccess,
  type RegistryOptions,
  readManifest,
} from '../src/index.ts'
import { hasBlob, uploadBlob } from '../src/registry/blobs.ts'
import { parseErrorBody, retryAfter } from '../src/registry/errors.ts'
import { httpClient } from '../src/registry/http.ts'
import { pace } from '../src/registry/pace.ts'
import { Content, sha256, writeFiles } from './support/images.ts'
import { instantClock, memoryLog } from './support/log.ts'

type Handler = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void

let server: Server
const seen: { method: string; url: string; headers: IncomingMessage['headers']; bytes: number }[] = []

/** A registry that says what the test wants it to say. */
async function registryThat(handler: Handler): Promise<string> {
  seen.length = 0
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    try {
      for await (const chunk of request) chunks.push(chunk)
    } catch {
      return
    }
    const body = Buffer.concat(chunks)
    seen.push({ method: request.method!, url: request.url!, headers: request.headers, bytes: body.length })
    handler(request, response, body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

function connect(access: string | RegistryAccess, options: Partial<RegistryOptions> = {}) {
  const clock = instantClock()
  const log = memoryLog()
  const registry = openRegistry(typeof access === 'string' ? plainAccess(access) : access, {
    clock,
    log,
    env: {},
    random: () => 1,
    ...options,
  })
  return { registry, clock, log }
}

const bytes = Buffer.from('a layer')
const blob = { digest: sha256(bytes), size: bytes.length }
const source = {
  description: 'a test',
  open: async () =>
    (async function* () {
      yield bytes
    })(),
}

const answer = (response: ServerResponse, status: number, headers: Record<string, string> = {}, body = '') =>
  void response.writeHead(status, headers).end(body)

test.each([
  ['relative, with a query', () => '/somewhere/7?state=abc&a=b', '/somewhere/7?state=abc&a=b'],
  ['absolute', (origin: string) => `${origin}/elsewhere/8`, '/elsewhere/8?'],
])('the upload goes where Location says: %s', async (_, location, expected) => {
  let origin = ''
  origin = await registryThat((request, response) => {
    if (request.method === 'POST') answer(response, 202, { location: location(origin) })
    else answer(response, 201)
  })
  const { registry } = connect(origin)
  expect(await uploadBlob(registry, 'shop', blob, source)).toBe('uploaded')
  const put = seen.at(-1)!
  expect(put.url.startsWith(expected)).toBe(true)
  expect(new URL(put.url, origin).searchParams.get('digest')).toBe(blob.digest)
  expect(put.headers).toMatchObject({ 'content-length': '7', 'content-type': 'application/octet-stream' })
  expect(put.headers['transfer-encoding']).toBeUndefined()
  expect(put.headers['content-range']).toBeUndefined()
})

test('an upload session without an address is an error that says so', async () => {
  const { registry } = connect(await registryThat((_, response) => answer(response, 202)))
  await expect(uploadBlob(registry, 'shop', blob, source)).rejects.toThrow('without saying where (no Location header)')
})

test('throttling is waited for as long as it takes, and given up after five minutes', async () => {
  let throttled = 20
  const { registry, clock, log } = connect(
    await registryThat((_, response) => (throttled-- > 0 ? answer(response, 429, {}, '') : answer(response, 200))),
  )
  expect(await hasBlob(registry, 'shop', blob)).toBe(true)
  expect(clock.slept).toHaveLength(20)
  expect(Math.max(...clock.slept)).toBe(15_000)
  expect(log.lines).toEqual([
    expect.stringMatching(/status 429; again in 0\.5 s\.$/),
    expect.stringMatching(/status 429; waiting up to 5m\.$/),
  ])

  throttled = Number.POSITIVE_INFINITY
  await expect(hasBlob(registry, 'shop', blob)).rejects.toThrow(/stayed throttled for 5m/)
})

test.each([
  ['refuses connections', 'ECONNREFUSED', 90_000],
  ['answers 503', 'status 503', 240_000],
])('a registry that %s for a while is waited for, and given up after five minutes', async (_, reason, awayMs) => {
  let origin = ''
  origin = await registryThat((_request, response) =>
    clock.now().getTime() < until ? answer(response, 503) : answer(response, 200),
  )
  const { registry, clock, log } = connect(origin)
  let until = clock.now().getTime() + awayMs
  if (reason === 'ECONNREFUSED') {
    const { port } = new URL(origin)
    await new Promise((resolve) => server.close(resolve))
    const { sleep } = clock
    clock.sleep = async (milliseconds) => {
      await sleep(milliseconds)
      if (clock.now().getTime() >= until && !server.listening)
        await new Promise<void>((up) => server.listen(Number(port), '127.0.0.1', up))
    }
  }
  expect(await hasBlob(registry, 'shop', blob)).toBe(true)
  expect(log.text()).toContain(reason)
  expect(log.lines).toHaveLength(2)

  if (reason === 'ECONNREFUSED') await new Promise((resolve) => void server.close(resolve).closeAllConnections())
  until = Number.POSITIVE_INFINITY
  await expect(hasBlob(registry, 'shop', blob)).rejects.toThrow(
    /\d+ attempts in 5m.* failed.* What the registry has by now is not sent again/,
  )
})

test('an upload that stands still is noticed, and sent again in a session of its own', async () => {
  const large = Buffer.alloc(24 * 1024 * 1024)
  const whole = { digest: sha256(large), size: large.length }
  const sessions: string[] = []
  server = createServer((request, response) => {
    if (request.method === 'HEAD') return answer(response, 404)
    if (request.method === 'POST') return answer(response, 202, { location: `/u/${sessions.length}` })
    sessions.push(request.url!.split('?')[0]!)
    // The first body is never read, so that the buffers between fill up; the second is read, and never answered.
    if (sessions.length === 1) return
    request.resume()
    request.on('end', () => sessions.length > 2 && answer(response, 201))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { registry, log } = connect(origin, { silenceMs: 300 })
  const bodies = { description: 'a test', open: async () => Readable.from([large]) }
  const sent: number[] = []
  await uploadBlob(registry, 'shop', whole, bodies, { onBytes: (count) => void sent.push(count) })
  expect(sessions).toEqual(['/u/0', '/u/1', '/u/2'])
  expect(log.text()).toMatch(/was silent for .* s; again in/)
  expect(sent.reduce((sum, count) => sum + count, 0)).toBe(large.length)
}, 20_000)

test('a session that the registry forgot is opened anew', async () => {
  let puts = 0
  const { registry } = connect(
    await registryThat((request, response) => {
      if (request.method === 'HEAD') answer(response, 404)
      else if (request.method === 'POST') answer(response, 202, { location: '/u' })
      else if (puts++ === 0)
        answer(response, 404, {}, '{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN","message":"upload unknown"}]}')
      else answer(response, 201)
    }),
  )
  expect(await uploadBlob(registry, 'shop', blob, source)).toBe('uploaded')
})

test('Retry-After is obeyed in either form, up to a minute', async () => {
  const hints = ['7', 'Thu, 01 Jan 2026 00:00:37 GMT', '86400']
  const { registry, clock } = connect(
    await registryThat((_, response) => {
      const hint = hints.shift()
      if (hint) answer(response, 429, { 'retry-after': hint })
      else answer(response, 200)
    }),
  )
  await hasBlob(registry, 'shop', blob)
  expect(clock.slept).toEqual([7000, 30_000, 60_000])
})

test('a refusal that no repetition would change is not repeated', async () => {
  const { registry, clock } = connect(
    await registryThat((_, response) =>
      answer(response, 400, {}, '{"errors":[{"code":"NAME_INVALID","message":"no"}]}'),
    ),
  )
  await expect(readManifest(registry, 'shop', 'v1')).rejects.toThrow(
    'The registry refused the download of tag v1 with status 400 (NAME_INVALID: no).',
  )
  expect(clock.slept).toEqual([])
  expect(seen).toHaveLength(1)
})

test('a manifest that is not there is an answer, and no error', async () => {
  const body = '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"no"}]}'
  const { registry } = connect(await registryThat((_, response) => answer(response, 404, {}, body)))
  expect(await manifestDigest(registry, 'shop', 'v1')).toBeUndefined()
  expect(await readManifest(registry, 'shop', 'v1')).toBeUndefined()
  expect(seen.map(({ method }) => method)).toEqual(['HEAD', 'GET'])
})

test('a token that never worked is asked for anew once, and one that expired as often as it expires', async () => {
  const access = (valid: (token: string) => boolean) => {
    let number = 1
    return registryThat((request, response) =>
      valid(request.headers.authorization ?? '') ? answer(response, 200) : answer(response, 401, {}, 'Not Authorized'),
    ).then((origin): RegistryAccess & { asked: () => number } => ({
      ...plainAccess(origin),
      authorization: async () => `token ${number}`,
      renew: async (stale) => (stale === `token ${number}` ? `token ${++number}` : `token ${number}`),
      asked: () => number,
    }))
  }
  const never = await access(() => false)
  await expect(hasBlob(connect(never).registry, 'shop', blob)).rejects.toThrow('with status 401')
  expect(never.asked()).toBe(2)
  server.close()

  let valid = 'token 1'
  const expiring = await access((token) => token === valid)
  const { registry } = connect(expiring)
  for (const next of ['token 1', 'token 2', 'token 3']) {
    valid = next
    expect(await hasBlob(registry, 'shop', blob)).toBe(true)
  }
})

test('a registry that receives other bytes than were sent gets them again, and then no more', async () => {
  let origin = ''
  origin = await registryThat((request, response) => {
    if (request.method === 'HEAD') answer(response, 404)
    else if (request.method === 'POST') answer(response, 202, { location: `${origin}/u` })
    else answer(response, 400, {}, '{"errors":[{"code":"DIGEST_INVALID","message":"provided digest did not match"}]}')
  })
  const { registry } = connect(origin)
  await expect(uploadBlob(registry, 'shop', blob, source)).rejects.toThrow(
    'DIGEST_INVALID: provided digest did not match',
  )
  expect(seen.filter(({ method }) => method === 'PUT')).toHaveLength(3)
})

test('content that is not what its digest says never reaches a registry whole', async () => {
  let origin = ''
  let received = 0
  server = createServer((request, response) => {
    request.on('data', (chunk) => {
      received += chunk.length
    })
    request.on('error', () => {})
    if (request.method === 'POST') answer(response, 202, { location: `${origin}/u` })
    request.on('end', () => request.method === 'PUT' && answer(response, 201))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const parts = [Buffer.alloc(100_000, 1), Buffer.alloc(100_000, 2)]
  const whole = { digest: sha256(Buffer.concat(parts)), size: 200_000 }
  const giving = (chunks: Buffer[]) => ({
    description: 'a test',
    open: async () =>
      (async function* () {
        yield* chunks
      })(),
  })
  const { registry } = connect(origin)
  const wrong = [parts[0]!, Buffer.alloc(100_000, 3)]
  await expect(uploadBlob(registry, 'shop', whole, giving(wrong))).rejects.toThrow(
    'has other content than its name says',
  )
  await expect(uploadBlob(registry, 'shop', whole, giving([parts[0]!]))).rejects.toThrow(
    'has 100000 bytes, its manifest says 200000',
  )
  await expect(uploadBlob(registry, 'shop', whole, giving([...parts, parts[0]!]))).rejects.toThrow(
    'is longer than the 200000 bytes',
  )
  expect(received).toBeLessThanOrEqual(200_000 + 100_000 * 2)
})

test('without Docker-Content-Digest the digest is computed from the manifest', async () => {
  const manifest = `{"schemaVersion":2,"config":{"mediaType":"a","digest":"sha256:${'a'.repeat(64)}","size":1},"layers":[]}`
  const { registry } = connect(
    await registryThat((_, response) =>
      answer(response, 200, { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }, manifest),
    ),
  )
  expect(await manifestDigest(registry, 'shop', 'v1')).toBe(sha256(manifest))
})

test('the first failure ends the other uploads', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'stop-'))
  const content = new Content()
  const root = await content.image(['one', 'two', 'three'])
  const layout = await openOciLayout(writeFiles(folder, content.layoutFiles(root)))
  let origin = ''
  let puts = 0
  origin = await registryThat((request, response) => {
    if (request.method === 'HEAD') answer(response, 404)
    else if (request.method === 'POST') answer(response, 202, { location: `${origin}/u` })
    // The first upload is refused, the others would hang for ever.
    else if (puts++ === 1) answer(response, 403, {}, 'not authorized to perform: ecr:CompleteLayerUpload')
  })
  await expect(pushImage(layout, connect(origin).registry, 'shop', ['v1'])).rejects.toThrow(
    'The role may not call ecr:CompleteLayerUpload',
  )
  expect(seen.some(({ url }) => url.includes('/manifests/v1') && url.startsWith('PUT'))).toBe(false)
  rmSync(folder, { recursive: true })
})

describe('the HTTP client', () => {
  test('goes through the proxy of the environment, except where NO_PROXY says otherwise', async () => {
    const origin = await registryThat((_, response) => answer(response, 200, {}, 'direct'))
    const through: string[] = []
    const proxy = createServer((request, response) => {
      through.push(request.url!)
      plainRequest(request.url!, (answered) => void answered.pipe(response)).end()
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    const HTTP_PROXY = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
    await hasBlob(connect(origin, { env: { HTTP_PROXY } }).registry, 'shop', blob)
    expect(through).toEqual([`${origin}/v2/shop/blobs/${blob.digest}`])
    await hasBlob(connect(origin, { env: { HTTP_PROXY, NO_PROXY: '127.0.0.1' } }).registry, 'shop', blob)
    expect(through).toHaveLength(1)
    proxy.closeAllConnections()
    proxy.close()
  })

  test('gives up on a connection that is silent for too long', async () => {
    const origin = await registryThat(() => {})
    const client = httpClient({})
    await expect(client.send({ method: 'GET', url: new URL(origin), silenceMs: 200 })).rejects.toMatchObject({
      code: 'ETIMEDOUT',
    })
    client.close()
  })

  test('ends at once when the run is cancelled, also during a wait', async () => {
    const cancel = new AbortController()
    const origin = await registryThat(() => cancel.abort(new Error('The run was cancelled.')))
    const { registry } = connect(origin, { signal: cancel.signal })
    await expect(hasBlob(registry, 'shop', blob)).rejects.toThrow('The run was cancelled.')
    await expect(hasBlob(registry, 'shop', blob)).rejects.toThrow('The run was cancelled.')
  })
})

test('any error body is read without failing', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      const { code, message } = parseErrorBody(text)
      expect(typeof code).toBe('string')
      expect(message.length).toBeLessThanOrEqual(1000)
    }),
  )
  expect(parseErrorBody('{"errors":[{"code":"DENIED","message":"no"}]}')).toEqual({ code: 'DENIED', message: 'no' })
  expect(parseErrorBody('<html>Bad gateway</html>')).toEqual({ code: '', message: '' })
  expect(parseErrorBody('{"errors":[]}').message).toBe('{"errors":[]}')
})

test('Retry-After of any text is a number of milliseconds or nothing', () => {
  const now = new Date('2026-01-01T00:00:00Z')
  expect(retryAfter('3', now)).toBe(3000)
  expect(retryAfter('Thu, 01 Jan 2026 00:00:05 GMT', now)).toBe(5000)
  expect(retryAfter('soon', now)).toBeUndefined()
  fc.assert(
    fc.property(fc.string(), (text) => {
      const found = retryAfter(text, now)
      expect(found === undefined || found >= 0).toBe(true)
    }),
  )
})

test('calls are spaced below their rate, after a burst', async () => {
  const clock = instantClock()
  const wait = pace(clock, 8)
  const start = clock.now().getTime()
  const times: number[] = []
  for (let call = 0; call < 40; call++) {
    await wait()
    times.push(clock.now().getTime() - start)
  }
  expect(times[7]).toBe(0)
  for (let at = 0; at + 16 < times.length; at++) expect(times[at + 16]! - times[at]!).toBeGreaterThanOrEqual(1000)
})
