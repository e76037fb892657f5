import { randomBytes } from 'node:crypto'
import { type Simulator, startSimulator } from '../src/index.ts'
import { indexType, manifestType, registryClient, sha256, sha512, withDigest } from './http.ts'

// The demands of the OCI distribution specification 1.1 and of its conformance suite, one by one.
let simulator: Simulator
let registry: ReturnType<typeof registryClient>
beforeAll(async () => {
  simulator = await startSimulator({ scenario: { registry: { profile: 'oci' } } })
  registry = registryClient(simulator.url)
})
afterAll(() => simulator.close())

const open = (name = 'app') => registry.send('POST', `/v2/${name}/blobs/uploads/`)
const pathOf = (location: string | undefined) => location ?? 'no location'

test('the base answers without credentials', async () => {
  expect((await registry.send('GET', '/v2/')).status).toBe(200)
})

describe('blobs', () => {
  test.each([
    ['one PUT', async (bytes: Buffer) => registry.putBlob('app', bytes)],
    [
      'one POST',
      async (bytes: Buffer) => registry.send('POST', `/v2/app/blobs/uploads/?digest=${sha256(bytes)}`, { body: bytes }),
    ],
    [
      'a stream in one PATCH',
      async (bytes: Buffer) => {
        const session = await open()
        const patched = await registry.send('PATCH', pathOf(session.headers.location), { body: bytes })
        expect(patched).toMatchObject({ status: 202, headers: { range: `0-${bytes.length - 1}` } })
        return registry.send('PUT', withDigest(patched, sha256(bytes), simulator.url))
      },
    ],
    [
      'chunks, the last one with the PUT',
      async (bytes: Buffer) => {
        const session = await open()
        const first = await registry.send('PATCH', pathOf(session.headers.location), {
          body: bytes.subarray(0, 100),
          headers: { 'content-range': '0-99' },
        })
        expect(first).toMatchObject({ status: 202, headers: { range: '0-99' } })
        return registry.send('PUT', withDigest(first, sha256(bytes), simulator.url), {
          body: bytes.subarray(100),
          headers: { 'content-range': `100-${bytes.length - 1}` },
        })
      },
    ],
  ])('%s stores them', async (_way, push) => {
    const bytes = randomBytes(5000)
    const pushed = await push(bytes)
    expect(pushed).toMatchObject({ status: 201, headers: { 'docker-content-digest': sha256(bytes) } })
    const read = await registry.send('GET', pathOf(pushed.headers.location))
    expect(read.body.equals(bytes)).toBe(true)
    const head = await registry.send('HEAD', `/v2/app/blobs/${sha256(bytes)}`)
    expect(head).toMatchObject({ status: 200, headers: { 'content-length': '5000' } })
  })

  test('an empty blob and a sha512 digest are taken', async () => {
    expect((await registry.putBlob('app', '')).status).toBe(201)
    expect((await registry.putBlob('app', 'x', sha512('x'))).status).toBe(201)
    expect((await registry.send('GET', `/v2/app/blobs/${sha512('x')}`)).text).toBe('x')
  })

  test.each([
    ['another digest', sha256('other')],
    ['no digest', 'sha256:zz'],
  ])('content with %s is refused and not kept', async (_what, digest) => {
    expect((await registry.putBlob('app', 'content of nothing', digest)).status).toBe(400)
    expect((await registry.send('HEAD', `/v2/app/blobs/${sha256('content of nothing')}`)).status).toBe(404)
  })

  test('a chunk that does not continue is refused with 416 and the session goes on', async () => {
    const session = await open()
    const location = pathOf(session.headers.location)
    await registry.send('PATCH', location, { body: 'abc', headers: { 'content-range': '0-2' } })
    const gap = await registry.send('PATCH', location, { body: 'xyz', headers: { 'content-range': '5-7' } })
    expect(gap).toMatchObject({ status: 416, headers: { range: '0-2' } })
    expect(await registry.send('GET', location)).toMatchObject({ status: 204, headers: { range: '0-2' } })
    await registry.send('PATCH', location, { body: 'def', headers: { 'content-range': '3-5' } })
    expect((await registry.send('PUT', withDigest(session, sha256('abcdef'), simulator.url))).status).toBe(201)
  })

  test('a cancelled session is gone', async () => {
    const location = pathOf((await open()).headers.location)
    expect((await registry.send('DELETE', location)).status).toBe(204)
    expect((await registry.send('PATCH', location, { body: 'x' })).status).toBe(404)
  })

  test.each([
    ['bytes=5-9', '56789', 'bytes 5-9/20'],
    ['bytes=15-', 'fghij', 'bytes 15-19/20'],
    ['bytes=-5', 'fghij', 'bytes 15-19/20'],
    ['bytes=15-500', 'fghij', 'bytes 15-19/20'],
  ])('the range %s is a part', async (range, text, contentRange) => {
    await registry.putBlob('app', '0123456789abcdefghij')
    const part = await registry.send('GET', `/v2/app/blobs/${sha256('0123456789abcdefghij')}`, { headers: { range } })
    expect(part).toMatchObject({ status: 206, text, headers: { 'content-range': contentRange } })
  })

  test.each(['bytes=9-5', 'bytes=20-25'])('the range %s is refused', async (range) => {
    await registry.putBlob('app', '0123456789abcdefghij')
    const part = await registry.send('GET', `/v2/app/blobs/${sha256('0123456789abcdefghij')}`, { headers: { range } })
    expect(part.status).toBe(416)
  })

  test('a blob is mounted from another repository, or a session opens', async () => {
    await registry.putBlob('source', 'mounted')
    const mounted = await registry.send('POST', `/v2/target/blobs/uploads/?mount=${sha256('mounted')}&from=source`)
    expect(mounted.status).toBe(201)
    expect((await registry.send('GET', pathOf(mounted.headers.location))).text).toBe('mounted')
    const anonymous = await registry.send('POST', `/v2/third/blobs/uploads/?mount=${sha256('mounted')}`)
    expect(anonymous.status).toBe(201)
    const missing = await registry.send('POST', `/v2/target/blobs/uploads/?mount=${sha256('never')}&from=source`)
    expect(missing).toMatchObject({ status: 202, headers: { location: expect.stringContaining('/uploads/') } })
  })

  test('a deleted blob is gone in its repository only', async () => {
    await registry.putBlob('one', 'shared')
    await registry.putBlob('two', 'shared')
    expect((await registry.send('DELETE', `/v2/one/blobs/${sha256('shared')}`)).status).toBe(202)
    expect((await registry.send('HEAD', `/v2/one/blobs/${sha256('shared')}`)).status).toBe(404)
    expect((await registry.send('GET', `/v2/two/blobs/${sha256('shared')}`)).text).toBe('shared')
  })
})

describe('manifests', () => {
  test('bytes, type and digest stay as they were pushed', async () => {
    const { manifest } = await registry.blobsOfImage('app', 'verbatim')
    const text = `${JSON.stringify({ ...manifest, unknownField: { kept: true } }, null, 3)}\n\n`
    const put = await registry.putManifest('app', 'v1', text)
    expect(put).toMatchObject({
      status: 201,
      headers: { 'docker-content-digest': sha256(text), location: expect.any(String) },
    })
    for (const reference of ['v1', sha256(text)]) {
      const read = await registry.send('GET', `/v2/app/manifests/${reference}`)
      expect(read).toMatchObject({
        status: 200,
        text,
        headers: { 'content-type': manifestType, 'docker-content-digest': sha256(text) },
      })
      const head = await registry.send('HEAD', `/v2/app/manifests/${reference}`)
      expect(head).toMatchObject({ status: 200, headers: { 'content-length': String(text.length) } })
    }
  })

  test('a manifest is refused under another digest, with missing blobs, too large, or as no JSON', async () => {
    const { manifest, text } = await registry.blobsOfImage('app', 'refused')
    expect((await registry.putManifest('app', sha256('other'), text)).status).toBe(400)
    expect((await registry.putManifest('app', 'v1', 'no json')).status).toBe(400)
    const lost = { ...manifest, layers: [{ ...manifest.layers[0], digest: sha256('lost') }] }
    expect(await registry.putManifest('app', 'lost', lost)).toMatchObject({
      status: 404,
      text: expect.stringContaining('MANIFEST_BLOB_UNKNOWN'),
    })
    const large = { ...manifest, annotations: { x: 'y'.repeat(3_900_000) } }
    expect((await registry.putManifest('app', 'large', large)).status).toBe(201)
    expect(
      (await registry.putManifest('app', 'huge', { ...manifest, annotations: { x: 'y'.repeat(4_300_000) } })).status,
    ).toBe(413)
    expect((await registry.send('HEAD', '/v2/app/manifests/lost')).status).toBe(404)
  })

  test('an index may name what is not there, and layers that live elsewhere need not be', async () => {
    const index = {
      schemaVersion: 2,
      mediaType: indexType,
      manifests: [{ mediaType: manifestType, digest: sha256('sparse'), size: 6 }],
    }
    expect((await registry.putManifest('app', 'sparse', index, indexType)).status).toBe(201)
    const { manifest } = await registry.blobsOfImage('app', 'foreign')
    const layers = [
      {
        mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
        digest: sha256('elsewhere'),
        size: 9,
      },
    ]
    expect((await registry.putManifest('app', 'foreign', { ...manifest, layers })).status).toBe(201)
  })

  test('sha512 manifests and several tags in one PUT', async () => {
    const { text } = await registry.blobsOfImage('app', 'long digest')
    const put = await registry.putManifest('app', `${sha512(text)}?tag=a&tag=b`, text)
    expect(put).toMatchObject({ status: 201, headers: { 'oci-tag': 'a, b' } })
    expect((await registry.send('HEAD', '/v2/app/manifests/b')).headers['docker-content-digest']).toBe(sha512(text))
  })

  test('a tag is deleted alone, a digest with its tags', async () => {
    const { text, digest } = await registry.blobsOfImage('gone', 'to delete')
    await registry.putManifest('gone', 'a', text)
    await registry.putManifest('gone', 'b', text)
    expect((await registry.send('DELETE', '/v2/gone/manifests/a')).status).toBe(202)
    expect((await registry.send('HEAD', '/v2/gone/manifests/a')).status).toBe(404)
    expect((await registry.send('HEAD', '/v2/gone/manifests/b')).status).toBe(200)
    expect((await registry.send('DELETE', `/v2/gone/manifests/${digest}`)).status).toBe(202)
    expect((await registry.send('HEAD', '/v2/gone/manifests/b')).status).toBe(404)
    expect((await registry.send('DELETE', `/v2/gone/manifests/${digest}`)).status).toBe(404)
  })
})

describe('listings', () => {
  test('tags are sorted and paged with a Link', async () => {
    const { text } = await registry.blobsOfImage('tags', 'tagged')
    for (const tag of ['c', 'a', 'e', 'b', 'd']) await registry.putManifest('tags', tag, text)
    const all = await registry.send('GET', '/v2/tags/tags/list')
    expect(JSON.parse(all.text)).toEqual({ name: 'tags', tags: ['a', 'b', 'c', 'd', 'e'] })
    const page = await registry.send('GET', '/v2/tags/tags/list?n=2&last=b')
    expect(JSON.parse(page.text).tags).toEqual(['c', 'd'])
    expect(page.headers.link).toBe('</v2/tags/tags/list?n=2&last=d>; rel="next"')
    expect((await registry.send('GET', '/v2/tags/tags/list?n=2&last=d')).headers.link).toBeUndefined()
    expect((await registry.send('GET', '/v2/nothing/tags/list')).status).toBe(404)
  })

  test('referrers are always an index, with artifact types and annotations', async () => {
    const { manifest, digest, text } = await registry.blobsOfImage('refs', 'subject')
    const subject = { mediaType: manifestType, digest, size: text.length }
    const put = await registry.putManifest('refs', 'sbom', {
      ...manifest,
      subject,
      artifactType: 'app/sbom',
      annotations: { a: 'b' },
    })
    // The subject need not exist.
    expect(put).toMatchObject({ status: 201, headers: { 'oci-subject': digest } })
    await registry.putManifest('refs', 'signature', { ...manifest, subject })
    const list = await registry.send('GET', `/v2/refs/referrers/${digest}`)
    expect(list.headers['content-type']).toBe(indexType)
    expect(JSON.parse(list.text)).toMatchObject({
      schemaVersion: 2,
      mediaType: indexType,
      manifests: [
        { artifactType: 'app/sbom', annotations: { a: 'b' } },
        { artifactType: 'application/vnd.oci.image.config.v1+json' },
      ],
    })
    const filtered = await registry.send('GET', `/v2/refs/referrers/${digest}?artifactType=app/sbom`)
    expect(filtered.headers['oci-filters-applied']).toBe('artifactType')
    expect(JSON.parse(filtered.text).manifests).toHaveLength(1)
    expect(await registry.send('GET', `/v2/none/referrers/${digest}`)).toMatchObject({
      status: 200,
      text: expect.stringContaining('"manifests":[]'),
    })
    expect((await registry.send('GET', '/v2/refs/referrers/sha256:zz')).status).toBe(400)
  })
})

test('errors have the specification’s form', async () => {
  const missing = await registry.send('GET', `/v2/app/blobs/${sha256('never pushed')}`)
  expect(missing).toMatchObject({ status: 404, headers: { 'content-type': 'application/json' } })
  expect(JSON.parse(missing.text)).toEqual({ errors: [{ code: 'BLOB_UNKNOWN', message: expect.any(String) }] })
  expect((await registry.send('POST', '/v2/UPPER/blobs/uploads/')).text).toContain('NAME_INVALID')
  expect((await registry.send('POST', `/v2/app/manifests/x`)).status).toBe(405)
})

test('large blobs are streamed: memory does not grow with them', async () => {
  const size = 256 * 1024 * 1024
  const chunk = randomBytes(1024 * 1024)
  const before = process.memoryUsage().rss
  const session = await open('large')
  const url = new URL(pathOf(session.headers.location), simulator.url)
  async function* body() {
    for (let sent = 0; sent < size; sent += chunk.length) yield chunk
  }
  let peak = 0
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss)
  }, 20)
  const patched = await fetch(url, {
    method: 'PATCH',
    body: body() as never,
    duplex: 'half',
    redirect: 'error',
  } as RequestInit)
  clearInterval(watch)
  expect(patched.status).toBe(202)
  expect(patched.headers.get('range')).toBe(`0-${size - 1}`)
  expect(peak - before).toBeLessThan(size / 2)
})
