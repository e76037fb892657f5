import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { repositoryNode } from '@deploy-actions/workflow-runner'
import { bundle, fleet, type Report, rounded, withSimulator } from './lib.ts'

const scenario = { ecs: { settleSeconds: 1 }, behaviours: [{ match: {}, behaviour: { startsAfter: 5, drainsFor: 0 } }] }

/** Largest resident memory of deploy-service while it watches, as Linux counts it (VmHWM). */
export async function bench(report: Report): Promise<void> {
  if (process.platform !== 'linux') return
  for (const services of [1, 50])
    await withSimulator({ speed: 1, scenario: { ...scenario, seed: fleet(services) } }, async ({ env }) => {
      const names = Array.from({ length: services }, (_, index) => `web-${index + 1}`).join('\n')
      const inputs = { INPUT_CLUSTER: 'bench', INPUT_SERVICE: names, 'INPUT_TASK-DEFINITION': 'web:2' }
      const peak = await peakMemory(path.join(bundle('deploy-service'), 'dist/index.js'), { ...env, ...inputs })
      report({ name: `memory of deploy-service, ${services} services`, value: rounded(peak / 1024, 0), unit: 'MB' })
    })
  const floor = await peakMemory('-e', {}, ['setTimeout(() => {}, 1500)'])
  report({ name: 'memory of node -e', value: rounded(floor / 1024, 0), unit: 'MB' })
}

async function peakMemory(script: string, env: Record<string, string>, args: string[] = []): Promise<number> {
  const child = spawn(repositoryNode(), [script, ...args], { env: { PATH: process.env.PATH, ...env }, stdio: 'ignore' })
  let kilobytes = 0
  const timer = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
      kilobytes = Math.max(kilobytes, Number(status.match(/VmHWM:\s+(\d+)/)?.[1] ?? 0))
    } catch {
      // It has just ended.
    }
  }, 200)
  const code = await new Promise((resolve) => child.on('close', resolve))
  clearInterval(timer)
  if (code !== 0) throw new Error(`The measured process ended with ${code}.`)
  return kilobytes
}
