import { ContinueServiceDeploymentCommand, StopServiceDeploymentCommand } from '@aws-sdk/client-ecs'
import { likelyCause } from '../src/deployments/likely-cause.ts'
import { type Stage, type StageOptions, stage } from './stage.ts'

let on: Stage
const begin = async (options?: StageOptions) => {
  on = await stage(options)
  return on
}
afterEach(() => on.close())

const strategy = (name: string, more: Record<string, unknown> = {}) => ({
  deploymentConfiguration: { strategy: name, bakeTimeInMinutes: 2, ...more },
})
const pauseAt = (lifecycleStage: string) => ({
  lifecycleHooks: [{ targetType: 'PAUSE', lifecycleStages: [lifecycleStage] }],
})
const crashing = { match: { image: '*bbbb*' }, behaviour: { exitsAfter: 3, exitCode: 1 } }

test('BLUE_GREEN: everything runs and bakes long before it is completed', async () => {
  const { deploy, trace, lines } = await begin({ service: strategy('BLUE_GREEN') })
  const outcome = await deploy()
  expect(outcome).toMatchObject({ verdict: 'completed' })
  expect(trace.judged.filter((one, index, all) => all.indexOf(one) === index)).toEqual(
    expect.arrayContaining(['rolling', 'shifting', 'baking', 'completed']),
  )
  expect(
    lines.some((line) => /new 2\/2 running · old 2 running · bake time · 100 % of the traffic · baking/.test(line)),
  ).toBe(true)
})

test.each([
  ['CANARY', { canaryConfiguration: { canaryPercent: 10, canaryBakeTimeInMinutes: 3 } }, ['10', '100']],
  ['LINEAR', { linearConfiguration: { stepPercent: 50, stepBakeTimeInMinutes: 2 } }, ['50', '100']],
])('%s: the traffic moves step by step, and each step is a line', async (name, more, weights) => {
  const { deploy, lines } = await begin({ service: strategy(name, more) })
  expect((await deploy()).verdict).toBe('completed')
  for (const weight of weights)
    expect(lines.some((line) => line.includes(`production traffic shift · ${weight} % of the traffic`))).toBe(true)
})

test.each([
  ['BLUE_GREEN', {}, 'BLUE_GREEN alone takes 12 min (a bake time of 12 min)'],
  [
    'CANARY',
    { canaryConfiguration: { canaryPercent: 10, canaryBakeTimeInMinutes: 3 } },
    'CANARY alone takes 15 min (3 min of the canary and a bake time of 12 min)',
  ],
  [
    'LINEAR',
    { linearConfiguration: { stepPercent: 30, stepBakeTimeInMinutes: 2 } },
    'LINEAR alone takes 18 min (3 × 2 min and a bake time of 12 min)',
  ],
])('%s that bakes longer than the timeout: said at the start, and named as the cause', async (name, more, text) => {
  const { deploy, warnings } = await begin({ service: strategy(name, { ...more, bakeTimeInMinutes: 12 }) })
  const outcome = await deploy({ timeoutMs: 600_000 })
  expect(warnings).toEqual([expect.stringContaining(`web: ${text}, but timeout is 10m`)])
  expect(outcome).toMatchObject({ verdict: 'timed-out', phase: 'baking' })
  const evidence = { outcome, tasks: [], stoppedTasks: [], events: [], targets: [], triggeredAlarms: [], gaps: [] }
  const cause = likelyCause({ ...evidence, breaker: undefined, log: undefined, consoleUrl: '', definition: undefined })
  expect(cause?.text).toBe(`Nothing has failed: the deployment was at stage BAKE_TIME, and ${text}.`)
  expect(cause?.advice).toContain('Raise timeout')
})

test('a timeout that is long enough is no matter for a warning', async () => {
  const { deploy, warnings } = await begin({ service: strategy('BLUE_GREEN') })
  expect((await deploy({ timeoutMs: 1_200_000 })).verdict).toBe('completed')
  expect(warnings).toEqual([])
})

test('a PAUSE hook is waited for, and said once', async () => {
  const { deploy, trace, lines, ecs } = await begin({
    service: strategy('BLUE_GREEN', pauseAt('POST_TEST_TRAFFIC_SHIFT')),
  })
  const outcome = await deploy({}, async () => {
    if (trace.judged.at(-1) !== 'paused' || trace.polls % 50 !== 0) return
    const { arn, hookId } = await paused()
    await ecs.send(new ContinueServiceDeploymentCommand({ serviceDeploymentArn: arn, hookId, action: 'CONTINUE' }))
  })
  expect(outcome.verdict).toBe('completed')
  expect(trace.judged).toContain('paused')
  expect(lines.filter((line) => line.includes('PAUSE hook waits for a decision'))).toHaveLength(1)
  expect(lines.find((line) => line.includes('aws ecs continue-service-deployment'))).toMatch(
    /--hook-id ecs-pause-\S+ --action CONTINUE/,
  )
})

test('a PAUSE hook that sends it back', async () => {
  const { deploy, trace, ecs } = await begin({ service: strategy('BLUE_GREEN', pauseAt('POST_TEST_TRAFFIC_SHIFT')) })
  let answered = false
  const outcome = await deploy({}, async () => {
    if (trace.judged.at(-1) !== 'paused' || answered) return
    answered = true
    const { arn, hookId } = await paused()
    await ecs.send(new ContinueServiceDeploymentCommand({ serviceDeploymentArn: arn, hookId, action: 'ROLLBACK' }))
  })
  expect(outcome).toMatchObject({ verdict: 'stopped', reason: expect.stringContaining('answered with ROLLBACK') })
})

test('on-pause: return ends the watch with what is needed to answer the hook', async () => {
  const { deploy } = await begin({ service: strategy('BLUE_GREEN', pauseAt('POST_SCALE_UP')) })
  const outcome = await deploy({ onPause: 'return' })
  expect(outcome).toMatchObject({ verdict: 'paused', phase: 'paused', interrupted: undefined })
  expect(outcome.reason).toMatch(
    /at stage POST_SCALE_UP, until \d{4}-.*, then ROLLBACK\..*To go on: aws ecs continue-service-deployment/,
  )
})

test('a Lambda hook that fails', async () => {
  const { deploy } = await begin({
    service: strategy('BLUE_GREEN', {
      lifecycleHooks: [
        {
          hookTargetArn: 'arn:aws:lambda:eu-central-1:123456789012:function:check',
          roleArn: 'arn:aws:iam::123456789012:role/hooks',
          lifecycleStages: ['POST_TEST_TRAFFIC_SHIFT'],
        },
      ],
    }),
    scenario: { ecs: { lambdaHooks: [{ answers: ['IN_PROGRESS', 'FAILED'] }] } },
  })
  const outcome = await deploy()
  expect(outcome.verdict).toBe('rolled-back')
  expect(outcome.reason).toMatch(/POST_TEST_TRAFFIC_SHIFT lifecycle hook\(s\) failed.*function:check/)
})

test('tasks that crash: blue/green never shifts', async () => {
  const { deploy } = await begin({ service: strategy('BLUE_GREEN'), scenario: { behaviours: [crashing] } })
  const outcome = await deploy({ timeoutMs: 900_000 })
  expect(outcome).toMatchObject({ verdict: 'timed-out', phase: 'rolling' })
})

test('stopped during the bake', async () => {
  const { deploy, trace, ecs } = await begin({ service: strategy('BLUE_GREEN') })
  let asked = false
  const outcome = await deploy({}, async () => {
    if (trace.judged.at(-1) !== 'baking' || asked) return
    asked = true
    await ecs.send(
      new StopServiceDeploymentCommand({ serviceDeploymentArn: (await paused()).arn, stopType: 'ROLLBACK' }),
    )
  })
  expect(outcome.verdict).toBe('stopped')
  expect(outcome.reason).toMatch(/rolled back to web:1/)
})

test('without the service deployment APIs blue/green is judged by events and rolloutState', async () => {
  const { deploy, trace } = await begin({
    service: strategy('BLUE_GREEN'),
    scenario: { faults: [{ service: 'ecs', operation: '*ServiceDeployments', effect: { kind: 'deny' } }] },
  })
  expect((await deploy()).verdict).toBe('completed')
  expect(trace.statuses).toEqual(['-'])
})

describe('alarms', () => {
  const alarms = (rollback: boolean) => ({
    deploymentConfiguration: { alarms: { alarmNames: ['5xx'], enable: true, rollback } },
  })
  const seed = { alarms: [{ name: '5xx', state: 'OK' as const }] }

  test('one that goes off rolls back, and is named', async () => {
    const { deploy, simulator } = await begin({ service: alarms(true), scenario: { seed } })
    const outcome = await deploy({}, async (poll) => {
      if (poll === 20) await simulator.seed({ alarms: [{ name: '5xx', state: 'ALARM' }] })
    })
    expect(outcome.verdict).toBe('rolled-back')
    expect(outcome.observation?.serviceDeployment?.alarms?.triggeredAlarmNames).toEqual(['5xx'])
    expect(outcome.reason).toMatch(/alarm/i)
  })

  test('without rollback it stops', async () => {
    const { deploy, simulator } = await begin({ service: alarms(false), scenario: { seed } })
    const outcome = await deploy({}, async (poll) => {
      if (poll === 20) await simulator.seed({ alarms: [{ name: '5xx', state: 'ALARM' }] })
    })
    expect(outcome.verdict).toBe('failed')
  })

  test('all tasks in place is not completed while the alarms are watched', async () => {
    const { deploy, simulator } = await begin({ service: alarms(true), scenario: { seed } })
    const from = simulator.world.clock.now().getTime()
    expect((await deploy()).verdict).toBe('completed')
    expect(simulator.world.clock.now().getTime() - from).toBeGreaterThan(300_000)
  })
})

test('the classic cadence: four tasks one at a time, stopping at the first that fails', async () => {
  const oneAtATime = {
    desiredCount: 4,
    deploymentConfiguration: {
      minimumHealthyPercent: 100,
      maximumPercent: 125,
      deploymentCircuitBreaker: {
        enable: true,
        rollback: true,
        resetOnHealthyTask: false,
        thresholdConfiguration: { type: 'COUNT', value: 1 },
      },
    },
  }
  const good = await begin({ service: oneAtATime })
  const counts: number[] = []
  const verdict = (
    await good.deploy({
      onObserved: ({ service }) => void counts.push((service?.runningCount ?? 0) + (service?.pendingCount ?? 0)),
    })
  ).verdict
  expect(verdict).toBe('completed')
  expect(Math.max(...counts)).toBe(5)
  await good.close()

  const bad = await begin({ service: oneAtATime, scenario: { behaviours: [crashing] } })
  const outcome = await bad.deploy()
  expect(outcome.verdict).toBe('rolled-back')
  const oldGone = outcome.observation?.events.some(({ message }) => /has stopped \d running tasks/.test(message ?? ''))
  expect(oldGone).toBe(false)
})

async function paused() {
  const { DescribeServicesCommand, DescribeServiceDeploymentsCommand } = await import('@aws-sdk/client-ecs')
  const { services } = await on.ecs.send(new DescribeServicesCommand({ cluster: 'prod', services: ['web'] }))
  const arn = services?.[0]?.currentServiceDeployment ?? ''
  const { serviceDeployments } = await on.ecs.send(
    new DescribeServiceDeploymentsCommand({ serviceDeploymentArns: [arn] }),
  )
  return { arn, hookId: serviceDeployments?.[0]?.lifecycleHookDetails?.[0]?.hookId }
}
