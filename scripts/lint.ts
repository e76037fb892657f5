import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { root } from './lib/repository.ts'

const steps: [string, string[]][] = [
  [path.join(root, 'node_modules/.bin/biome'), ['ci', '--colors=off', '--diagnostic-level=warn', '.']],
  [process.execPath, [path.join(root, 'scripts/docs.ts'), '--check']],
]

for (const [command, args] of steps) {
  const run = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  if (run.status !== 0) process.exitCode = 1
}
