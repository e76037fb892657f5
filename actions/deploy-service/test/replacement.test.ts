import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Simulator } from '@deploy-actions/aws-simulator'
import { counts, definition, deploy, service, stage } from './stage.ts'

let simulator: Simulator
let workspace: string
beforeEach(() => {
  workspace = mkdtempSync(path.join(tmpdir(), 'replacement-'))
})
afterEach(async () => {
  rmSync(workspace, { recursive: true, force: true })
  await simulator.close()
})

const inputs = { 'task-definition': 'task.json', variables: 'LOG_LEVEL=debug' }
const webAndWorker = async (file: object) => {
  simulator = await stage({
    services: [service('web', { taskDefinition: 'web:1' }), service('worker', { taskDefinition: 'worker:1' })],
    scenario: { seed: { taskDefinitions: [definition('web'), definition('worker', {}, { name: 'jobs' })] } },
  })
  writeFileSync(path.join(workspace, 'task.json'), JSON.stringify(file))
}
const nothingChanged = () => {
  expect(counts(simulator)).not.toHaveProperty('ecs:RegisterTaskDefinition')
  expect(counts(simulator)).not.toHaveProperty('ecs:UpdateService')
}

test("one service's file for two services is refused before anything is registered", async () => {
  await webAndWorker(definition('web'))
  const run = await deploy(simulator, { ...inputs, service: 'web, worker' }, { workspace })
  expect(run.exitCode).toBe(1)
  const message = run.annotations.at(-1)?.message
  expect(message).toContain(
    'worker runs family worker with container jobs and would run family web with container app.',
  )
  expect(message).toMatch(/allow-replacement: true.* Nothing was changed\.$/)
  expect(message).not.toContain('web runs')
  nothingChanged()
})

test('plan shows it as a problem', async () => {
  await webAndWorker(definition('web'))
  const run = await deploy(simulator, { ...inputs, service: 'web, worker', plan: 'true' }, { workspace })
  expect(run.exitCode).toBe(1)
  expect(run.annotations.at(-1)?.message).toContain('worker runs family worker with container jobs and would run')
  expect(run.summary).toContain('worker runs family worker')
})

test.each([
  ['another family', definition('api'), 'would run family api with container app.'],
  [
    'a container more',
    definition('web', {
      containerDefinitions: [
        { name: 'app', image: 'registry.example.com/shop:1' },
        { name: 'proxy', image: 'registry.example.com/proxy:1' },
      ],
    }),
    'would run family web with containers app, proxy.',
  ],
])('a file with %s is refused for a single service, and deployed where that is asked for', async (_, file, text) => {
  await webAndWorker(file)
  const refused = await deploy(simulator, { 'task-definition': 'task.json' }, { workspace })
  expect(refused.annotations.at(-1)?.message).toContain(`web runs family web with container app and ${text}`)
  nothingChanged()
  const run = await deploy(simulator, { 'task-definition': 'task.json', 'allow-replacement': 'true' }, { workspace })
  expect(run.outputs.verdict).toBe('completed')
})
