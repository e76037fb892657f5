import type { Simulator } from '@deploy-actions/aws-simulator'
import { counts, definition, deploy, image, service, stage } from './stage.ts'

let simulator: Simulator
afterEach(() => simulator.close())

const pair = [service('web'), service('worker')]
const workerCrashes = [
  {
    match: { image: '*bbbb*', service: 'worker' },
    behaviour: { exitsAfter: 2, exitCode: 1, log: [{ line: 'broken' }] },
  },
]

test('one failing service does not hide another', async () => {
  simulator = await stage({ services: pair, scenario: { behaviours: workerCrashes } })
  const run = await deploy(simulator, { service: 'web\nworker', image: image('b') })
  expect(run).toMatchObject({ exitCode: 1, outputs: { verdict: 'rolled-back', 'task-definition': 'web:2\nweb:2' } })
  expect(run.outputs['deployment-id']?.split('\n')).toHaveLength(2)
  expect(run.annotations.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^worker: rolled-back\./),
    expect.stringMatching(/^1 of 2 services completed; rolled-back: worker\.$/),
  ])
  expect(run.summary).toMatch(/\| `web` \| ✅ \*\*completed\*\*/)
  expect(run.summary).toMatch(/\| `worker` \| ❌ \*\*rolled-back\*\*/)
  expect(counts(simulator)['ecs:RegisterTaskDefinition']).toBe(1)
})

test('rollback-together takes the completed one back', async () => {
  simulator = await stage({ services: pair, scenario: { behaviours: workerCrashes } })
  const run = await deploy(simulator, { service: 'web,worker', image: image('b'), 'rollback-together': 'true' })
  expect(run).toMatchObject({ exitCode: 1, outputs: { verdict: 'rolled-back' } })
  expect(run.log).toContain('rollback-together: web go back to the release of before')
  expect(run.annotations.map(({ message }) => message)).toContain('web was taken back to web:1.')
})

test('rollback-together after a release by tag: there is nothing to go back to, which is said', async () => {
  const crashes = [{ match: { service: 'worker' }, behaviour: { exitsAfter: 2, exitCode: 1 } }]
  simulator = await stage({ services: pair, scenario: { behaviours: crashes } })
  const run = await deploy(simulator, { service: 'web,worker', 'rollback-together': 'true' })
  expect(run).toMatchObject({ exitCode: 1 })
  expect(run.annotations.map(({ message }) => message)).toContain(
    'web stays on this release: it is a new deployment of web:1, which it ran before, so there is no earlier revision to go back to.',
  )
})

test('outputs have a line for every service, in the order of the input', async () => {
  const names = ['api', 'web', 'worker']
  simulator = await stage({
    services: names.map((name) => service(name, { taskDefinition: name })),
    scenario: {
      seed: { taskDefinitions: names.map((name) => definition(name)) },
      faults: [{ service: 'ecs', operation: 'UpdateService', contains: 'service/prod/web', effect: { kind: 'deny' } }],
    },
  })
  const run = await deploy(simulator, { service: 'worker,web,api', image: image('b') })
  expect(run.outputs['task-definition']).toBe('worker:2\n\napi:2')
  for (const output of ['deployment-id', 'previous-task-definition', 'service-deployment-arn'])
    expect(run.outputs[output]?.split('\n')).toEqual([expect.stringMatching(/./), '', expect.stringMatching(/./)])
})

test('services of different families get a revision each', async () => {
  simulator = await stage({
    services: [service('web'), service('worker', { taskDefinition: 'worker' })],
    scenario: {
      seed: {
        taskDefinitions: [definition('web'), definition('worker')],
      },
    },
  })
  const run = await deploy(simulator, { service: 'web,worker', image: image('b') })
  expect(run.outputs).toMatchObject({ verdict: 'completed', 'task-definition': 'web:2\nworker:2' })
})

test('services that do not exist are all named, and nothing is changed', async () => {
  simulator = await stage()
  const run = await deploy(simulator, { service: 'web,wep,worker', image: image('b') })
  expect(run.annotations[0]?.message).toMatch(/"wep" does not exist in cluster "prod".*\n.*"worker" does not exist/)
  expect(Object.keys(counts(simulator))).toEqual(['ecs:DescribeServices'])
})

test.each(['CODE_DEPLOY', 'EXTERNAL'])(
  'a service of the controller %s is refused with what to use instead',
  async (type) => {
    simulator = await stage({
      services: [
        service('web', {
          deploymentController: { type },
          deploymentConfiguration: undefined,
          stable: undefined,
          taskDefinition: type === 'EXTERNAL' ? undefined : 'web',
        }),
      ],
    })
    const run = await deploy(simulator, { image: image('b') })
    expect(run.annotations[0]?.message).toMatch(
      type === 'CODE_DEPLOY'
        ? /deployed by AWS CodeDeploy.*aws-actions\/amazon-ecs-deploy-task-definition/
        : /controller EXTERNAL: .*Deploy it with that tool/,
    )
    expect(Object.keys(counts(simulator))).toEqual(['ecs:DescribeServices'])
  },
)

test('a cluster that does not exist', async () => {
  simulator = await stage()
  const run = await deploy(simulator, { cluster: 'production', image: image('b') })
  expect(run.annotations[0]?.message).toMatch(/Cluster "production" does not exist in this account and region/)
})

test('50 services at once under the real rates complete without an error', async () => {
  const names = Array.from({ length: 50 }, (_, index) => `web-${index}`)
  simulator = await stage({
    services: names.map((name) => service(name, { taskDefinition: name, desiredCount: 1 })),
    scenario: { rateLimits: true, seed: { taskDefinitions: names.map((name) => definition(name)) } },
    speed: 30,
  })
  const run = await deploy(simulator, { service: names.join('\n'), image: image('b') })
  expect(run.annotations).toEqual([])
  expect(run).toMatchObject({ exitCode: 0, outputs: { verdict: 'completed' } })
  expect(run.outputs['task-definition']?.split('\n')).toHaveLength(50)
}, 240_000)

test('bursts of throttling and cut connections everywhere', async () => {
  simulator = await stage({
    scenario: {
      faults: [
        {
          service: 'ecs',
          operation: '*',
          probability: 0.25,
          effect: { kind: 'error', name: 'ThrottlingException', message: 'Rate exceeded' },
        },
        { service: 'ecs', operation: 'Describe*', probability: 0.15, effect: { kind: 'drop', when: 'before' } },
        { service: 'ecs', operation: 'List*', probability: 0.15, effect: { kind: 'drop', when: 'mid-body' } },
      ],
    },
  })
  const run = await deploy(simulator, { image: image('b') })
  expect(run).toMatchObject({ exitCode: 0, outputs: { verdict: 'completed' } })
  expect(run.log.match(/throttling/g)?.length ?? 0).toBeLessThanOrEqual(1)
})
