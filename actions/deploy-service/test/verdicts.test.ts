import { DeregisterTaskDefinitionCommand, DescribeServicesCommand, ECSClient } from '@aws-sdk/client-ecs'
import type { BehaviourRule, Simulator } from '@deploy-actions/aws-simulator'
import { counts, deploy, image, type StageOptions, stage, updateByHand } from './stage.ts'

let simulator: Simulator
const begin = async (options?: StageOptions) => {
  simulator = await stage(options)
  return simulator
}
afterEach(() => simulator.close())

const crash: BehaviourRule = {
  match: { image: '*bbbb*' },
  behaviour: { exitsAfter: 4, exitCode: 1, log: [{ line: 'listening' }, { line: 'Error: DATABASE_URL is missing' }] },
}
const breaker = (rollback: boolean, enable = true) => ({
  deploymentConfiguration: { deploymentCircuitBreaker: { enable, rollback } },
})

test('completed: outputs, summary, and no call too many', async () => {
  const run = await deploy(await begin(), { image: image('b'), url: 'https://shop.example.com' })
  expect(run.exitCode).toBe(0)
  expect(run.outputs).toMatchObject({
    verdict: 'completed',
    'deployment-id': expect.stringMatching(/^ecs-svc\/\d+$/),
    'task-definition': 'web:2',
    'previous-task-definition': 'web:1',
    'service-deployment-arn': expect.stringMatching(/^arn:aws:ecs:.*:service-deployment\/prod\/web\//),
    url: 'https://shop.example.com',
  })
  expect(run.log).toMatch(/web: web:1 → web:2, deployment ecs-svc/)
  expect(run.log).toMatch(/web {2}new 2\/2 running · completed · \d\d:\d\d/)
  expect(run.annotations).toEqual([])
  expect(run.summary).toMatch(/\| `web` \| ✅ \*\*completed\*\* \| `web:1` → `web:2` \| `bbbbbbbbbbbb` \|/)
  expect(run.summary).toContain('```mermaid\ngantt')
  expect(run.summary).toMatch(/Earlier release\n {2}\w{8} running/)
  expect(run.state['open-deployments']).toBe('')
  expect(counts(simulator)).toMatchObject({
    'ecs:RegisterTaskDefinition': 1,
    'ecs:UpdateService': 1,
  })
})

test('rolled back by the breaker: red, with the evidence', async () => {
  const run = await deploy(await begin({ scenario: { behaviours: [crash] } }), { image: image('b') })
  expect(run).toMatchObject({ exitCode: 1, outputs: { verdict: 'rolled-back', 'task-definition': 'web:2' } })
  expect(run.annotations).toHaveLength(1)
  const message = run.annotations[0]?.message ?? ''
  expect(message).toMatch(/^web: rolled-back\. ECS rolled back to web:1\..*circuit breaker/)
  expect(message).toContain('Likely cause: The application in container "app" ends with exit code 1')
  expect(message).toContain('Error: DATABASE_URL is missing')
  expect(message).toContain('https://eu-central-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/web')
  expect(message.length).toBeLessThan(4096)
  for (const text of [
    'Circuit breaker: triggered, 3 failures, threshold 3',
    'EssentialContainerExited',
    'app exit code 1',
    'Error: DATABASE_URL is missing',
  ])
    expect(run.log).toContain(text)
  expect(run.summary).toContain('**Likely cause:**')
  expect(run.summary).toContain('failed :crit')
})

test('failed where nothing rolls back: says what runs', async () => {
  const run = await deploy(await begin({ scenario: { behaviours: [crash] }, service: breaker(false) }), {
    image: image('b'),
  })
  expect(run).toMatchObject({ exitCode: 1, outputs: { verdict: 'failed' } })
  expect(run.annotations[0]?.message).toMatch(/Rollback on failure is off.*2 of web:1 still run/)
})

test('superseded by someone else', async () => {
  const { url } = await begin({ speed: 20, scenario: { ecs: { startsAfter: 60 } } })
  let other: Promise<unknown> | undefined
  const run = await deploy(
    simulator,
    { image: image('b') },
    {
      onLine(line) {
        if (line.includes('new 0/2') && !other) other = updateByHand(url, { forceNewDeployment: true })
      },
    },
  )
  await other
  expect(run).toMatchObject({ exitCode: 1, outputs: { verdict: 'superseded' } })
  expect(run.annotations[0]?.message).toMatch(/A later deployment, ecs-svc\/\d+ with the same web:2, took over/)
})

test('timed out without a breaker: one warning before, the deployment is stopped and rolled back', async () => {
  await begin({ scenario: { behaviours: [crash] }, service: breaker(false, false) })
  const run = await deploy(simulator, { image: image('b'), timeout: '10s' })
  expect(run).toMatchObject({ exitCode: 1, outputs: { verdict: 'timed-out' } })
  const [warning, error] = run.annotations
  expect(warning).toMatchObject({ level: 'warning', message: expect.stringMatching(/circuit breaker of web is off/) })
  expect(error?.message).toMatch(/had not ended after 10s.*ECS was asked to stop it.*web:1 serves again/s)
  expect(counts(simulator)['ecs:StopServiceDeployment']).toBe(1)
  expect(await served()).toBe('web:1')
})

test('timed out with on-timeout: leave', async () => {
  await begin({ scenario: { behaviours: [crash] }, service: breaker(false, false) })
  const run = await deploy(simulator, { image: image('b'), timeout: '10s', 'on-timeout': 'leave' })
  expect(run.outputs.verdict).toBe('timed-out')
  expect(run.annotations.at(-1)?.message).toMatch(/on-timeout is leave: the deployment goes on/)
  expect(counts(simulator)['ecs:StopServiceDeployment']).toBeUndefined()
})

test('a desired count of 0 is said, not celebrated', async () => {
  const run = await deploy(await begin({ service: { desiredCount: 0 } }), { image: image('b') })
  expect(run).toMatchObject({ exitCode: 0, outputs: { verdict: 'completed' } })
  expect(run.annotations).toEqual([
    expect.objectContaining({ level: 'notice', message: expect.stringMatching(/proves nothing/) }),
  ])
  expect(run.log).toMatch(/web: completed\..*The desired count is 0, so nothing runs/)
})

test('nothing changed: no revision, no deployment, completed', async () => {
  const run = await deploy(await begin({ container: { image: image('a') } }), { image: image('a') })
  expect(run).toMatchObject({
    exitCode: 0,
    outputs: { verdict: 'completed', 'task-definition': 'web:1', 'previous-task-definition': 'web:1' },
  })
  expect(run.log).toMatch(/nothing changed, web:1 is what it runs/)
  expect(counts(simulator)['ecs:RegisterTaskDefinition']).toBeUndefined()
})

test('the same again while it is still being deployed: watched, not started twice', async () => {
  const { url } = await begin({ speed: 20, container: { image: image('a') } })
  await updateByHand(url, { forceNewDeployment: true })
  const run = await deploy(simulator, { image: image('a') })
  expect(run).toMatchObject({ exitCode: 0, outputs: { verdict: 'completed' } })
  expect(run.log).toMatch(/a deployment of the same web:1 is under way already/)
})

test('the same again after a failure without rollback: tried again', async () => {
  await begin({ scenario: { behaviours: [crash] }, service: breaker(false) })
  const first = await deploy(simulator, { image: image('b') })
  expect(first.outputs.verdict).toBe('failed')
  simulator.addBehaviours({ match: { image: '*bbbb*' }, behaviour: {} })
  const second = await deploy(simulator, { image: image('b') })
  expect(second).toMatchObject({ exitCode: 0, outputs: { verdict: 'completed', 'task-definition': 'web:2' } })
  expect(second.log).toMatch(/new deployment ecs-svc\/\d+ of the same web:2/)
})

test('a deregistered revision that still runs is registered anew', async () => {
  const { url } = await begin({ container: { image: image('a') } })
  const client = new ECSClient({
    region: 'eu-central-1',
    endpoint: url,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  })
  await client.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'web:1' }))
  const run = await deploy(simulator, { image: image('a') })
  expect(run).toMatchObject({
    exitCode: 0,
    outputs: { verdict: 'completed', 'task-definition': 'web:2', 'previous-task-definition': 'web:1' },
  })
})

test('force-new-deployment starts one all the same', async () => {
  const run = await deploy(await begin({ container: { image: image('a') } }), {
    image: image('a'),
    'force-new-deployment': 'true',
  })
  expect(run.exitCode).toBe(0)
  expect(run.log).toMatch(/new deployment ecs-svc\/\d+ of the same web:1/)
})

describe('a deployment under way', () => {
  const crashLoop = async () => {
    const { url } = await begin({
      scenario: { behaviours: [crash] },
      service: breaker(false, false),
      definitions: { b: image('b') },
    })
    await updateByHand(url, { taskDefinition: 'web:2' })
  }

  test('a crash loop without a breaker is superseded, so that its fix can ship', async () => {
    await crashLoop()
    const run = await deploy(simulator, { image: image('c') })
    expect(run).toMatchObject({ exitCode: 0, outputs: { verdict: 'completed', 'task-definition': 'web:3' } })
    expect(run.log).toMatch(/deployment ecs-svc\/\d+ of web:2 is in progress .* It is superseded\./)
  })

  test('a rollback is waited for, though ECS still names the success of long ago as current', async () => {
    const { url } = await begin({
      speed: 20,
      scenario: { behaviours: [crash], ecs: { staleCurrentServiceDeployment: 100_000 } },
      service: {
        deploymentConfiguration: {
          minimumHealthyPercent: 0,
          maximumPercent: 100,
          deploymentCircuitBreaker: { enable: true, rollback: true },
        },
      },
      definitions: { b: image('b') },
    })
    await updateByHand(url, { taskDefinition: 'web:2' })
    await rollingBack()
    const run = await deploy(simulator, { image: image('c') })
    expect(run).toMatchObject({ exitCode: 0, outputs: { verdict: 'completed', 'task-definition': 'web:3' } })
    expect(run.log).toMatch(/of web:1 is rolling back .* Waiting until it has ended\./)
  })

  test('on-conflict: fail changes nothing', async () => {
    await crashLoop()
    const run = await deploy(simulator, { image: image('c'), 'on-conflict': 'fail' })
    expect(run.exitCode).toBe(1)
    expect(run.annotations.at(-1)?.message).toMatch(
      /of web:2 is in progress.*on-conflict is fail, so nothing was updated/s,
    )
    expect(counts(simulator)['ecs:UpdateService']).toBe(1)
  })

  test('on-conflict: wait gives up after the timeout, having changed nothing', async () => {
    await crashLoop()
    const run = await deploy(simulator, { image: image('c'), 'on-conflict': 'wait', timeout: '10s' })
    expect(run.annotations.at(-1)?.message).toMatch(/had not ended after 10s. Nothing was updated/)
    expect(counts(simulator)['ecs:UpdateService']).toBe(1)
  })

  test('a rollback is waited for', async () => {
    const { url } = await begin({
      // The rollback must outlast the start of a process on a loaded machine.
      speed: 20,
      scenario: { behaviours: [crash], ecs: { breakerLag: 5 } },
      service: {
        deploymentConfiguration: {
          minimumHealthyPercent: 0,
          maximumPercent: 100,
          deploymentCircuitBreaker: { enable: true, rollback: true },
        },
      },
      definitions: { b: image('b') },
    })
    await updateByHand(url, { taskDefinition: 'web:2' })
    await rollingBack()
    const run = await deploy(simulator, { image: image('c') })
    expect(run).toMatchObject({ exitCode: 0, outputs: { verdict: 'completed', 'task-definition': 'web:3' } })
    expect(run.log).toMatch(/is rolling back .* Waiting until it has ended\./)
  })
})

async function describeService() {
  const client = new ECSClient({
    region: 'eu-central-1',
    endpoint: simulator.url,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  })
  const { services } = await client.send(new DescribeServicesCommand({ cluster: 'prod', services: ['web'] }))
  return services?.[0]
}

async function served() {
  return (await describeService())?.taskDefinition?.split('/')[1]
}

async function rollingBack() {
  for (let attempt = 0; attempt < 200; attempt++) {
    const primary = (await describeService())?.deployments?.find(({ status }) => status === 'PRIMARY')
    if (primary?.rolloutStateReason?.includes('rolling back')) return
    await new Promise((done) => setTimeout(done, 50))
  }
  throw new Error('No rollback began.')
}
