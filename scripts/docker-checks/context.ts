import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { buildArguments } from '../../actions/build-image/src/docker/arguments.ts'
import type { Inputs } from '../../actions/build-image/src/inputs.ts'
import { hashWholeFolder } from '../../actions/build-image/src/source-key/build-context.ts'
import { readDockerfile } from '../../actions/build-image/src/source-key/builder-files.ts'
import { type ContextEntry, contextEntries } from '../../actions/build-image/src/source-key/context-files.ts'
import { parseIgnoreFile } from '../../actions/build-image/src/source-key/ignore-file.ts'
import { sourceKey } from '../../actions/build-image/src/source-key/source-key.ts'
import { inputsOf, runnerOf } from '../../actions/build-image/test/support/inputs.ts'
import { assert, check } from './harness.ts'
import { judgePairs, tallyText } from './judge-pairs.ts'
import { allPairs } from './pairs.ts'
import { randomTree, seeded } from './random-trees.ts'
import { commitTime, found, noBuilder, output, type World, workspace } from './world.ts'

/** Whether the source key sees what BuildKit sees, by real builds. `.ci/source-key.sh` asks BuildKit's own packages in many more cases. */
export async function checkContexts(world: World): Promise<void> {
  await check('20 random contexts arrive in an image as the key lists them', noBuilder, async () => {
    const random = seeded(7)
    for (let round = 0; round < 20; round++) {
      const root = randomTree(path.join(found.work, 'arrive'), random)
      writeFileSync(path.join(root, 'all.Dockerfile'), 'FROM scratch\nCOPY . /\n')
      const ignore = plainIgnoreFile(root, random)
      const target = path.join(found.work, 'arrived')
      rmSync(target, { recursive: true, force: true })
      await output('docker', [
        'buildx',
        'build',
        '--builder',
        'checks',
        '--file',
        path.join(root, 'all.Dockerfile'),
        '--output',
        `type=local,dest=${target}`,
        root,
      ])
      assert.deepEqual(listing(target), expected(contextEntries(root, parseIgnoreFile(ignore))), JSON.stringify(ignore))
    }
  })

  await checkNoWrongHit(world)
  await checkOptions()

  await check(
    `${allPairs.length} pairs of contexts: what becomes another image has another key`,
    noBuilder,
    async () => {
      const built = new Map<string, string | undefined>()
      const tally = await judgePairs(allPairs, path.join(found.work, 'pairs'), async (inputs) => {
        // A build is a function of the whole folder; the same folder is built once.
        const { hash } = await hashWholeFolder(path.dirname(inputs.context))
        const known = `${hash} ${inputs.dockerfile}`
        if (!built.has(known)) built.set(known, await digestOf(inputs))
        return built.get(known)
      })
      console.log(tallyText(tally))
      assert.deepEqual(tally.falseHits, [])
    },
  )
}

/**
 * What buildx makes of these inputs, called as build-image calls it, but for the labels that name commit and key. Without its cache, which overlooks the modes of folders.
 * Undefined when it refuses them.
 */
async function digestOf(inputs: Inputs, config = process.env.DOCKER_CONFIG!): Promise<string | undefined> {
  const layout = path.join(found.work, 'pair-layout')
  rmSync(layout, { recursive: true, force: true })
  const { file } = readDockerfile(inputs.context, inputs.dockerfile)
  const options = { dockerfile: file, labels: inputs.labels, destination: { layout }, fresh: false }
  const args = buildArguments({ ...inputs, builder: 'checks', noCache: true }, options)
  const env = [`SOURCE_DATE_EPOCH=${commitTime}`, `DOCKER_CONFIG=${config}`]
  return output('env', [...env, 'docker', ...args]).then(
    () => JSON.parse(readFileSync(path.join(layout, 'index.json'), 'utf8')).manifests[0].digest,
    () => undefined,
  )
}

/** Inputs and surroundings of one source: which of them make another image, and which another key. */
async function checkOptions(): Promise<void> {
  const base = {
    Dockerfile: `FROM scratch AS base
FROM base AS final
ARG VERSION=1
ARG HTTP_PROXY
ENV VERSION=$VERSION PROXY=$HTTP_PROXY
COPY a /
`,
    a: 'a',
  }
  const argument = (name: string, value: string) => ({ buildArgs: [{ name, value, fromEnvironment: false }] })
  const variants: Record<string, Partial<Inputs> & { proxy?: string }> = {
    nothing: {},
    'another build argument': argument('VERSION', '2'),
    'a label': { labels: { team: 'shop' } },
    'the label for the reference': { labels: { 'org.opencontainers.image.ref.name': 'v1' } },
    'another name of the platform': { platforms: ['linux/amd64/v1'] },
    'another platform': { platforms: ['linux/arm64'] },
    'another name of the other platform': { platforms: ['linux/arm64/v8'] },
    'a proxy in the configuration': { proxy: 'http://192.0.2.1:3128' },
    'another proxy in the configuration': { proxy: 'http://192.0.2.2:3128' },
    'the last stage by name': { target: 'final' },
    'a build argument equal to its default': argument('VERSION', '1'),
    'a build argument that nothing takes': argument('UNUSED', '1'),
  }
  const accepted = [
    'the last stage by name',
    'a build argument equal to its default',
    'a build argument that nothing takes',
  ]
  await check('options that make another image make another key', noBuilder, async () => {
    const folder = workspace('options', base)
    const images = new Map<string, string>()
    const keys = new Map<string, string>()
    const needless: string[] = []
    for (const [name, { proxy, ...change }] of Object.entries(variants)) {
      const config = proxy ? configWith(proxy) : process.env.DOCKER_CONFIG!
      const inputs = inputsOf(folder, change)
      const { key } = await sourceKey(inputs, runnerOf(folder, { DOCKER_CONFIG: config }))
      const digest = await digestOf(inputs, config)
      assert.ok(digest, name)
      assert.equal(images.get(key) ?? digest, digest, `${name}: same key, other image`)
      if (keys.has(digest) && keys.get(digest) !== key) needless.push(name)
      images.set(key, digest)
      keys.set(digest, keys.get(digest) ?? key)
    }
    console.log(`  ${Object.keys(variants).length} variants: 0 false hits, needless misses: ${needless.join(', ')}`)
    assert.deepEqual(needless, accepted)
  })
}

/** A copy of Docker's configuration that has proxies. */
function configWith(httpProxy: string): string {
  const folder = path.join(found.work, 'config-with-proxies')
  cpSync(process.env.DOCKER_CONFIG!, folder, { recursive: true })
  writeFileSync(path.join(folder, 'config.json'), JSON.stringify({ proxies: { default: { httpProxy } } }))
  return folder
}

/** One key, one image: whatever is changed, when the key stays, the image must. */
async function checkNoWrongHit(world: World): Promise<void> {
  const base = {
    Dockerfile: 'FROM scratch\nCOPY . /\n',
    '.dockerignore': 'ignored\n',
    a: 'a',
    'folder/b': 'b',
    ignored: '1',
  }
  const changes: Record<string, (root: string) => void> = {
    nothing: () => {},
    times: (root) => utimesSync(path.join(root, 'a'), 1_790_000_000, 1_790_000_000),
    owner: (root) => chownSync(path.join(root, 'a'), 1234, 1234),
    'the mode of the context': (root) => chmodSync(root, 0o700),
    'an ignored file': (root) => writeFileSync(path.join(root, 'ignored'), '2'),
    'a mode of 600': (root) => chmodSync(path.join(root, 'a'), 0o600),
    'a mode of 664': (root) => chmodSync(path.join(root, 'a'), 0o664),
    'a mode of 755': (root) => chmodSync(path.join(root, 'a'), 0o755),
    'a folder’s mode': (root) => chmodSync(path.join(root, 'folder'), 0o700),
    content: (root) => writeFileSync(path.join(root, 'a'), 'A'),
    'an empty folder': (root) => mkdirSync(path.join(root, 'empty')),
    'a link': (root) => symlinkSync('a', path.join(root, 'link')),
    'another link': (root) => symlinkSync('b', path.join(root, 'link')),
    'a copy': (root) => writeFileSync(path.join(root, 'copy'), 'a'),
    'a hard link': (root) => linkSync(path.join(root, 'a'), path.join(root, 'copy')),
    'a pipe': (root) => void spawnSync('mkfifo', [path.join(root, 'pipe')]),
  }
  await check(
    'one key is one image, and what changes the image changes the key',
    noBuilder || (process.getuid?.() !== 0 && 'changing owners needs root'),
    async () => {
      const images = new Map<string, string>()
      const keys = new Map<string, string>()
      for (const [name, change] of Object.entries(changes)) {
        const folder = path.join(found.work, 'change')
        rmSync(folder, { recursive: true, force: true })
        workspace('change', base)
        change(folder)
        // Without its cache, which overlooks the modes of folders.
        const { outputs, log } = await world.build(folder, { rebuild: 'true', 'no-cache': 'true' })
        const { digest, 'source-key': key } = outputs
        if (!digest || !key) assert.fail(log)
        assert.equal(images.get(key) ?? digest, digest, `${name}: same key, other image`)
        assert.equal(keys.get(digest) ?? key, key, `${name}: same image, other key`)
        images.set(key, digest)
        keys.set(digest, key)
      }
      // The first five leave everything as it was, the others differ from it and from each other.
      assert.equal(images.size, Object.keys(changes).length - 4)
    },
  )
}

/** Patterns over names of the tree, none that the builder refuses: a build that fails shows nothing. */
function plainIgnoreFile(root: string, random: () => number): string {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => /^[\w./-]+$/.test(name))
  const patterns = ['*', '**/b', 'a*', '**/*.b', '?']
  const lines = Array.from({ length: 4 }, () => {
    const pattern =
      random() < 0.6 && names.length > 0
        ? names[Math.floor(random() * names.length)]!
        : patterns[Math.floor(random() * patterns.length)]!
    return (random() < 0.35 ? '!' : '') + pattern
  })
  const text = lines.join('\n')
  writeFileSync(path.join(root, 'all.Dockerfile.dockerignore'), text)
  return text
}

function listing(root: string, prefix = ''): string[] {
  return readdirSync(path.join(root, prefix), { withFileTypes: true })
    .flatMap((entry) => {
      const name = prefix + entry.name
      const file = path.join(root, name)
      if (entry.isSymbolicLink()) return [`${name} -> ${readlinkSync(file)}`]
      const line = `${name} ${(lstatSync(file).mode & 0o7777).toString(8)} ${entry.isFile() ? readFileSync(file, 'hex') : ''}`
      return entry.isDirectory() ? [line, ...listing(root, `${name}/`)] : [line]
    })
    .sort()
}

function expected(entries: ContextEntry[]): string[] {
  const files = new Map(entries.map((entry) => [entry.path, entry]))
  return entries
    .map((entry) => {
      if (entry.kind === 'symlink') return `${entry.path} -> ${entry.link}`
      const file = entry.kind === 'hardlink' ? files.get(entry.link!)! : entry
      return `${entry.path} ${entry.mode.toString(8)} ${file.content ? readFileSync(file.content, 'hex') : ''}`
    })
    .sort()
}
