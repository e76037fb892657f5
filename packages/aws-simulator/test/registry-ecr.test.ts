import {
  CreateRepositoryCreationTemplateCommand,
  GetAuthorizationTokenCommand,
  PutAccountSettingCommand,
} from '@aws-sdk/client-ecr'
import { type Scenario, type Simulator, startSimulator } from '../src/index.ts'
import { clientsOf } from './clients.ts'
import { indexType, manifestType, registryClient, sha256, withDigest } from './http.ts'

let simulator: Simulator
let ecr: ReturnType<typeof clientsOf>['ecr']
let registry: ReturnType<typeof registryClient>

async function start(scenario: Scenario = {}) {
  simulator = await startSimulator({
    clock: 'manual',
    scenario: {
      seed: { repositories: [{ name: 'app' }, { name: 'other' }, { name: 'frozen', mutability: 'IMMUTABLE' }] },
      ...scenario,
    },
  })
  ecr = clientsOf(simulator.url).ecr
  const { authorizationData } = await ecr.send(new GetAuthorizationTokenCommand({}))
  expect(authorizationData?.[0]?.proxyEndpoint).toBe(simulator.url)
  registry = registryClient(simulator.url, `Basic ${authorizationData?.[0]?.authorizationToken}`)
}
afterEach(() => simulator.close())

const open = (name = 'app') => registry.send('POST', `/v2/${name}/blobs/uploads/`)
const mib = 1024 * 1024

describe('authorization', () => {
  test('without a token: 401 as plain text with a Basic challenge', async () => {
    await start()
    for (const authorization of [undefined, 'Bearer abc', `Basic ${Buffer.from('AWS:wrong').toString('base64')}`]) {
      expect(await registryClient(simulator.url, authorization).send('GET', '/v2/')).toMatchObject({
        status: 401,
        text: 'Not Authorized',
        headers: { 'www-authenticate': expect.stringMatching(/^Basic realm=".*",service="ecr.amazonaws.com"$/) },
      })
    }
    expect((await registry.send('GET', '/v2/')).status).toBe(200)
  })

  test('after twelve hours the token has expired: 403 as plain text', async () => {
    await start()
    simulator.world.clock.advance(43_199)
    expect((await registry.send('GET', '/v2/')).status).toBe(200)
    simulator.world.clock.advance(1)
    expect(await registry.send('GET', '/v2/')).toMatchObject({
      status: 403,
      text: 'Your authorization token has expired. Reauthenticate and try again.',
    })
  })

  test('a token can expire between two blobs, and in the JSON form', async () => {
    await start({ registry: { tokenUses: 2, ecr: { expiredForm: 'json' } }, seed: { repositories: [{ name: 'app' }] } })
    expect((await registry.putBlob('app', 'first')).status).toBe(201)
    const expired = await registry.putBlob('app', 'second')
    expect(expired.status).toBe(403)
    expect(JSON.parse(expired.text).errors[0]).toMatchObject({
      code: 'DENIED',
      message: expect.stringContaining('expired'),
    })
  })

  test('a denied action of ecr is denied here too, in IAM’s words', async () => {
    await start()
    simulator.addFaults({ service: 'ecr', operation: 'InitiateLayerUpload', effect: { kind: 'deny' } })
    const denied = await open()
    expect(denied.status).toBe(403)
    expect(JSON.parse(denied.text).errors[0].message).toMatch(
      /is not authorized to perform: ecr:InitiateLayerUpload on resource: arn:aws:ecr:eu-central-1:123456789012:repository\/app because no identity-based policy/,
    )
  })
})

describe('uploads', () => {
  test('PATCH answers 201 with a Range that stands still, and Location is absolute', async () => {
    await start()
    const session = await open()
    expect(session.headers.location).toMatch(new RegExp(`^${simulator.url}/v2/app/blobs/uploads/`))
    const location = session.headers.location!
    const part = Buffer.alloc(5 * mib, 'a')
    const first = await registry.send('PATCH', location, {
      body: part,
      headers: { 'content-range': `0-${part.length - 1}` },
    })
    expect(first).toMatchObject({ status: 201, headers: { range: `0-${part.length - 1}` } })
    const second = await registry.send('PATCH', location, {
      body: 'tail',
      headers: { 'content-range': `${part.length}-${part.length + 3}` },
    })
    expect(second).toMatchObject({ status: 201, headers: { range: `0-${part.length - 1}` } })
    const digest = sha256(Buffer.concat([part, Buffer.from('tail')]))
    expect((await registry.send('PUT', withDigest(session, digest, simulator.url))).status).toBe(201)
  })

  test('a part below 5 MiB that is not the last is refused at the commit, with the misleading text', async () => {
    await start()
    const session = await open()
    await registry.send('PATCH', session.headers.location!, { body: 'small', headers: { 'content-range': '0-4' } })
    await registry.send('PATCH', session.headers.location!, { body: 'tail', headers: { 'content-range': '5-8' } })
    expect(await registry.send('PUT', withDigest(session, sha256('smalltail'), simulator.url))).toMatchObject({
      status: 400,
      text: expect.stringContaining('None of the provided layer digests match the calculated layer digest'),
    })
  })

  test('a second body in one session is refused with 416', async () => {
    await start()
    const session = await open()
    await registry.send('PATCH', session.headers.location!, { body: 'whole' })
    expect(await registry.send('PATCH', session.headers.location!, { body: 'whole' })).toMatchObject({
      status: 416,
      text: expect.stringContaining('First byte of the layer part is 0 instead of 5'),
    })
  })

  test('a streamed PATCH of any size with an empty PUT, and one PUT, both work', async () => {
    await start()
    const session = await open()
    await registry.send('PATCH', session.headers.location!, { body: 'streamed' })
    expect((await registry.send('PUT', withDigest(session, sha256('streamed'), simulator.url))).status).toBe(201)
    expect((await registry.putBlob('app', 'at once')).status).toBe(201)
  })

  test('a blob without a byte is refused; with refuseEmptyBlob off it is taken', async () => {
    await start()
    expect(await registry.putBlob('app', '')).toMatchObject({
      status: 400,
      text: expect.stringContaining('does not have any parts'),
    })
    await simulator.close()
    await start({
      registry: { ecr: { refuseEmptyBlob: false, patchStatus: 202 } },
      seed: { repositories: [{ name: 'app' }] },
    })
    expect((await registry.putBlob('app', '')).status).toBe(201)
    const session = await open()
    expect((await registry.send('PATCH', session.headers.location!, { body: 'x' })).status).toBe(202)
  })
})

describe('repositories', () => {
  test('a missing one is 404 NAME_UNKNOWN, or a closed connection', async () => {
    await start()
    expect(await open('nope')).toMatchObject({
      status: 404,
      text: expect.stringContaining(
        "The repository with name 'nope' does not exist in the registry with id '123456789012'",
      ),
    })
    await simulator.close()
    await start({ registry: { ecr: { missingRepository: 'close' } } })
    await expect(open('nope')).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  test('a push creates one only where a creation template says so, a pull never', async () => {
    await start()
    await ecr.send(
      new CreateRepositoryCreationTemplateCommand({
        prefix: 'team',
        appliedFor: ['CREATE_ON_PUSH'],
        imageTagMutability: 'IMMUTABLE',
      }),
    )
    await ecr.send(new CreateRepositoryCreationTemplateCommand({ prefix: 'ROOT', appliedFor: ['REPLICATION'] }))
    expect((await registry.send('HEAD', '/v2/team/api/manifests/v1')).status).toBe(404)
    expect((await open('team/api')).status).toBe(202)
    expect((await open('elsewhere')).status).toBe(404)
  })
})

describe('mounting', () => {
  const mount = (digest: string, from?: string) =>
    registry.send('POST', `/v2/other/blobs/uploads/?mount=${digest}${from ? `&from=${from}` : ''}`)

  test('never happens unless the account has it on', async () => {
    await start()
    const { text, layer } = await registry.blobsOfImage('app', 'x')
    await registry.putManifest('app', 'v1', text)
    expect((await mount(layer, 'app')).status).toBe(202)
  })

  test('needs an image of the source that names the blob', async () => {
    await start()
    await ecr.send(new PutAccountSettingCommand({ name: 'BLOB_MOUNTING', value: 'ENABLED' }))
    const { text, layer } = await registry.blobsOfImage('app', 'x')
    expect((await mount(layer, 'app')).status).toBe(202)
    await registry.putManifest('app', 'v1', text)
    expect((await mount(layer)).status).toBe(202)
    expect((await mount(layer, 'app')).status).toBe(201)
    expect((await registry.send('HEAD', `/v2/other/blobs/${layer}`)).status).toBe(200)
  })
})

describe('manifests', () => {
  test('an immutable tag refuses other content with 400 TAG_INVALID, the same content is fine', async () => {
    await start()
    const one = await registry.blobsOfImage('frozen', 'one')
    const two = await registry.blobsOfImage('frozen', 'two')
    expect((await registry.putManifest('frozen', 'v1', one.text)).status).toBe(201)
    expect((await registry.putManifest('frozen', 'v1', one.text)).status).toBe(201)
    const refused = await registry.putManifest('frozen', 'v1', two.text)
    expect(refused.status).toBe(400)
    expect(JSON.parse(refused.text).errors).toEqual([
      {
        code: 'TAG_INVALID',
        message:
          "The image tag 'v1' already exists in the 'frozen' repository and cannot be overwritten because the repository is immutable.",
      },
    ])
    expect((await registry.send('HEAD', '/v2/frozen/manifests/v1')).headers['docker-content-digest']).toBe(one.digest)
  })

  test('the other readings: identical push 400, newer wording', async () => {
    await start({
      registry: { ecr: { identicalPush: 400, immutableWording: 'tag' } },
      seed: { repositories: [{ name: 'frozen', mutability: 'IMMUTABLE' }] },
    })
    const one = await registry.blobsOfImage('frozen', 'one')
    const two = await registry.blobsOfImage('frozen', 'two')
    await registry.putManifest('frozen', 'v1', one.text)
    expect((await registry.putManifest('frozen', 'v1', one.text)).status).toBe(400)
    expect((await registry.putManifest('frozen', 'v1', two.text)).text).toContain('because the tag is immutable.')
  })

  test.each([
    [
      'platform in subject',
      { subject: { mediaType: manifestType, digest: sha256('s'), size: 1, platform: { os: 'linux' } } },
    ],
    ['annotations in subject', { subject: { mediaType: manifestType, digest: sha256('s'), size: 1, annotations: {} } }],
    ['a media type with parameters', { mediaType: `${manifestType}; charset=utf-8` }],
  ])('%s: 405 Invalid JSON syntax', async (_what, more) => {
    await start()
    const { manifest } = await registry.blobsOfImage('app', 'strict')
    expect(await registry.putManifest('app', 'v1', { ...manifest, ...more })).toMatchObject({
      status: 405,
      text: expect.stringContaining(
        "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'",
      ),
    })
  })

  test('annotations on the config descriptor are refused too', async () => {
    await start()
    const { manifest } = await registry.blobsOfImage('app', 'strict')
    const config = { ...manifest.config, annotations: { a: 'b' } }
    expect((await registry.putManifest('app', 'v1', { ...manifest, config })).status).toBe(405)
  })

  test('an index needs its children, an image its layers', async () => {
    await start()
    const { manifest, text, digest } = await registry.blobsOfImage('app', 'child')
    const index = {
      schemaVersion: 2,
      mediaType: indexType,
      manifests: [{ mediaType: manifestType, digest, size: text.length }],
    }
    expect(await registry.putManifest('app', 'multi', index, indexType)).toMatchObject({
      status: 404,
      text: expect.stringContaining(digest),
    })
    await registry.putManifest('app', digest, text)
    expect((await registry.putManifest('app', 'multi', index, indexType)).status).toBe(201)
    const lost = { ...manifest, layers: [{ ...manifest.layers[0], digest: sha256('lost') }] }
    expect((await registry.putManifest('app', 'lost', lost)).text).toContain(
      `Layers with digests '[${sha256('lost')}]' required for pushing image into repository with name 'app'`,
    )
  })

  test('HEAD names the digest, GET does not', async () => {
    await start()
    const { text, digest } = await registry.blobsOfImage('app', 'x')
    await registry.putManifest('app', 'v1', text)
    expect((await registry.send('HEAD', '/v2/app/manifests/v1')).headers['docker-content-digest']).toBe(digest)
    const read = await registry.send('GET', '/v2/app/manifests/v1')
    expect(read.headers['docker-content-digest']).toBeUndefined()
    expect(sha256(read.body)).toBe(digest)
    expect(await registry.send('HEAD', '/v2/app/manifests/with+plus')).toMatchObject({ status: 400, text: '' })
  })
})

describe('downloads', () => {
  test('a blob comes from another origin, which refuses a second authorization', async () => {
    await start()
    const { text, layer } = await registry.blobsOfImage('app', 'x')
    expect((await registry.send('GET', `/v2/app/blobs/${layer}`)).status).toBe(404)
    await registry.putManifest('app', 'v1', text)
    const redirect = await registry.send('GET', `/v2/app/blobs/${layer}`)
    expect(redirect.status).toBe(307)
    const address = new URL(redirect.headers.location!)
    // By name, not by port only: that is what makes HTTP clients drop their credentials.
    expect(address.hostname).not.toBe(new URL(simulator.url).hostname)
    expect((await registryClient(address.origin).send('GET', address.href)).text).toBe('layer of x')
    const doubled = await registry.send('GET', address.href)
    expect(doubled).toMatchObject({ status: 400, text: expect.stringContaining('Only one auth mechanism allowed') })
    address.searchParams.set('X-Amz-Signature', 'other')
    expect((await registryClient(address.origin).send('GET', address.href)).status).toBe(403)
    expect(simulator.calls.filter((call) => call.service === 's3')).toHaveLength(3)
  })
})

describe('faults', () => {
  test('a connection cut in the middle of a blob stores nothing', async () => {
    await start({
      faults: [
        { service: 'registry', operation: 'PUT /v2/app/blobs/*', times: 1, effect: { kind: 'drop', when: 'mid-body' } },
      ],
    })
    const body = Buffer.alloc(3 * mib, 'b')
    const session = registryClient(simulator.url, registry.authorization)
    await simulator.seed({ repositories: [{ name: 'app' }] })
    await expect(session.putBlob('app', body)).rejects.toMatchObject({
      code: expect.stringMatching(/ECONNRESET|EPIPE/),
    })
    expect((await session.send('HEAD', `/v2/app/blobs/${sha256(body)}`)).status).toBe(404)
    expect((await session.putBlob('app', body)).status).toBe(201)
  })

  test('a commit whose answer is lost has happened', async () => {
    await start()
    simulator.addFaults({
      service: 'registry',
      operation: 'PUT /v2/*',
      times: 1,
      effect: { kind: 'drop', when: 'after' },
    })
    await expect(registry.putBlob('app', 'lost answer')).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect((await registry.send('HEAD', `/v2/app/blobs/${sha256('lost answer')}`)).status).toBe(200)
  })

  test('429 with Retry-After, 503, an early 403, a digest that lies, a byte that flipped', async () => {
    await start()
    const { text, digest } = await registry.blobsOfImage('app', 'x')
    await registry.putManifest('app', 'v1', text)
    simulator.addFaults(
      {
        operation: 'PUT /v2/*',
        times: 1,
        effect: { kind: 'error', name: 'TOOMANYREQUESTS', message: 'Rate exceeded', headers: { 'retry-after': '2' } },
      },
      {
        operation: 'PUT /v2/*',
        times: 1,
        skip: 1,
        effect: { kind: 'error', name: 'UNAVAILABLE', status: 503, body: 'Service Unavailable' },
      },
      {
        operation: 'HEAD /v2/app/manifests/*',
        times: 1,
        effect: { kind: 'headers', headers: { 'docker-content-digest': sha256('a lie') } },
      },
      { operation: 'GET /v2/app/manifests/*', times: 1, effect: { kind: 'corrupt' } },
    )
    expect(await registry.putManifest('app', 'v2', text)).toMatchObject({
      status: 429,
      headers: { 'retry-after': '2' },
      text: '{"errors":[{"code":"TOOMANYREQUESTS","message":"Rate exceeded"}]}',
    })
    expect(await registry.putManifest('app', 'v2', text)).toMatchObject({ status: 503, text: 'Service Unavailable' })
    expect((await registry.send('HEAD', '/v2/app/manifests/v1')).headers['docker-content-digest']).toBe(sha256('a lie'))
    expect(sha256((await registry.send('GET', '/v2/app/manifests/v1')).body)).not.toBe(digest)
    expect(sha256((await registry.send('GET', '/v2/app/manifests/v1')).body)).toBe(digest)
    simulator.addFaults({
      operation: 'PUT /v2/*',
      effect: { kind: 'error', name: 'DENIED', status: 403, body: 'expired', headers: { connection: 'close' } },
    })
    const early = await registry.putManifest('app', 'v3', text)
    expect(early).toMatchObject({ status: 403, text: 'expired', headers: { connection: 'close' } })
  })

  test('ten manifests a second, then 429', async () => {
    await start({ rateLimits: true, registry: { ecr: { retryAfter: 1 } }, seed: { repositories: [{ name: 'app' }] } })
    const { text } = await registry.blobsOfImage('app', 'x')
    const answers = await Promise.all(
      Array.from({ length: 25 }, (_, index) => registry.putManifest('app', `t${index}`, text)),
    )
    const refused = answers.filter((answer) => answer.status === 429)
    expect(refused.length).toBeGreaterThan(5)
    expect(refused[0]).toMatchObject({
      headers: { 'retry-after': '1' },
      text: expect.stringContaining('Rate exceeded'),
    })
    expect(answers.filter((answer) => answer.status === 201).length).toBeGreaterThanOrEqual(10)
  })
})
