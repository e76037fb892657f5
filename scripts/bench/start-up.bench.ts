import { spawn } from 'node:child_process'
import path from 'node:path'
import { repositoryNode } from '@deploy-actions/workflow-runner'
import { actionNames } from '../lib/repository.ts'
import { bundle, median, type Report, rounded } from './lib.ts'

const rounds = 15

/** From process start to the first line, which without inputs is the complaint about them; beside `node -e 0`, interleaved. */
export async function bench(report: Report): Promise<void> {
  const names = actionNames()
  const floor: number[] = []
  const samples = new Map<string, number[]>(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    floor.push(await untilExit(['-e', '0']))
    for (const name of names) samples.get(name)?.push(await untilFirstLine([path.join(bundle(name), 'dist/index.js')]))
  }
  report({ name: 'node -e 0', value: rounded(median(floor), 0), unit: 'ms', rounds })
  for (const [name, values] of samples)
    report({
      name: `start-up of ${name}`,
      value: rounded(median(values) / median(floor)),
      unit: '× node -e 0',
      milliseconds: rounded(median(values), 0),
      budget: 2,
      rounds,
    })
}

function untilExit(args: string[]): Promise<number> {
  return timed(args, (child, done) => child.on('exit', done))
}

function untilFirstLine(args: string[]): Promise<number> {
  return timed(args, (child, done) => child.stdout?.once('data', done))
}

async function timed(
  args: string[],
  when: (child: ReturnType<typeof spawn>, done: () => void) => void,
): Promise<number> {
  const started = performance.now()
  const child = spawn(repositoryNode(), args, { env: { PATH: process.env.PATH }, stdio: ['ignore', 'pipe', 'ignore'] })
  const closed = new Promise((resolve) => child.on('close', resolve))
  const elapsed = await new Promise<number>((resolve) => when(child, () => resolve(performance.now() - started)))
  await closed
  return elapsed
}
