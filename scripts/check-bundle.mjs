// ncc puts a call that throws at run time where a module is missing, and ends well. Run in an action's folder after its bundles.
import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'

const bundles = [...readFileSync('action.yml', 'utf8').matchAll(/^ {2}(?:main|post): (\S+)$/gm)].map(([, file]) => file)
const missing = globSync('dist/**/*.js').flatMap((file) =>
  [...readFileSync(file, 'utf8').matchAll(/eval\("require"\)\(("[^"]*")\)/g)].map(([, name]) => `${file}: ${name}`),
)
for (const name of missing) console.error(`Not in the bundle: ${name}`)
for (const file of [
  'dist/licenses.txt',
  ...bundles,
  ...bundles.map((bundle) => path.join(path.dirname(bundle), 'package.json')),
])
  if (!existsSync(file)) missing.push(console.error(`Missing: ${file}`))
process.exitCode = missing.length > 0 ? 1 : 0
