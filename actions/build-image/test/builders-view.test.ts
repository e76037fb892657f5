import { linkSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Inputs } from '../src/inputs.ts'
import { nameOnDisk, nameText } from '../src/source-key/file-names.ts'
import { sourceKey } from '../src/source-key/source-key.ts'
import { inputsOf, runnerOf } from './support/inputs.ts'
import { files } from './support/stage.ts'

// Where a key and the builder could see different things: a change that only the builder sees would ship old code.

let outside: string
let workspace: string
beforeEach(() => {
  outside = mkdtempSync(path.join(tmpdir(), 'view-'))
  workspace = path.join(outside, 'app')
  files(workspace, { Dockerfile: 'FROM scratch\nCOPY . /\n', 'src/a.js': 'a', 'docs/x.md': 'x' })
})
afterEach(() => rmSync(outside, { recursive: true }))

const at = (...parts: string[]) => path.join(workspace, ...parts)
const key = (change: Partial<Inputs> = {}, env: NodeJS.ProcessEnv = {}) =>
  sourceKey(inputsOf(workspace, change), runnerOf(workspace, env))
const keyOf = async (...args: Parameters<typeof key>) => (await key(...args)).key

/** Whether a change of an ignored file (`docs`) goes unseen, as it should where the ignore file counts. */
async function ignoresDocs(change: Partial<Inputs> = {}): Promise<boolean> {
  const before = await keyOf(change)
  files(workspace, { 'docs/x.md': `${Math.random()}` })
  return (await keyOf(change)) === before
}

describe('an ignore file that is a link', () => {
  test('out of its folder is not followed by the builder, which then ignores nothing', async () => {
    files(outside, { '.dockerignore': 'docs\n' })
    symlinkSync('../../.dockerignore', at('.dockerignore'))
    expect(await ignoresDocs()).toBe(false)
    unlinkSync(at('.dockerignore'))
    symlinkSync(path.join(outside, '.dockerignore'), at('.dockerignore'))
    expect(await ignoresDocs()).toBe(false)
  })

  test('within its folder is followed, over other links, and `/` is the folder', async () => {
    files(workspace, { 'conf/ignore': 'docs\n' })
    symlinkSync('conf', at('alias'))
    for (const target of ['conf/ignore', './alias/ignore'.slice(2), '/conf/ignore', '../../conf/ignore']) {
      rmSync(at('.dockerignore'), { force: true })
      symlinkSync(target, at('.dockerignore'))
      expect([target, await ignoresDocs()]).toEqual([target, true])
    }
  })

  test.each(['conf/../ignore', 'ignore*', ' ignore', './ignore'])(
    'to "%s", which the builder may read in another way, is refused by name',
    async (target) => {
      symlinkSync(target, at('.dockerignore'))
      await expect(key()).rejects.toThrow(`.dockerignore is a link to "${target}"`)
    },
  )

  test('a loop, a folder and nothing at all ignore nothing', async () => {
    symlinkSync('.dockerignore', at('.dockerignore'))
    expect(await ignoresDocs()).toBe(false)
    unlinkSync(at('.dockerignore'))
    mkdirSync(at('.dockerignore'))
    expect(await ignoresDocs()).toBe(false)
  })
})

describe('the Dockerfile', () => {
  test('in lower case has an ignore file in lower case', async () => {
    renameSync(at('Dockerfile'), at('dockerfile'))
    files(workspace, { 'Dockerfile.dockerignore': 'docs\n' })
    expect(await ignoresDocs()).toBe(false)
    files(workspace, { 'dockerfile.dockerignore': 'docs\n' })
    expect(await ignoresDocs()).toBe(true)
    // `Dockerfile` wins where both are there.
    files(workspace, { Dockerfile: 'FROM scratch\n' })
    expect((await key()).dockerfile).toBe(at('Dockerfile'))
  })

  test('that is a link is read within its folder only', async () => {
    files(workspace, { 'docker/web': 'FROM scratch\n' })
    unlinkSync(at('Dockerfile'))
    symlinkSync('docker/web', at('Dockerfile'))
    const before = await keyOf()
    files(workspace, { 'docker/web': 'FROM scratch\nCOPY . /\n' })
    expect(await keyOf()).not.toBe(before)
    unlinkSync(at('Dockerfile'))
    files(outside, { web: 'FROM scratch\n' })
    symlinkSync('../web', at('Dockerfile'))
    await expect(key()).rejects.toThrow(/Dockerfile can't be read by the builder.*within/)
  })

  test('brings a policy of its name along, though it lies outside of the context', async () => {
    files(outside, { 'docker/web': 'FROM scratch\n' })
    const dockerfile = path.join(outside, 'docker/web')
    const before = await keyOf({ dockerfile })
    files(outside, { 'docker/web.rego': 'package docker\n' })
    expect(await keyOf({ dockerfile })).not.toBe(before)
  })

  test('asks for the time of the commit: each commit is a source of its own, unless the time is given', async () => {
    files(workspace, { Dockerfile: 'FROM scratch\nARG SOURCE_DATE_EPOCH\n' })
    const [one, two] = [{ SOURCE_DATE_EPOCH: '1' }, { SOURCE_DATE_EPOCH: '2' }]
    expect(await keyOf({}, one)).not.toBe(await keyOf({}, two))
    const buildArgs = [{ name: 'SOURCE_DATE_EPOCH', value: '0', fromEnvironment: false }]
    expect(await keyOf({ buildArgs }, one)).toBe(await keyOf({ buildArgs }, two))
    files(workspace, { Dockerfile: 'FROM scratch\n' })
    expect(await keyOf({}, one)).toBe(await keyOf({}, two))
  })
})

describe('names that are no UTF-8', () => {
  const write = (folder: string, name: number[], text: string) =>
    writeFileSync(Buffer.concat([Buffer.from(`${at(folder)}/`), Buffer.from(name)]), text)

  test('a pattern with such a name leaves no other one out', async () => {
    write('.', [0x63, 0xe8], 'old')
    writeFileSync(at('.dockerignore'), Buffer.from([0x63, 0xe9, 0x0a]))
    const before = await key()
    expect(before.unclear).toEqual(['c\uFFFD'])
    write('.', [0x63, 0xe8], 'new')
    expect(await keyOf()).not.toBe(before.key)
  })

  test('two links to two such files are two keys', async () => {
    const linked = async (target: number) => {
      rmSync(at('src'), { recursive: true })
      mkdirSync(at('src'))
      for (const byte of [0xe8, 0xe9]) write('src', [byte], 'same')
      const name = Buffer.concat([Buffer.from(`${at('src')}/`), Buffer.from([target])])
      linkSync(name, at('src/z'))
      return keyOf()
    }
    expect(await linked(0xe8)).not.toBe(await linked(0xe9))
  })

  test('are kept byte by byte', () => {
    const names = [[0x61], [0xe9], [0xe2, 0x82], [0xef, 0xbf, 0xbd], [0xf0, 0x9f, 0x98, 0x80, 0x80], [0xed, 0xa0, 0x80]]
    const texts = names.map((bytes) => nameText(Buffer.from(bytes)))
    expect(new Set(texts).size).toBe(names.length)
    expect(texts.map((text) => [...Buffer.from(nameOnDisk(text))])).toEqual(names)
  })
})

test('an ignore file that only the builder can read counts itself, also outside of the context', async () => {
  files(outside, { web: 'FROM scratch\n', 'web.dockerignore': '[*]\ndocs\n' })
  const dockerfile = path.join(outside, 'web')
  const before = await keyOf({ dockerfile })
  files(outside, { 'web.dockerignore': '[*]\nsrc\n' })
  expect(await keyOf({ dockerfile })).not.toBe(before)
})

test('a second byte order mark, which the builder skips in some patterns only', async () => {
  writeFileSync(at('.dockerignore'), '**/*.md\n!\uFEFFdocs/*\n')
  expect((await key()).unclear).toEqual(['\uFEFFdocs/*'])
  expect(await ignoresDocs()).toBe(false)
})

test('proxies of Docker’s configuration, which become build arguments', async () => {
  const before = await keyOf()
  const config = (text: string) =>
    keyOf({}, { DOCKER_CONFIG: files(path.join(outside, 'docker'), { 'config.json': text }) })
  const proxy = (url: string) => JSON.stringify({ auths: {}, proxies: { default: { httpProxy: url } } })
  expect(await config('{"auths":{}}')).toBe(before)
  expect(await config('no JSON')).toBe(before)
  const one = await config(proxy('http://a'))
  expect(one).not.toBe(before)
  expect(await config(proxy('http://b'))).not.toBe(one)
})

test('a socket arrives as an empty file', async () => {
  const socket = createServer().listen(at('src/socket'))
  await new Promise((resolve) => socket.once('listening', resolve))
  const { key: withSocket } = await key()
  await new Promise((resolve) => socket.close(resolve))
  writeFileSync(at('src/socket'), '', { mode: 0o755 })
  expect(await keyOf()).toBe(withSocket)
})

test('git’s own folders are named, with the ignore file that should leave them out', async () => {
  files(workspace, { '.git/HEAD': 'x', 'nested/.git/HEAD': 'x', 'sub/.git': 'gitdir: ../.git/modules/sub' })
  const ignoreFile = at('.dockerignore')
  expect((await key()).gitFolders).toEqual(['.git', 'nested/.git'].map((folder) => ({ folder, ignoreFile })))
  files(workspace, { '.dockerignore': '**/.git\n' })
  expect((await key()).gitFolders).toEqual([])
})
