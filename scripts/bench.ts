import { globSync } from 'node:fs'
import path from 'node:path'
import { root } from './lib/repository.ts'
import { turbo } from './lib/turbo.ts'

export interface Figure {
  name: string
  value: number
  unit: string
  [detail: string]: unknown
}

// One JSON line per figure. `npm run bench -- push` runs only the files whose path holds "push".
const [filter = ''] = process.argv.slice(2)
if (turbo('build', ['--output-logs=errors-only'], 'ignore') !== 0) process.exit(1)

for (const file of globSync('{packages,actions,scripts}/*/bench/*.bench.ts', { cwd: root })
  .concat(globSync('scripts/bench/*.bench.ts', { cwd: root }))
  .sort()) {
  if (!file.includes(filter)) continue
  const { bench } = (await import(path.join(root, file))) as {
    bench: (report: (figure: Figure) => void) => Promise<void>
  }
  await bench((figure) => console.log(JSON.stringify(figure)))
}
