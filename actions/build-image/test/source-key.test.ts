import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import type { Inputs } from '../src/inputs.ts'
import { sourceKey } from '../src/source-key/source-key.ts'
import { inputsOf, runnerOf } from './support/inputs.ts'
import { files } from './support/stage.ts'

let workspace: string
beforeEach(() => {
  workspace = mkdtempSync(path.join(tmpdir(), 'key-'))
  files(workspace, {
    Dockerfile: 'FROM scratch\nCOPY . /\n',
    '.dockerignore': 'ignored\n**/*.log\nmigrations\n',
    'src/a.js': 'a',
    'src/b.js': 'b',
    'bin/run': '#!/bin/sh\n',
    'ignored/x': 'x',
    'migrations/001.sql': 'CREATE TABLE a;',
    'docs/.dockerignore': 'drafts\n',
    'docs/index.md': '# Docs',
    'docs/drafts/x.md': 'x',
  })
  chmodSync(path.join(workspace, 'bin/run'), 0o755)
  symlinkSync('a.js', path.join(workspace, 'src/link'))
})
afterEach(() => rmSync(workspace, { recursive: true }))

const at = (...parts: string[]) => path.join(workspace, ...parts)

const inputs = (change: Partial<Inputs> = {}) => inputsOf(workspace, change)
const runner = (env: NodeJS.ProcessEnv = {}) => runnerOf(workspace, env)

async function keyOf(change: Partial<Inputs> = {}, env: NodeJS.ProcessEnv = {}): Promise<string> {
  return (await sourceKey(inputs(change), runner(env))).key
}

test('the key fits a tag of ECR', async () => {
  expect(await keyOf()).toMatch(/^[0-9a-f]{40}$/)
})

describe('what the builder sees changes the key', () => {
  const changes: Record<string, () => void> = {
    'content of a file': () => files(workspace, { 'src/a.js': 'A' }),
    'a file more': () => files(workspace, { 'src/c.js': '' }),
    'a file less': () => unlinkSync(at('src/b.js')),
    'another name': () => renameSync(at('src/b.js'), at('src/B.js')),
    'another folder': () => renameSync(at('src/b.js'), at('bin/b.js')),
    'contents swapped': () => files(workspace, { 'src/a.js': 'b', 'src/b.js': 'a' }),
    'the executable bit': () => chmodSync(at('src/a.js'), 0o755),
    'a private file': () => chmodSync(at('src/a.js'), 0o600),
    'the set-user-ID bit': () => chmodSync(at('bin/run'), 0o4755),
    'the mode of a folder': () => chmodSync(at('src'), 0o700),
    'the text of a link': () => {
      unlinkSync(at('src/link'))
      symlinkSync('b.js', at('src/link'))
    },
    'a copy instead of a link': () => {
      unlinkSync(at('src/link'))
      files(workspace, { 'src/link': 'a' })
    },
    'a link that leads nowhere': () => symlinkSync('/nowhere', at('src/dangling')),
    'a hard link instead of a copy': () => {
      files(workspace, { 'src/b.js': 'a' })
      unlinkSync(at('src/b.js'))
      linkSync(at('src/a.js'), at('src/b.js'))
    },
    'an empty folder': () => mkdirSync(at('empty')),
    'a pipe': () => void spawnSync('mkfifo', [at('pipe')]),
    'the Dockerfile': () => files(workspace, { Dockerfile: 'FROM scratch\nCOPY src /\n' }),
    'the Dockerfile, though it is ignored': () =>
      files(workspace, {
        '.dockerignore': 'Dockerfile\nignored\n**/*.log\nmigrations\n',
        Dockerfile: 'FROM scratch\n',
      }),
    'the ignore file': () => files(workspace, { '.dockerignore': '**/*.log\nmigrations\n' }),
    'an ignore file of the Dockerfile’s own': () => files(workspace, { 'Dockerfile.dockerignore': 'src\n' }),
    'a git folder': () => files(workspace, { '.git/HEAD': 'x' }),
    'a name that is no UTF-8': () =>
      void spawnSync('sh', ['-c', 'touch "$(printf \'bad\\377name\')"'], { cwd: workspace }),
  }
  test.each(Object.entries(changes))('%s', async (_name, change) => {
    const before = await keyOf()
    change()
    expect(await keyOf()).not.toBe(before)
  })

  const options: Record<string, Partial<Inputs>> = {
    target: { target: 'final' },
    platforms: { platforms: ['linux/arm64'] },
    'one platform more': { platforms: ['linux/amd64', 'linux/arm64'] },
    'a build argument': { buildArgs: [{ name: 'A', value: '', fromEnvironment: false }] },
    'a build argument without value': { buildArgs: [{ name: 'A', value: undefined, fromEnvironment: true }] },
    'a secret': { secrets: [{ id: 'token', value: 'x' }] },
    'a label': { labels: { team: 'shop' } },
    provenance: { provenance: 'max' },
    sbom: { sbom: true },
    'a context by name': { buildContexts: { base: 'docker-image://alpine:3' } },
    'a folder by name': { buildContexts: { docs: 'docs' } },
    ssh: { ssh: ['default'] },
    'a label for the reference': { labels: { 'org.opencontainers.image.ref.name': 'v1' } },
  }
  test.each(Object.entries(options))('option: %s', async (_name, change) => {
    expect(await keyOf(change)).not.toBe(await keyOf())
  })

  test('the options keep apart from each other', async () => {
    const keys = await Promise.all([
      ...Object.values(options).map((option) => keyOf(option)),
      keyOf({ labels: { docs: 'docs' } }),
      keyOf({ target: 'A' }),
    ])
    expect(new Set(keys).size).toBe(keys.length)
  })

  test('a build argument’s value, wherever it comes from', async () => {
    const withValue = (value: string, fromEnvironment: boolean) =>
      keyOf({ buildArgs: [{ name: 'A', value, fromEnvironment }] })
    expect(await withValue('1', false)).not.toBe(await withValue('2', false))
    expect(await withValue('1', true)).toBe(await withValue('1', false))
  })

  test('the migrations, though they are ignored', async () => {
    const migrationsPath = at('migrations')
    const before = await keyOf({ migrationsPath })
    expect(before).not.toBe(await keyOf())
    const without = await keyOf()
    files(workspace, { 'migrations/002.sql': 'CREATE TABLE b;' })
    expect(await keyOf()).toBe(without)
    expect(await keyOf({ migrationsPath })).not.toBe(before)
  })

  test('a named context by its own ignore file', async () => {
    const buildContexts = { docs: 'docs' }
    // Ignored for the main context, so that only the named one can tell.
    files(workspace, { '.dockerignore': 'docs\n' })
    const before = await keyOf({ buildContexts })
    files(workspace, { 'docs/drafts/y.md': 'y' })
    expect(await keyOf({ buildContexts })).toBe(before)
    files(workspace, { 'docs/index.md': '# New' })
    expect(await keyOf({ buildContexts })).not.toBe(before)
  })

  test('the content of an OCI layout, but not what a digest pins', async () => {
    files(workspace, { 'base/index.json': '{"manifests":[]}', '.dockerignore': 'base\n' })
    const base = (suffix = '') => keyOf({ buildContexts: { base: `oci-layout://base${suffix}` } })
    const [plain, tagged, pinned] = [await base(), await base(':v1'), await base(`@sha256:${'0'.repeat(64)}`)]
    expect(tagged).not.toBe(plain)
    files(workspace, { 'base/index.json': '{"manifests":[{}]}' })
    expect(await base()).not.toBe(plain)
    expect(await base(`@sha256:${'0'.repeat(64)}`)).toBe(pinned)
  })
})

describe('what the builder does not see leaves the key alone', () => {
  const changes: Record<string, () => void> = {
    times: () => utimesSync(at('src/a.js'), 1, 1),
    'the content of an ignored file': () => files(workspace, { 'ignored/x': 'y' }),
    'an ignored file more': () => files(workspace, { 'src/debug.log': 'x' }),
    'an ignored folder': () => files(workspace, { 'ignored/deep/er/x': '' }),
    'the mode of the context itself': () => chmodSync(workspace, 0o700),
    'the order of making': () => {
      renameSync(at('src'), at('ignored/src'))
      files(workspace, { 'src/b.js': 'b' })
      symlinkSync('a.js', at('src/link'))
      files(workspace, { 'src/a.js': 'a' })
    },
  }
  test.each(Object.entries(changes))('%s', async (_name, change) => {
    const before = await keyOf()
    change()
    expect(await keyOf()).toBe(before)
  })

  test.each<[string, Partial<Inputs>]>([
    ['caches', { cacheFrom: ['type=gha'], cacheTo: ['type=gha'] }],
    ['the output folder', { output: '/elsewhere' }],
    ['how it is looked up', { rebuild: true, maxAgeMs: 1000, repository: { name: 'other' }, region: 'us-east-1' }],
    ['labels that tell commits apart', { labels: { 'org.opencontainers.image.revision': 'abc' } }],
    ['another name of the platform', { platforms: ['linux/x86_64', 'linux/amd64/v1'] }],
    ['the builder', { builder: 'fast', noCache: true }],
  ])('%s', async (_name, change) => {
    expect(await keyOf(change)).toBe(await keyOf())
  })

  test('the order of options', async () => {
    const argument = (name: string) => ({ name, value: name, fromEnvironment: false })
    const one = {
      platforms: ['linux/amd64', 'linux/arm64'],
      buildArgs: [argument('A'), argument('B')],
      labels: { a: '1', b: '2' },
    }
    const two = {
      platforms: ['linux/arm64', 'linux/amd64'],
      buildArgs: [argument('B'), argument('A')],
      labels: { b: '2', a: '1' },
    }
    expect(await keyOf(two)).toBe(await keyOf(one))
  })

  test('the value of a secret', async () => {
    const secret = (value: string) => keyOf({ secrets: [{ id: 'token', value }] })
    expect(await secret('a')).toBe(await secret('b'))
  })

  test('the path of an SSH key', async () => {
    expect(await keyOf({ ssh: ['id=a'] })).toBe(await keyOf({ ssh: ['id=b'] }))
    expect(await keyOf({ ssh: ['id=a'] })).not.toBe(await keyOf({ ssh: ['other=a'] }))
  })

  test('the place of the workspace', async () => {
    const before = await keyOf()
    const elsewhere = `${workspace}-moved`
    renameSync(workspace, elsewhere)
    try {
      expect(await keyOf({ workspace: elsewhere, context: elsewhere })).toBe(before)
    } finally {
      renameSync(elsewhere, workspace)
    }
  })
})

test('a Dockerfile outside of the context, with an ignore file beside it', async () => {
  files(workspace, { 'docker/web': 'FROM scratch\n', 'docker/web.dockerignore': '**/*.js\n' })
  const web = { context: at('src'), dockerfile: at('docker/web') }
  const before = await keyOf(web)
  files(workspace, { 'src/a.js': 'changed' })
  expect(await keyOf(web)).toBe(before)
  files(workspace, { 'docker/web': 'FROM scratch\nCOPY . /\n' })
  expect(await keyOf(web)).not.toBe(before)
})

test('the empty ignore file of a Dockerfile shuts out the context’s own', async () => {
  files(workspace, { 'Dockerfile.dockerignore': '' })
  const before = await keyOf()
  files(workspace, { 'ignored/x': 'changed' })
  expect(await keyOf()).not.toBe(before)
})

test('what can’t be pinned is named', async () => {
  const buildContexts = {
    pinned: `docker-image://alpine@sha256:${'a'.repeat(64)}`,
    commit: `https://github.com/example/shop.git#${'b'.repeat(40)}`,
    tag: 'docker-image://alpine:3',
    branch: 'https://github.com/example/shop.git#main',
  }
  const { drifting } = await sourceKey(inputs({ buildContexts }), runner())
  expect(drifting.map(({ name }) => name)).toEqual(['tag', 'branch'])
})

test('any change of any tree changes the key, and nothing else does', async () => {
  const name = fc.constantFrom('a', 'b', 'é', '𝒳', ' ', 'a b', '"', '\n', '\\')
  const tree = fc.dictionary(
    fc.array(name, { minLength: 1, maxLength: 2 }).map((parts) => parts.join('/')),
    fc.string({ maxLength: 3 }),
    { maxKeys: 5 },
  )
  const known = new Map<string, string>()
  let counter = 0
  await fc.assert(
    fc.asyncProperty(tree, async (entries) => {
      // A path can't be a file and a folder at once.
      const names = Object.keys(entries).filter(
        (one) => !Object.keys(entries).some((other) => other.startsWith(`${one}/`)),
      )
      const kept = Object.fromEntries(names.sort().map((one) => [one, entries[one]!]))
      const context = files(at(`tree-${counter++}`), kept)
      mkdirSync(context, { recursive: true })
      const key = await keyOf({ context, dockerfile: at('Dockerfile') })
      const text = JSON.stringify(kept)
      expect(known.get(key) ?? text).toBe(text)
      known.set(key, text)
    }),
    { numRuns: 150 },
  )
  expect(new Set(known.values()).size).toBe(known.size)
})
