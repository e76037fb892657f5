import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'

/** Two contexts that differ in one thing. */
export interface Pair {
  name: string
  /** Makes the first context in a new folder `root/app`; beside it is room for what lies outside of the context. */
  before(app: string): void
  /** Turns it into the second one. */
  change(app: string): void
  dockerfile?: string
  named?: Record<string, string>
}

type Edit = (app: string) => void

const put =
  (entries: Record<string, string | Buffer>): Edit =>
  (app) => {
    for (const [name, content] of Object.entries(entries)) {
      mkdirSync(path.dirname(path.join(app, name)), { recursive: true })
      writeFileSync(path.join(app, name), content)
    }
  }
const link =
  (target: string, name: string): Edit =>
  (app) => {
    rmSync(path.join(app, name), { force: true, recursive: true })
    symlinkSync(target, path.join(app, name))
  }
const move =
  (from: string, to: string): Edit =>
  (app) =>
    renameSync(path.join(app, from), path.join(app, to))
const remove =
  (name: string): Edit =>
  (app) =>
    rmSync(path.join(app, name), { recursive: true })
const all =
  (...edits: Edit[]): Edit =>
  (app) => {
    for (const edit of edits) edit(app)
  }
/** A file whose name is bytes. */
const putBytes =
  (folder: string, name: number[], content: string): Edit =>
  (app) =>
    writeFileSync(Buffer.concat([Buffer.from(`${app}/${folder}/`), Buffer.from(name)]), content)

const application = put({
  Dockerfile: 'FROM scratch\nCOPY . /\n',
  'src/a.js': 'a',
  'src/deep/b.js': 'b',
  'docs/x.md': 'x',
  'docs/y.txt': 'y',
  'outside.md': 'o',
})

/** How contexts say what is left out. */
const ignoring: Record<string, Edit> = {
  nothing: () => {},
  'a folder': put({ '.dockerignore': 'docs\n' }),
  'all but a folder': put({ '.dockerignore': '*\n!src\n' }),
  'all but a file, with parents': put({ '.dockerignore': '**\n!src/deep/b.js\n!docs/x.md\n' }),
  'a wild card at any depth': put({ '.dockerignore': '**/*.md\n' }),
  'with an exception that changes nothing at its folder': put({ '.dockerignore': '**/*.md\n!docs\n' }),
  'in CRLF, with comments and blanks': put({ '.dockerignore': '# docs\r\n\r\n  docs/  \r\n' }),
  'behind a byte order mark': put({ '.dockerignore': '\uFEFFdocs\n' }),
  'behind two byte order marks': put({ '.dockerignore': '*\n!\uFEFFsrc/*\n\uFEFF\uFEFFdocs\n' }),
  'with patterns that are slow for others': put({
    '.dockerignore': `${'a*'.repeat(40)}b\n${'**/d'.repeat(20)}\ndocs\n`,
  }),
  'with a pattern of its own meaning': put({ '.dockerignore': 'doc[[s]\n[*]\n' }),
  'in latin-1': put({ '.dockerignore': Buffer.from('caf\xe9\ndocs\n', 'latin1') }),
  'by a file of the Dockerfile’s own': put({ '.dockerignore': 'src\n', 'Dockerfile.dockerignore': 'docs\n' }),
  'by an empty file of the Dockerfile’s own': put({ '.dockerignore': 'docs\n', 'Dockerfile.dockerignore': '' }),
  'the Dockerfile and itself': put({ '.dockerignore': 'Dockerfile\n.dockerignore\ndocs\n' }),
  'by a link within the context': all(put({ 'conf/ignore': 'docs\n' }), link('conf/ignore', '.dockerignore')),
  'by a link out of the context': all(put({ '../common': 'docs\n' }), link('../common', '.dockerignore')),
  'by a link out of the context, to its own name': all(
    put({ '../../.dockerignore': 'docs\n' }),
    link('../../.dockerignore', '.dockerignore'),
  ),
  'by a link that means another file to the builder': all(
    put({ '../common': 'docs\n', common: 'src\n' }),
    link('../common', '.dockerignore'),
  ),
  'by an absolute link': all(put({ 'etc/ignore': 'docs\n' }), link('/etc/ignore', '.dockerignore')),
  'by a link of the Dockerfile’s own, out of the context': all(
    put({ '../common': 'docs\n' }),
    link('../common', 'Dockerfile.dockerignore'),
  ),
  'beside a dockerfile in lower case': all(
    move('Dockerfile', 'dockerfile'),
    put({ 'Dockerfile.dockerignore': 'docs\n', '.dockerignore': 'src\n' }),
  ),
  'beside a dockerfile in lower case, by its own file': all(
    move('Dockerfile', 'dockerfile'),
    put({ 'dockerfile.dockerignore': 'docs\n' }),
  ),
  'by a folder of that name': (app) => mkdirSync(path.join(app, '.dockerignore')),
}

/** What may differ between two checkouts, or two commits. */
const changes: Record<string, Edit> = {
  nothing: () => {},
  times: (app) => utimesSync(path.join(app, 'src/a.js'), 1_790_000_000, 1_790_000_000),
  'the content of a file': put({ 'src/a.js': 'A' }),
  'the content of a file in a folder that may be ignored': put({ 'docs/x.md': 'X' }),
  'the content of a deep file': put({ 'src/deep/b.js': 'B' }),
  'a new file in a folder that may be ignored': put({ 'docs/new.txt': '' }),
  'a file less': remove('docs/y.txt'),
  'another name': move('src/a.js', 'src/A.js'),
  'an executable bit': (app) => chmodSync(path.join(app, 'src/a.js'), 0o755),
  'a mode of a folder that may be ignored': (app) => chmodSync(path.join(app, 'docs'), 0o700),
  'a link': link('x.md', 'docs/link'),
  'an empty folder': (app) => mkdirSync(path.join(app, 'src/empty')),
  'the Dockerfile': (app) => {
    const name = readdirSync(app).find((entry) => entry.toLowerCase() === 'dockerfile')!
    writeFileSync(path.join(app, name), 'FROM scratch\nCOPY . /app/\n')
  },
  'the file outside': put({ '../common': 'src\n' }),
}

/** Pairs that need more than one change of one file. */
const special: Pair[] = [
  ...pairs('a hard link instead of a copy', all(application, put({ 'src/c': 'a' })), (app) => {
    unlinkSync(path.join(app, 'src/c'))
    linkSync(path.join(app, 'src/a.js'), path.join(app, 'src/c'))
  }),
  ...pairs(
    'the first of two hard links is ignored, the content changes',
    all(
      application,
      (app) => linkSync(path.join(app, 'docs/x.md'), path.join(app, 'src/x')),
      put({ '.dockerignore': 'docs\n' }),
    ),
    put({ 'docs/x.md': 'X' }),
  ),
  ...pairs(
    'which file a hard link is of',
    all(application, put({ 'src/b': 'a' }), hardLink('src/a.js', 'src/z')),
    (app) => {
      unlinkSync(path.join(app, 'src/z'))
      hardLink('src/b', 'src/z')(app)
    },
  ),
  ...pairs(
    'a hard link to a file with a name in latin-1',
    all(application, putBytes('src', [0xe8], 's'), putBytes('src', [0xe9], 's'), latinLink(0xe8)),
    all(remove('src/z'), latinLink(0xe9)),
  ),
  ...pairs(
    'a file with a name in latin-1, beside a pattern with another',
    all(application, putBytes('.', [0x63, 0xe8], '1'), put({ '.dockerignore': Buffer.from('c\xe9\n', 'latin1') })),
    putBytes('.', [0x63, 0xe8], '2'),
  ),
  ...pairs(
    'a file with a name in latin-1, left out by a wild card',
    all(application, putBytes('docs', [0x63, 0xe8], '1'), put({ '.dockerignore': 'docs/c?\n' })),
    putBytes('docs', [0x63, 0xe8], '2'),
  ),
  ...pairs('the name of a file in latin-1', all(application, putBytes('src', [0xe8], '1')), (app) => {
    renameSync(
      Buffer.concat([Buffer.from(`${app}/src/`), Buffer.from([0xe8])]),
      Buffer.concat([Buffer.from(`${app}/src/`), Buffer.from([0xe9])]),
    )
  }),
  ...pairs(
    'the target of a link in latin-1',
    all(application, latinSymlink(0xe8)),
    all(remove('src/l'), latinSymlink(0xe9)),
  ),
  ...pairs('a pipe instead of a file', all(application, put({ 'src/p': '' })), (app) => {
    unlinkSync(path.join(app, 'src/p'))
    spawnSync('mkfifo', [path.join(app, 'src/p')])
  }),
  ...pairs(
    'a Dockerfile that is a link within its folder',
    all(application, move('Dockerfile', 'docker'), link('docker', 'Dockerfile')),
    put({ docker: 'FROM scratch\nCOPY src /\n' }),
  ),
  ...pairs('a comment in the Dockerfile', application, put({ Dockerfile: '# a remark\nFROM scratch\nCOPY . /\n' })),
  ...pairs(
    'a comment in an ignored Dockerfile',
    all(application, put({ '.dockerignore': 'Dockerfile\n' })),
    put({ Dockerfile: '# a remark\nFROM scratch\nCOPY . /\n' }),
  ),
  ...pairs(
    'a comment in an ignored ignore file',
    all(application, put({ '.dockerignore': '.dockerignore\ndocs\n' })),
    put({ '.dockerignore': '# a remark\n.dockerignore\ndocs\n' }),
  ),
  ...pairs(
    'the order of patterns',
    all(application, put({ '.dockerignore': '.dockerignore\n*.md\n!outside.md\n' })),
    put({ '.dockerignore': '.dockerignore\n!outside.md\n*.md\n' }),
  ),
  ...pairs(
    'another pattern of the same effect',
    all(application, put({ '.dockerignore': '.dockerignore\ndocs\n' })),
    put({ '.dockerignore': '.dockerignore\n./docs/\n' }),
  ),
  ...pairs(
    'upper case in a pattern',
    all(application, put({ '.dockerignore': '.dockerignore\ndocs\n' })),
    put({ '.dockerignore': '.dockerignore\nDOCS\n' }),
  ),
  ...pairs(
    'a Dockerfile beside a dockerfile',
    all(application, move('Dockerfile', 'dockerfile')),
    put({ Dockerfile: 'FROM scratch\nCOPY src /\n' }),
  ),
  ...elsewhere('a Dockerfile outside, the file changes', put({ '../docker/web': 'FROM scratch\nCOPY src /\n' })),
  ...elsewhere('a Dockerfile outside, its ignore file comes', put({ '../docker/web.dockerignore': 'docs\n' })),
  ...elsewhere(
    'a Dockerfile outside, an unclear ignore file changes',
    put({ '../docker/web.dockerignore': '[*]\nsrc\n' }),
    put({ '../docker/web.dockerignore': '[*]\ndocs\n' }),
  ),
  ...elsewhere(
    'a Dockerfile outside, the context’s ignore file is shut out',
    put({ 'docs/x.md': 'X' }),
    put({ '../docker/web.dockerignore': '', '.dockerignore': 'docs\n' }),
  ),
  ...elsewhere(
    'a Dockerfile outside, its ignore file is a link out of its folder',
    put({ 'docs/x.md': 'X' }),
    all(put({ '../common': 'docs\n' }), link('../common', '../docker/web.dockerignore')),
  ),
  ...withNamed('a named context, a file changes', put({ '../lib/a': 'A' })),
  ...withNamed('a named context, an ignored file changes', put({ '../lib/tmp/x': 'X' })),
  ...withNamed('a named context, its ignore file changes', put({ '../lib/.dockerignore': 'a\n' })),
  ...withNamed(
    'a named context, its ignore file is a link out of it',
    put({ '../lib/tmp/x': 'X' }),
    all(put({ '../common': 'tmp\n' }), link('../common', '../lib/.dockerignore')),
  ),
  ...withNamed('a named context, a file of the main one changes', put({ 'src/a.js': 'A' })),
]

/** Every way to ignore with every change, and the special ones. */
export const allPairs: Pair[] = [
  ...Object.entries(ignoring).flatMap(([how, ignore]) =>
    Object.entries(changes).map(([what, change]) => ({
      name: `ignoring ${how}: ${what}`,
      before: all(application, put({ '../common': 'docs\n' }), ignore),
      change,
    })),
  ),
  ...special,
]

function pairs(name: string, before: Edit, change: Edit): Pair[] {
  return [{ name, before, change }]
}

function elsewhere(name: string, change: Edit, more: Edit = () => {}): Pair[] {
  const before = all(application, put({ '../docker/web': 'FROM scratch\nCOPY . /\n' }), more)
  return [{ name, before, change, dockerfile: '../docker/web' }]
}

function withNamed(name: string, change: Edit, more: Edit = () => {}): Pair[] {
  const lib = put({ '../lib/a': 'a', '../lib/tmp/x': 'x', '../lib/.dockerignore': 'tmp\n' })
  const dockerfile = put({ Dockerfile: 'FROM scratch\nCOPY . /app\nCOPY --from=lib . /lib\n' })
  return [{ name, before: all(application, lib, dockerfile, more), change, named: { lib: '../lib' } }]
}

function hardLink(from: string, to: string): Edit {
  return (app) => linkSync(path.join(app, from), path.join(app, to))
}

function latinLink(byte: number): Edit {
  return (app) => linkSync(Buffer.concat([Buffer.from(`${app}/src/`), Buffer.from([byte])]), path.join(app, 'src/z'))
}

function latinSymlink(byte: number): Edit {
  return (app) => symlinkSync(Buffer.from([byte]), path.join(app, 'src/l'))
}

/** Makes one side of a pair below `folder`, and returns its context. */
export function make(folder: string, pair: Pair, changed: boolean): string {
  rmSync(folder, { recursive: true, force: true })
  const app = path.join(folder, 'work', 'app')
  mkdirSync(app, { recursive: true })
  pair.before(app)
  if (changed) pair.change(app)
  return app
}
