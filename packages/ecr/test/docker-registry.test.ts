import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { systemClock } from '@deploy-actions/action-kit'
import { openDaemonImage, openOciLayout, openRegistry, plainAccess, pushImage, readManifest } from '../src/index.ts'
import { hasBlob } from '../src/registry/blobs.ts'
import type { RegistryOptions } from '../src/registry/registry.ts'
import { haveDockerRegistry, haveSkopeo, startDockerRegistry } from './support/docker-registry.ts'
import { Content, sha256, tarOf, writeFiles } from './support/images.ts'
import { type Line, startLine } from './support/line.ts'
import { memoryLog } from './support/log.ts'

const suite = haveDockerRegistry ? describe : describe.skip

suite('a registry that nobody here wrote', () => {
  let server: Awaited<ReturnType<typeof startDockerRegistry>>
  let folder: string
  const log = memoryLog()
  const connect = () => openRegistry(plainAccess(server.origin), { clock: systemClock, log })

  beforeAll(async () => {
    server = await startDockerRegistry()
    folder = mkdtempSync(path.join(tmpdir(), 'push-'))
  })
  afterAll(async () => {
    await server.close()
    rmSync(folder, { recursive: true })
  })

  test('takes an index with two platforms and an attestation, byte for byte, and nothing the second time', async () => {
    const content = new Content()
    const amd64 = await content.image(['base', 'amd64'], { platform: 'linux/amd64' })
    const arm64 = await content.image(['base', 'arm64'], { platform: 'linux/arm64/v8' })
    const root = content.index([amd64, arm64, content.attestation(amd64)])
    const source = await openOciLayout(writeFiles(path.join(folder, 'multi'), content.layoutFiles(root)))

    const registry = connect()
    const first = await pushImage(source, registry, 'shop/api', ['one', 'two'])
    expect(first).toMatchObject({ digest: root.digest, pushed: true, platforms: ['linux/amd64', 'linux/arm64/v8'] })
    expect(first.tags).toEqual([
      { tag: 'one', changed: true },
      { tag: 'two', changed: true },
    ])
    for (const reference of ['one', 'two', root.digest]) {
      const stored = await readManifest(registry, 'shop/api', reference)
      expect(stored?.bytes.equals(content.bytes(root))).toBe(true)
    }
    const second = await pushImage(source, registry, 'shop/api', ['one', 'three'])
    expect(second).toMatchObject({ pushed: false, uploadedBytes: 0, blobs: [] })
    expect(second.tags).toEqual([
      { tag: 'one', changed: false },
      { tag: 'three', changed: true },
    ])
    const other = await pushImage(source, registry, 'shop/worker', ['one'], { mountFrom: 'shop/api' })
    expect(new Set(other.blobs.map(({ outcome }) => outcome))).toEqual(new Set(['mounted']))
    registry.close()
    if (!haveSkopeo) return
    const raw = spawnSync('skopeo', [
      'inspect',
      '--raw',
      '--tls-verify=false',
      `docker://${server.host}/shop/worker:one`,
    ])
    expect(raw.stdout.equals(content.bytes(root))).toBe(true)
  })
})

suite('a registry behind a line that fails', () => {
  let server: Awaited<ReturnType<typeof startDockerRegistry>>
  let line: Line
  let folder: string
  beforeAll(async () => {
    server = await startDockerRegistry()
    folder = mkdtempSync(path.join(tmpdir(), 'line-'))
  })
  beforeEach(async () => {
    line = await startLine(server.origin)
  })
  afterEach(() => line.close())
  afterAll(async () => {
    await server.close()
    rmSync(folder, { recursive: true })
  })

  /** Pushes three layers of some megabytes, whatever happens on the way. */
  async function push(name: string, options: Partial<RegistryOptions> = {}) {
    const content = new Content()
    const noise = (seed: string) =>
      createHash('shake256', { outputLength: 12_000_000 })
        .update(name + seed)
        .digest('base64')
    const root = await content.image([noise('a'), noise('b'), 'small'])
    const source = await openOciLayout(writeFiles(path.join(folder, name), content.layoutFiles(root)))
    const log = memoryLog()
    const registry = openRegistry(plainAccess(line.origin), { clock: systemClock, log, ...options })
    const result = await pushImage(source, registry, name, ['prod']).catch((error: Error) => error)
    registry.close()
    const direct = openRegistry(plainAccess(server.origin), { clock: systemClock, log: memoryLog() })
    const stored = await readManifest(direct, name, 'prod')
    const layers = stored && (await Promise.all(stored.layers.map((layer) => hasBlob(direct, name, layer))))
    direct.close()
    return { root, result, log, stored, layers }
  }

  /** Does something once, in the middle of a blob. */
  const inMidBlob = (act: () => void) => {
    line.onBytes = (sum) => {
      if (sum < 3_000_000) return
      delete line.onBytes
      act()
    }
  }

  test.each<[string, 'reset' | 'away' | 'stall', number, Partial<RegistryOptions>]>([
    ['a line that resets every connection', 'reset', 0, {}],
    ['a registry that is gone for some seconds', 'away', 3_000, {}],
    ['a line that swallows what is sent', 'stall', 1_500, { silenceMs: 700 }],
  ])(
    '%s in mid-blob: the push survives, and the tag names the whole image',
    async (_, failure, ms, options) => {
      inMidBlob(() => {
        if (failure === 'reset') return line.reset()
        line.behave(failure)
        setTimeout(() => line.behave('pass'), ms)
      })
      const { root, stored, layers, log } = await push(failure, options)
      expect(stored?.digest).toBe(root.digest)
      expect(layers).toEqual([true, true, true])
      expect(log.text()).toMatch(/; again in /)
    },
    60_000,
  )

  test('a registry that goes away for good: no tag is set, and the error says how long it was waited for', async () => {
    inMidBlob(() => line.behave('away'))
    const { result, stored } = await push('gone', { patienceMs: 2_000 })
    expect(stored).toBeUndefined()
    expect(String(result)).toMatch(/The upload of layer \w+ got no answer: \d+ attempts in .* failed/)
  }, 60_000)
})

const haveDocker = spawnSync('docker', ['info']).status === 0
const withDocker = haveDockerRegistry && haveDocker ? describe : describe.skip

withDocker('a Docker engine', () => {
  let server: Awaited<ReturnType<typeof startDockerRegistry>>
  let folder: string
  const docker = (...args: string[]) => {
    const run = spawnSync('docker', args, { encoding: 'utf8' })
    if (run.status !== 0) throw new Error(`docker ${args.join(' ')}: ${run.stderr}`)
    return run.stdout.trim()
  }

  beforeAll(async () => {
    server = await startDockerRegistry()
    folder = mkdtempSync(path.join(tmpdir(), 'docker-'))
  })
  afterAll(async () => {
    await server.close()
    rmSync(folder, { recursive: true })
  })

  test('saves an image that we push and it pulls back as the same image', async () => {
    const name = `deploy-actions-test:${process.pid}`
    const file = path.join(folder, 'root.tar')
    writeFileSync(file, await tarOf({ hello: 'world' }))
    const id = docker('import', '--change', 'LABEL made=here', file, name)
    const log = memoryLog()
    const registry = openRegistry(plainAccess(server.origin), { clock: systemClock, log })
    const image = await openDaemonImage(name, { temp: folder })
    const result = await pushImage(image, registry, 'shop', ['1'])
    await image.close()
    registry.close()

    docker('rmi', '--force', name)
    const pulled = `${server.host}/shop@${result.digest}`
    docker('pull', '--quiet', pulled)
    const [layers, label] = docker(
      'inspect',
      '--format',
      '{{json .RootFS.Layers}} {{index .Config.Labels "made"}}',
      pulled,
    ).split(' ')
    expect(JSON.parse(layers!)).toEqual([sha256(await tarOf({ hello: 'world' }))])
    expect(label).toBe('here')
    expect(id).toMatch(/^sha256:/)
    docker('rmi', '--force', pulled)
  })
})
