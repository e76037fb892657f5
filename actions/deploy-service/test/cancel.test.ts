import type { Simulator } from '@deploy-actions/aws-simulator'
import { cancelAt, counts, deploy, image, stage } from './stage.ts'

let simulator: Simulator
afterEach(() => simulator.close())

test('a cancelled run stops the deployment within the grace of SIGINT', async () => {
  simulator = await stage({ speed: 4 })
  const run = await deploy(simulator, { image: image('b') }, cancelAt('new 0/2'))
  expect(run).toMatchObject({ exitCode: 1, cancelled: true, killed: false, outputs: { verdict: 'stopped' } })
  expect(run.annotations.at(-1)?.message).toMatch(
    /The run was cancelled\..*ECS was asked to stop it and rolls back to web:1/,
  )
  expect(counts(simulator)['ecs:StopServiceDeployment']).toBe(1)
  expect(run.state['open-deployments']).toBe('')
})

test('cancelled before ECS lists the deployment: post stops it as soon as it does', async () => {
  simulator = await stage({
    speed: 4,
    scenario: { ecs: { serviceDeploymentListDelay: 9, staleCurrentServiceDeployment: 9 } },
  })
  const main = await deploy(simulator, { image: image('b') }, cancelAt('new 0/2'))
  expect(main).toMatchObject({ exitCode: 1, killed: false })
  expect(main.annotations.at(-1)?.message).toMatch(/ECS does not list it yet; the end of this job stops it/)
  const post = await deploy(simulator, { image: image('b') }, { entry: 'post', state: main.state })
  expect(post.annotations.at(-1)?.message).toMatch(/is rolling back/)
  expect(counts(simulator)['ecs:StopServiceDeployment']).toBe(1)
})

test('on-cancel: leave says what goes on', async () => {
  simulator = await stage({ speed: 4 })
  const run = await deploy(simulator, { image: image('b'), 'on-cancel': 'leave' }, cancelAt('new 0/2'))
  expect(run.outputs.verdict).toBe('unknown')
  expect(run.annotations.at(-1)?.message).toMatch(
    /on-cancel is leave: the deployment goes on, and tasks of both releases may run/,
  )
  expect(counts(simulator)['ecs:StopServiceDeployment']).toBeUndefined()
})

test('cancelled before the update: no service was changed, nothing to undo', async () => {
  simulator = await stage({
    scenario: {
      faults: [{ service: 'ecs', operation: 'RegisterTaskDefinition', effect: { kind: 'delay', milliseconds: 1500 } }],
    },
  })
  const run = await deploy(simulator, { image: image('b') }, cancelAt('web runs web:1'))
  expect(run.exitCode).toBe(1)
  const called = counts(simulator)
  expect(run.annotations.at(-1)?.message).toMatch(
    called['ecs:RegisterTaskDefinition']
      ? /cancelled\. No service was updated; a new revision of the task definition may be registered/
      : /cancelled\. (Nothing was changed|No service was updated)/,
  )
  expect(called['ecs:UpdateService']).toBeUndefined()
})

test('killed in the middle: post stops the deployment', async () => {
  simulator = await stage({ speed: 4 })
  // No grace at all, as when the machine is too slow to answer SIGINT.
  const grace = { interrupt: 0, terminate: 0 }
  const main = await deploy(simulator, { image: image('b') }, { ...cancelAt('new 0/2'), grace })
  expect(main.state['open-deployments']).toContain('ecs-svc/')
  if (counts(simulator)['ecs:StopServiceDeployment'] === undefined) {
    const post = await deploy(simulator, { image: image('b') }, { entry: 'post', state: main.state })
    expect(post.exitCode).toBe(0)
    expect(post.annotations).toEqual([
      expect.objectContaining({
        level: 'warning',
        message: expect.stringMatching(/cancelled during the deployment.*rolling back/),
      }),
    ])
  }
  expect(counts(simulator)['ecs:StopServiceDeployment']).toBe(1)
})

test('post has nothing to do after an ordinary end', async () => {
  simulator = await stage()
  const main = await deploy(simulator, { image: image('b') })
  const before = simulator.calls.length
  const post = await deploy(simulator, { image: image('b') }, { entry: 'post', state: main.state })
  expect(post).toMatchObject({ exitCode: 0, log: '' })
  expect(simulator.calls).toHaveLength(before)
})
