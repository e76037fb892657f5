import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { pinnedReferences, rootShim } from './lib/release.ts'
import { actionNames, root } from './lib/repository.ts'
import { turbo } from './lib/turbo.ts'

const usage = 'Usage: npm run release:tree -- --out DIR [--owner OWNER/REPOSITORY --version vX.Y.Z]'

// Writes the tree that a release tag holds: HEAD, each action's bundle in its place, and an action.yml of its own at the root for every
// action, so that consumers write org/deploy-actions/<name>@v1. With --owner, siblings are named in full for servers without `$/`.
const { values } = parseArgs({
  options: { out: { type: 'string' }, owner: { type: 'string' }, version: { type: 'string' } },
})
if (!values.out || Boolean(values.owner) !== Boolean(values.version)) {
  console.error(usage)
  process.exit(2)
}
const out = path.resolve(values.out)
mkdirSync(out, { recursive: true })
if (readdirSync(out).length > 0) {
  console.error(`${out} is not empty. Name a new folder with --out.`)
  process.exit(2)
}
if (turbo('build', ['--output-logs=errors-only']) !== 0) process.exit(1)

const archive = execFileSync('git', ['archive', '--format=tar', 'HEAD'], { cwd: root, maxBuffer: 1 << 30 })
execFileSync('tar', ['-x', '-C', out], { input: archive })

for (const name of actionNames()) {
  const action = path.join(root, 'actions', name)
  if (!existsSync(path.join(action, 'dist/licenses.txt')))
    throw new Error(`actions/${name} has no bundle with licenses.txt.`)
  cpSync(path.join(action, 'dist'), path.join(out, 'actions', name, 'dist'), { recursive: true })
  mkdirSync(path.join(out, name))
  writeFileSync(
    path.join(out, name, 'action.yml'),
    rootShim(readFileSync(path.join(action, 'action.yml'), 'utf8'), name),
  )
}

if (values.owner && values.version) {
  const workflows = path.join(out, '.github/workflows')
  for (const file of readdirSync(workflows)) {
    const text = readFileSync(path.join(workflows, file), 'utf8')
    writeFileSync(path.join(workflows, file), pinnedReferences(text, values.owner, values.version))
  }
}
console.log(`${actionNames().length} actions in ${out}`)
