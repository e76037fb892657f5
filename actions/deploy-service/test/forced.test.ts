import { ECSClient, RegisterTaskDefinitionCommand } from '@aws-sdk/client-ecs'
import type { Simulator } from '@deploy-actions/aws-simulator'
import { counts, definition, deploy, host, image, service, stage, updateByHand } from './stage.ts'

let simulator: Simulator
afterEach(() => simulator.close())

const updates = () =>
  simulator.calls
    .filter(({ operation }) => operation === 'UpdateService')
    .map(({ input }) => input as { service: string; taskDefinition?: string; forceNewDeployment?: boolean })
const foreign = 'registry.example.com/shop:1'

describe('an image that is named by a tag gets a new deployment where nothing else changes', () => {
  test('of two essential containers, either of which may be meant', async () => {
    const app = definition('web').containerDefinitions[0]!
    simulator = await stage({
      definition: {
        containerDefinitions: [app, { name: 'envoy', image: 'registry.example.com/envoy:1', essential: true }],
      },
    })
    const run = await deploy(simulator)
    expect(run).toMatchObject({ exitCode: 0, outputs: { verdict: 'completed' } })
    expect(run.log).toMatch(/new deployment ecs-svc\/\d+ of the same web:1/)
  })

  test('given by the input image, from another registry', async () => {
    simulator = await stage({ container: { image: foreign } })
    const run = await deploy(simulator, { image: foreign })
    expect(run.outputs.verdict).toBe('completed')
    expect(updates()).toEqual([expect.objectContaining({ forceNewDeployment: true })])
  })

  test('where the role may not look up its digest', async () => {
    const reference = `${host}/shop:prod`
    simulator = await stage({
      container: { image: reference },
      scenario: {
        seed: { images: [{ repository: 'shop', tags: ['prod'], content: 'one' }] },
        faults: [{ service: 'ecr', operation: '*', effect: { kind: 'deny' } }],
      },
    })
    const run = await deploy(simulator, { image: reference })
    expect(run.outputs.verdict).toBe('completed')
    expect(updates()).toEqual([expect.objectContaining({ forceNewDeployment: true })])
  })

  test('and only where it is: a sibling that is pinned and unchanged stays as it is', async () => {
    simulator = await stage({
      services: [service('web', { taskDefinition: 'web:1' }), service('worker', { taskDefinition: 'worker:1' })],
      scenario: { seed: { taskDefinitions: [definition('web'), definition('worker', {}, { image: image('a') })] } },
    })
    const run = await deploy(simulator, { service: 'web,worker' })
    expect(run.outputs.verdict).toBe('completed')
    expect(run.log).toMatch(/worker: nothing changed/)
    expect(updates().filter(({ forceNewDeployment }) => forceNewDeployment)).toEqual([
      expect.objectContaining({ service: expect.stringMatching(/\/web$/) }),
    ])
  })

  test('a sidecar by tag does not count when the image of the release is pinned', async () => {
    const app = { ...definition('web').containerDefinitions[0]!, image: image('a') }
    simulator = await stage({
      definition: {
        containerDefinitions: [app, { name: 'agent', image: 'registry.example.com/agent:1', essential: false }],
      },
    })
    const run = await deploy(simulator)
    expect(run.log).toMatch(/web: nothing changed/)
  })
})

test('what nobody asked to change is not sent back', async () => {
  simulator = await stage({ container: { image: image('a') } })
  await deploy(simulator, { 'force-new-deployment': 'true' })
  await deploy(simulator, { image: image('a'), 'force-new-deployment': 'true' })
  expect(updates().map(({ taskDefinition }) => taskDefinition?.split('/').at(-1))).toEqual([undefined, 'web:1'])
})

test('a revision that is named is used, however many came after it', async () => {
  const definitions = Object.fromEntries([...'bcdefghij'].map((letter) => [letter, image(letter)]))
  simulator = await stage({
    container: { image: image('a') },
    definitions,
    services: [service('web', { taskDefinition: 'web:10' })],
  })
  const run = await deploy(simulator, { 'task-definition': 'web:1' })
  expect(run.outputs).toMatchObject({ verdict: 'completed', 'task-definition': 'web:1' })
  expect(counts(simulator)).not.toHaveProperty('ecs:RegisterTaskDefinition')
})

test('a release that waited for a rollback builds on what serves then, not on what was rolled back', async () => {
  simulator = await stage({
    speed: 40,
    scenario: {
      behaviours: [{ match: { image: '*bbbb*' }, behaviour: { exitsAfter: 4, exitCode: 1 } }],
      ecs: { breakerLag: 5 },
    },
    service: {
      deploymentConfiguration: {
        minimumHealthyPercent: 0,
        maximumPercent: 100,
        deploymentCircuitBreaker: { enable: true, rollback: true },
      },
    },
  })
  const ecs = new ECSClient({
    region: 'eu-central-1',
    endpoint: simulator.url,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  })
  const broken = definition('web', {}, { image: image('b'), environment: [{ name: 'BROKEN', value: '1' }] })
  await ecs.send(new RegisterTaskDefinitionCommand(broken as never))
  await updateByHand(simulator.url, { taskDefinition: 'web:2' })
  const run = await deploy(simulator, { image: image('c'), 'on-conflict': 'wait' })
  expect(run).toMatchObject({ exitCode: 0, outputs: { verdict: 'completed' } })
  const registered = simulator.calls.filter(({ operation }) => operation === 'RegisterTaskDefinition').at(-1)?.input
  expect(registered).toMatchObject({
    containerDefinitions: [{ image: image('c'), environment: [{ name: 'LOG_LEVEL', value: 'info' }] }],
  })
})
