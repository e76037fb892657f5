import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { readAction, referenceTables } from './lib/action-docs.ts'
import { actionNames, root } from './lib/repository.ts'

// Writes the input and output tables of every action's README from its action.yml; with --check it only says which are stale.
const check = process.argv.includes('--check')

for (const name of actionNames()) {
  const readme = path.join(root, 'actions', name, 'README.md')
  const actionFile = path.join(root, 'actions', name, 'action.yml')
  if (!existsSync(actionFile)) continue
  const text = existsSync(readme) ? readFileSync(readme, 'utf8') : ''
  const [before, after] = [text.indexOf('<!-- api-start -->'), text.indexOf('<!-- api-end -->')]
  if (before < 0 || after < before) {
    console.error(`actions/${name}/README.md: no <!-- api-start --> … <!-- api-end --> for the tables.`)
    process.exitCode = 1
    continue
  }
  const tables = referenceTables(readAction(actionFile))
  const wanted = `${text.slice(0, before)}<!-- api-start -->\n\n${tables}\n\n${text.slice(after)}`
  if (wanted === text) continue
  if (check) {
    console.error(`actions/${name}/README.md: the tables are not what action.yml says. Run: npm run docs`)
    process.exitCode = 1
  } else {
    writeFileSync(readme, wanted)
    console.log(`wrote actions/${name}/README.md`)
  }
}
