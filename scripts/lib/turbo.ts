import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { root } from './repository.ts'

/** Runs a task in all workspaces, or those of `filters`, and returns turbo's exit code. Two at a time: the suite is built on two cores. */
export function turbo(task: string, args: string[] = [], output: 'inherit' | 'ignore' = 'inherit'): number {
  const binary = path.join(root, 'node_modules/.bin/turbo')
  const run = spawnSync(binary, ['run', task, '--concurrency=2', ...args], {
    cwd: root,
    stdio: ['ignore', output, 'inherit'],
  })
  return run.status ?? 1
}
