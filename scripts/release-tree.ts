import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { bundlesOf, isReleaseTag, pinnedReferences, releaseRepository, rootShim, uncommitted } from './lib/release.ts'
import { actionNames, root } from './lib/repository.ts'
import { turbo } from './lib/turbo.ts'

const usage = 'Usage: npm run release:tree -- --out DIR [--owner OWNER[/REPOSITORY] --version vX.Y.Z]'

// Writes the tree that a release tag holds: HEAD, each action's bundles in their place, and an action.yml of its own at the root for every
// action, so that consumers write org/deploy-actions/<name>@v1. With --owner, siblings are named in full for servers without `$/`.
const { values } = parseArgs({
  options: { out: { type: 'string' }, owner: { type: 'string' }, version: { type: 'string' } },
})
if (!values.out || (values.owner === undefined) !== (values.version === undefined)) refuse(usage)
const repository = values.owner === undefined ? undefined : releaseRepository(values.owner)
const version = values.version
if (values.owner !== undefined && !repository)
  refuse(`--owner is "${values.owner}". Valid: an owner on GitHub, or owner/repository, such as acme/deploy-actions.`)
if (version !== undefined && !isReleaseTag(version))
  refuse(`--version is "${version}". Valid: the tag of the release, such as v1.4.0.`)

const out = path.resolve(values.out)
mkdirSync(out, { recursive: true })
if (readdirSync(out).length > 0) refuse(`${out} is not empty. Name a new folder with --out.`)
// The sources come from HEAD and the bundles from the working tree: they belong together only if the two are equal.
const changed = uncommitted(root)
if (changed.length > 0)
  refuse(`A release holds what is committed. Commit, stash or remove these files first:\n${changed.join('\n')}`)
// Neither a chunk of an earlier build nor a cache that holds one belongs to a release.
for (const name of actionNames()) rmSync(path.join(root, 'actions', name, 'dist'), { recursive: true, force: true })
if (turbo('build', ['--force', '--output-logs=errors-only']) !== 0) process.exit(1)

const archive = execFileSync('git', ['archive', '--format=tar', 'HEAD'], { cwd: root, maxBuffer: 1 << 30 })
execFileSync('tar', ['-x', '-C', out], { input: archive })

for (const name of actionNames()) {
  const action = path.join(root, 'actions', name)
  const actionFile = readFileSync(path.join(action, 'action.yml'), 'utf8')
  for (const file of [...bundlesOf(actionFile), 'dist/licenses.txt'])
    if (!existsSync(path.join(action, file))) throw new Error(`actions/${name} has no ${file}.`)
  cpSync(path.join(action, 'dist'), path.join(out, 'actions', name, 'dist'), { recursive: true })
  mkdirSync(path.join(out, name))
  writeFileSync(path.join(out, name, 'action.yml'), rootShim(actionFile, name))
}

if (repository && version) {
  const workflows = path.join(out, '.github/workflows')
  for (const file of readdirSync(workflows)) {
    const text = readFileSync(path.join(workflows, file), 'utf8')
    writeFileSync(path.join(workflows, file), pinnedReferences(text, repository, version))
  }
}
console.log(`${actionNames().length} actions in ${out}`)

function refuse(message: string): never {
  console.error(message)
  process.exit(2)
}
