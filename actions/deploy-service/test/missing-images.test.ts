import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Simulator } from '@deploy-actions/aws-simulator'
import { counts, definition, deploy, digest, host, stage } from './stage.ts'

let simulator: Simulator
afterEach(() => simulator.close())

const images = [{ repository: 'shop', tags: ['v1'], content: 'one' }]
const nothingChanged = () => {
  expect(counts(simulator)).not.toHaveProperty('ecs:RegisterTaskDefinition')
  expect(counts(simulator)).not.toHaveProperty('ecs:UpdateService')
}

test.each<[string, Record<string, string>, RegExp]>([
  ['a wrong digest', { repository: 'shop', digest: digest('e') }, /Image shop@eeeeeeeeeeee is not in ECR/],
  ['a wrong repository', { repository: 'shopp', digest: digest('e') }, /Repository "shopp" does not exist/],
  ['an image by a wrong digest', { image: `${host}/shop@${digest('e')}` }, /Image shop@eeeeeeeeeeee is not in ECR/],
  [
    'with a record',
    { repository: 'shop', digest: digest('e'), application: 'shop', environment: 'prod' },
    /shop@e{12}/,
  ],
])('%s is found out before anything is registered', async (_, inputs, message) => {
  simulator = await stage({ scenario: { seed: { images } } })
  const run = await deploy(simulator, inputs)
  expect(run.exitCode).toBe(1)
  expect(run.annotations.at(-1)?.message).toMatch(message)
  expect(run.annotations.at(-1)?.message).toMatch(/nothing was changed\. Check the inputs "repository" and "digest"/)
  expect(counts(simulator)['ecr:DescribeImages']).toBe(1)
  nothingChanged()
})

test('so is the image of a task definition file', async () => {
  const workspace = mkdtempSync(path.join(tmpdir(), 'missing-images-'))
  simulator = await stage({ scenario: { seed: { images } } })
  writeFileSync(
    path.join(workspace, 'task.json'),
    JSON.stringify(definition('web', {}, { image: `${host}/shop:nope` })),
  )
  const run = await deploy(simulator, { 'task-definition': 'task.json' }, { workspace })
  rmSync(workspace, { recursive: true, force: true })
  expect(run.annotations.at(-1)?.message).toMatch(/Image shop:nope is not in ECR/)
  nothingChanged()
})

test('an archived image is refused', async () => {
  simulator = await stage()
  const pushed = simulator.addImage({ repository: 'shop', tags: ['v1'] })
  await fetch(`${simulator.url}/_simulator/images`, {
    method: 'PATCH',
    body: JSON.stringify([{ repository: 'shop', tag: 'v1', status: 'ARCHIVED' }]),
  })
  const run = await deploy(simulator, { repository: 'shop', digest: pushed })
  expect(run.annotations.at(-1)?.message).toMatch(/is ARCHIVED in ECR and cannot be pulled; restore it there first/)
  nothingChanged()
})

test('without the right to look the deployment goes on, with one line', async () => {
  simulator = await stage({
    scenario: { faults: [{ service: 'ecr', operation: '*', effect: { kind: 'deny' } }] },
  })
  const run = await deploy(simulator, {
    repository: 'shop',
    digest: simulator.addImage({ repository: 'shop', tags: ['v1'] }),
  })
  expect(run.outputs.verdict).toBe('completed')
  expect(run.log.match(/was not looked up/g)).toHaveLength(1)
  expect(run.log).toMatch(/Whether image shop@\w{12} is in ECR was not looked up\. .*ecr:DescribeImages/)
})
