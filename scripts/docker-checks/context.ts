import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
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
import { createInterface } from 'node:readline'
import { type ContextEntry, contextEntries } from '../../actions/build-image/src/source-key/context-files.ts'
import { parseIgnoreFile } from '../../actions/build-image/src/source-key/ignore-file.ts'
import { ignoreMatcher } from '../../actions/build-image/src/source-key/ignore-matcher.ts'
import { assert, check } from './harness.ts'
import { randomIgnoreFile, randomTree, seeded } from './random-trees.ts'
import { found, noBuilder, output, type World, workspace } from './world.ts'

/** Whether the source key sees what BuildKit sees: its client's walk in thousands of cases, real builds in some. */
export async function checkContexts(world: World): Promise<void> {
  const walker = startWalker()
  await check(
    '3000 random contexts are walked as BuildKit’s own client walks them',
    !walker && 'no Go to build the walk',
    async () => {
      const random = seeded(20_250_601)
      let unclear = 0
      for (let tree = 0; tree < 30; tree++) {
        const root = randomTree(path.join(found.work, 'walk'), random)
        for (let round = 0; round < 100; round++) {
          const ignore = randomIgnoreFile(random)
          const answer = await walker!.ask(root, ignore)
          // What the builder refuses is built by nobody.
          if (answer.error) continue
          const rules = parseIgnoreFile(ignore)
          const ours = contextEntries(root, rules).map((entry) => [entry.path, entry.link?.toString() ?? ''])
          const theirs = answer.entries.map(([name, , link]) => [name, link])
          if (ignoreMatcher(rules).unclear.length === 0) assert.deepEqual(ours, theirs, JSON.stringify(ignore))
          else {
            unclear++
            const names = new Set(ours.map(([name]) => name))
            assert.ok(
              theirs.every(([name]) => names.has(name)),
              JSON.stringify(ignore),
            )
          }
        }
      }
      assert.ok(unclear < 600, `${unclear} of 3000 were unclear`)
    },
  )
  walker?.process.stdin.end()

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

interface Walker {
  process: ChildProcessWithoutNullStreams
  ask(root: string, ignore: string): Promise<{ error?: string; entries: [string, string, string][] }>
}

function startWalker(): Walker | undefined {
  const program = path.join(found.work, 'bin/buildkit-walk')
  if (!lstatSync(program, { throwIfNoEntry: false })) return undefined
  const process = spawn(program)
  const answers = createInterface({ input: process.stdout })[Symbol.asyncIterator]()
  return {
    process,
    async ask(root, ignore) {
      process.stdin.write(`${JSON.stringify({ root, ignore })}\n`)
      return JSON.parse(String((await answers.next()).value))
    },
  }
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
      const file = entry.kind === 'hardlink' ? files.get(entry.link!.toString())! : entry
      return `${entry.path} ${entry.mode.toString(8)} ${file.content ? readFileSync(file.content, 'hex') : ''}`
    })
    .sort()
}
