import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { bundlesOf, isReleaseTag, pinnedReferences, releaseRepository, rootShim } from '../lib/release.ts'
import { root } from '../lib/repository.ts'

const text = 'name: X\nruns:\n  using: node24\n  main: dist/index.js\n  post: dist/post/index.js\n'

test('a root action file leads to the bundles below actions/', () => {
  expect(rootShim(text, 'begin-release')).toBe(
    'name: X\nruns:\n  using: node24\n  main: ../actions/begin-release/dist/index.js\n  post: ../actions/begin-release/dist/post/index.js\n',
  )
  expect(bundlesOf(text)).toEqual(['dist/index.js', 'dist/post/index.js'])
})

test('every sibling of our workflows can be named in full', () => {
  for (const file of ['deploy.yml', 'rollback.yml']) {
    const text = readFileSync(path.join(root, '.github/workflows', file), 'utf8')
    const pinned = pinnedReferences(text, 'acme/deploy-actions', 'v1.2.3')
    expect(text).toContain('uses: $/actions/')
    expect(pinned).not.toContain('$/')
    expect(pinned).toMatch(/uses: acme\/deploy-actions\/tag-prod@v1\.2\.3/)
  }
})

test.each([
  ['acme', 'acme/deploy-actions'],
  ['acme/ecs.actions', 'acme/ecs.actions'],
  ['Octo-Org/deploy_actions', 'Octo-Org/deploy_actions'],
  ['jane_acme', 'jane_acme/deploy-actions'],
  ['a'.repeat(39), `${'a'.repeat(39)}/deploy-actions`],
  ['a'.repeat(40), undefined],
  ...[
    '',
    '-acme',
    'acme-',
    'ac--me',
    'ac me',
    'acme/',
    '/x',
    'acme/x/y',
    'acme/..',
    'acme/x.git',
    'acme@v1',
    'acme\n',
  ].map((owner): [string, undefined] => [owner, undefined]),
])('owner %j is the repository %s', (owner, repository) => {
  expect(releaseRepository(owner)).toBe(repository)
})

test('a release tag has three numbers', () => {
  expect(['v0.1.0', 'v1.20.3'].filter(isReleaseTag)).toHaveLength(2)
  expect(['1', 'v1', 'v1.2', '1.2.3', 'v1.2.3-rc.1', 'v01.2.3', 'main', 'v1.2.3\n'].filter(isReleaseTag)).toEqual([])
})

describe('release:tree', () => {
  let checkout: string
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], { cwd: checkout })
  const releaseTree = (...args: string[]) =>
    spawnSync(process.execPath, ['scripts/release-tree.ts', '--out', `${checkout}-out`, ...args], {
      cwd: checkout,
      encoding: 'utf8',
    })

  beforeEach(() => {
    checkout = mkdtempSync(path.join(tmpdir(), 'release-'))
    cpSync(path.join(root, 'scripts/release-tree.ts'), path.join(checkout, 'scripts/release-tree.ts'))
    cpSync(path.join(root, 'scripts/lib'), path.join(checkout, 'scripts/lib'), { recursive: true })
    git('init', '-q')
    git('add', '.')
    git('commit', '-q', '-m', 'all there is')
  })
  afterEach(() => {
    rmSync(checkout, { recursive: true })
    rmSync(`${checkout}-out`, { recursive: true, force: true })
  })

  test('refuses what is not committed, by name, and builds nothing', () => {
    writeFileSync(path.join(checkout, 'scripts/lib/release.ts'), '\n// changed\n', { flag: 'a' })
    writeFileSync(path.join(checkout, 'new.ts'), '')
    const { status, stderr } = releaseTree()
    expect(status).toBe(2)
    expect(stderr).toContain(
      'A release holds what is committed. Commit, stash or remove these files first:\n M scripts/lib/release.ts\n?? new.ts\n',
    )
  })

  test.each([
    [['--owner', 'acme', '--version', '1'], '--version is "1". Valid: the tag of the release, such as v1.4.0.'],
    [['--owner', 'acme/', '--version', 'v1.4.0'], '--owner is "acme/". Valid: an owner on GitHub, or owner/repository'],
    [['--owner', '', '--version', ''], '--owner is "".'],
    [['--owner', 'acme'], 'Usage:'],
  ])('refuses %j', (args, message) => {
    const { status, stderr } = releaseTree(...args)
    expect(stderr).toContain(message)
    expect(status).toBe(2)
  })
})
