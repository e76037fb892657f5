import { readFileSync } from 'node:fs'
import path from 'node:path'
import { DescribeServicesCommand, ECSClient } from '@aws-sdk/client-ecs'
import { type Scenario, type Simulator, startSimulator } from '@deploy-actions/aws-simulator'
import { runNodeAction } from '@deploy-actions/workflow-runner'
import { parse } from 'yaml'
import { action } from './stage.ts'

const example = path.resolve(action, '../../examples/classic-cadence')
const read = (name: string) => readFileSync(path.join(example, name), 'utf8')

/** What the example's workflow gives the step, with an image instead of the repository's variable. */
function inputsOf(image: string): Record<string, string> {
  const { steps } = parse(read('.github/workflows/deploy.yml')).jobs.deploy
  const { repository: _repository, digest: _digest, ...inputs } = steps.at(-1).with as Record<string, unknown>
  return { ...Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, String(value)])), image }
}

let simulator: Simulator
let watching: NodeJS.Timeout
const seen: { old: number; fresh: number }[] = []

/** Notes how many tasks run of the old and the new deployment, many times a simulated second apart from the action's own polls. */
async function stage(): Promise<void> {
  simulator = await startSimulator({ speed: 20, scenario: JSON.parse(read('scenario.json')) as Scenario })
  const credentials = { accessKeyId: 'ASIAOBSERVER00000000', secretAccessKey: 'observer' }
  const ecs = new ECSClient({ region: 'eu-central-1', endpoint: simulator.url, credentials })
  seen.length = 0
  watching = setInterval(async () => {
    const { services } = await ecs.send(new DescribeServicesCommand({ cluster: 'production', services: ['web'] }))
    const count = (old: boolean) =>
      (services?.[0]?.deployments ?? [])
        .filter(({ taskDefinition }) => taskDefinition?.endsWith('web:1') === old)
        .reduce((sum, { runningCount = 0, pendingCount = 0 }) => sum + runningCount + pendingCount, 0)
    seen.push({ old: count(true), fresh: count(false) })
  }, 50)
}
afterEach(async () => {
  clearInterval(watching)
  await simulator.close()
})

const image = (letter: string) => `registry.example.com/web@sha256:${letter.repeat(64)}`

test('four tasks are replaced one at a time', async () => {
  await stage()
  const run = await runNodeAction({ action, inputs: inputsOf(image('c')), env: simulator.env, time: simulator.time })
  expect(run).toMatchObject({ exitCode: 0, outputs: { verdict: 'completed' } })
  expect(Math.max(...seen.map(({ old, fresh }) => old + fresh))).toBe(5)
  expect(new Set(seen.map(({ fresh }) => fresh))).toEqual(new Set([0, 1, 2, 3, 4]))
})

test('the first that fails ends it, and the old tasks that are left go on serving', async () => {
  await stage()
  const run = await runNodeAction({ action, inputs: inputsOf(image('b')), env: simulator.env, time: simulator.time })
  expect(run).toMatchObject({ exitCode: 1, outputs: { verdict: 'failed' } })
  expect(run.log).toContain('the connection pool is full')
  expect(seen.at(-1)).toEqual({ old: 2, fresh: 2 })
})
