import { DescribeServicesCommand, ECSClient } from '@aws-sdk/client-ecs'
import type { Fault, Simulator } from '@deploy-actions/aws-simulator'
import { called, cancelAt, counts, deploy, image, stage, updateByHand } from './stage.ts'

let simulator: Simulator
afterEach(() => simulator.close())

const fault = (operation: string, effect: Fault['effect'], fields: Partial<Fault> = {}): Fault => ({
  service: 'ecs',
  operation,
  effect,
  ...fields,
})
const throttled = fault('StopServiceDeployment', {
  kind: 'error',
  name: 'ThrottlingException',
  message: 'Rate exceeded',
})

const deployments = async () => {
  const ecs = new ECSClient({
    region: 'eu-central-1',
    endpoint: simulator.url,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  })
  const { services } = await ecs.send(new DescribeServicesCommand({ cluster: 'prod', services: ['web'] }))
  return services?.[0]?.deployments ?? []
}

test('a cancelled run whose stop is throttled leaves it to post, in time', async () => {
  simulator = await stage({ speed: 2, scenario: { faults: [throttled] } })
  // The machine may be slow to run the last words; the action's own time tells how long it tries.
  const grace = { interrupt: 20_000, terminate: 0 }
  const main = await deploy(simulator, { image: image('b') }, { ...cancelAt('new 0/2'), grace })
  const tries = simulator.calls.filter(({ operation }) => operation === 'StopServiceDeployment')
  const trying = (tries.at(-1)!.time.getTime() - tries[0]!.time.getTime()) * simulator.time.speed
  expect(trying).toBeLessThan(7_500)
  expect(main).toMatchObject({ exitCode: 1, killed: false, outputs: { verdict: 'unknown' } })
  expect(main.annotations.at(-1)?.message).toMatch(/the end of this job stops it/)
  expect(main.state['open-deployments']).toContain('ecs-svc/')
})

test('and post stops it once the throttling ends', async () => {
  simulator = await stage({ speed: 4, scenario: { faults: [{ ...throttled, times: 7 }] } })
  const main = await deploy(simulator, { image: image('b') }, cancelAt('new 0/2'))
  expect(main.state['open-deployments']).toContain('ecs-svc/')
  const post = await deploy(simulator, { image: image('b') }, { entry: 'post', state: main.state })
  expect(post.annotations.at(-1)?.message).toMatch(/is rolling back/)
})

test('cancelled while UpdateService has not answered: post finds and stops what it started', async () => {
  simulator = await stage({
    speed: 4,
    scenario: { faults: [fault('UpdateService', { kind: 'delay', milliseconds: 3_000 })] },
  })
  const cancel = new AbortController()
  void called(simulator, 'UpdateService').then(() => cancel.abort())
  const grace = { interrupt: 500, terminate: 500 }
  const main = await deploy(simulator, { image: image('b') }, { signal: cancel.signal, grace })
  expect(main.exitCode).not.toBe(0)
  const [open] = JSON.parse(main.state['open-deployments'] ?? '').deployments
  expect(open).toMatchObject({ service: 'web', previousDeploymentId: expect.stringMatching(/^ecs-svc/) })
  expect(open).not.toHaveProperty('deploymentId')
  const post = await deploy(simulator, { image: image('b') }, { entry: 'post', state: main.state })
  expect(post.annotations.at(-1)?.message).toMatch(/is rolling back/)
  expect(counts(simulator)['ecs:StopServiceDeployment']).toBe(1)
})

test('an update whose answers are lost is found and watched', async () => {
  simulator = await stage({
    scenario: { faults: [fault('UpdateService', { kind: 'drop', when: 'after' }, { times: 20 })] },
  })
  const run = await deploy(simulator, { image: image('b') })
  expect(run).toMatchObject({ exitCode: 0, outputs: { verdict: 'completed', 'task-definition': 'web:2' } })
  expect(run.log).toMatch(/the answer of UpdateService was lost .*, the deployment was not/)
})

test('an update that came to no clear answer and shows nowhere: nothing is claimed', async () => {
  simulator = await stage({
    scenario: { faults: [fault('UpdateService', { kind: 'drop', when: 'before' }, { times: 20 })] },
  })
  const run = await deploy(simulator, { image: image('b') })
  expect(run.exitCode).toBe(1)
  expect(run.annotations.at(-1)?.message).toMatch(/may or may not have started a deployment/)
  expect(run.annotations.at(-1)?.message).not.toMatch(/was not updated|not used by any service/)
  expect(run.state['open-deployments']).toBe('')
})

test('a deployment that ends right at the timeout has the verdict that it earned', async () => {
  const ended = { kind: 'error', name: 'ConflictException', message: 'The service deployment has ended.' } as const
  simulator = await stage({
    speed: 10,
    scenario: { faults: [fault('StopServiceDeployment', ended)], ecs: { startsAfter: 30 } },
  })
  const run = await deploy(simulator, { image: image('b'), timeout: '92s' })
  expect(run).toMatchObject({ exitCode: 0, outputs: { verdict: 'completed' } })
  expect(run.log).toMatch(/It ended right at the timeout/)
  expect(counts(simulator)['ecs:StopServiceDeployment']).toBe(1)
})

test('the fix of a crash loop times out: the release of before the crash loop is what serves, and is said to', async () => {
  const crash = ['b', 'c'].map((letter) => ({
    match: { image: `*${letter.repeat(4)}*` },
    behaviour: { exitsAfter: 4, exitCode: 1 },
  }))
  simulator = await stage({
    scenario: { behaviours: crash },
    service: { deploymentConfiguration: { deploymentCircuitBreaker: { enable: false, rollback: false } } },
    definitions: { b: image('b') },
  })
  await updateByHand(simulator.url, { taskDefinition: 'web:2' })
  const run = await deploy(simulator, { image: image('c'), timeout: '10s' })
  expect(run).toMatchObject({ outputs: { verdict: 'timed-out', 'previous-task-definition': 'web:1' } })
  expect(run.log).toMatch(/web: web:2 → web:3/)
  expect(run.annotations.at(-1)?.message).toMatch(/rolls back to web:1\. web:1 serves again/)
  expect((await deployments())[0]?.taskDefinition).toMatch(/web:1$/)
})
