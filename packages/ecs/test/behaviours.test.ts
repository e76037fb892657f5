import { StopServiceDeploymentCommand, UpdateServiceCommand } from '@aws-sdk/client-ecs'
import { UserError } from '@deploy-actions/action-kit'
import type { BehaviourRule } from '@deploy-actions/aws-simulator'
import { describeDeployableServices, describeService } from '../src/index.ts'
import { type Stage, type StageOptions, stage, targetGroupArn } from './stage.ts'

let on: Stage
const begin = async (options?: StageOptions) => {
  on = await stage(options)
  return on
}
afterEach(() => on.close())

const crashing: BehaviourRule = { match: { image: '*bbbb*' }, behaviour: { exitsAfter: 3, exitCode: 1 } }
const noRollback = { deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: false } } }
/** Old tasks are stopped before new ones start, so that a rollback has something to do. */
const stopFirst = {
  deploymentConfiguration: {
    minimumHealthyPercent: 0,
    maximumPercent: 100,
    deploymentCircuitBreaker: { enable: true, rollback: true },
  },
}
const noBreaker = { deploymentConfiguration: { deploymentCircuitBreaker: { enable: false, rollback: false } } }

const behindLoadBalancer = {
  scenario: { seed: { targetGroups: [{ name: 'web', deregistrationDelay: 300 }] } },
  service: { loadBalancers: [{ targetGroupArn: targetGroupArn('web'), containerName: 'app', containerPort: 8080 }] },
}

/** Behaviours of ECS that judges get wrong, each with what was seen on the way. */
describe('rolling deployments', () => {
  test('PRIMARY counts 0 of 0 at first, one task comes before the others', async () => {
    const { deploy, trace, lines } = await begin()
    const outcome = await deploy()
    expect(outcome).toMatchObject({ verdict: 'completed', reason: 'web:2 is deployed.' })
    expect(trace.judged).toEqual(['rolling', 'completed'])
    expect(trace.statuses).toEqual(['-', 'IN_PROGRESS', 'SUCCESSFUL'])
    expect(lines.find((line) => line.includes('new 0/2'))).toBeDefined()
  })

  test('the service deployment is listed late, and the one of before stands in its place', async () => {
    const { deploy, trace } = await begin({
      scenario: { ecs: { serviceDeploymentListDelay: 30, staleCurrentServiceDeployment: 30 } },
    })
    expect((await deploy()).verdict).toBe('completed')
    expect(trace.statuses).toEqual(['-', 'IN_PROGRESS', 'SUCCESSFUL'])
  })

  test('a rollback makes the old id PRIMARY again and the failed one vanish', async () => {
    const { deploy, trace } = await begin({ scenario: { behaviours: [crashing] }, service: stopFirst })
    const outcome = await deploy()
    expect(outcome.verdict).toBe('rolled-back')
    expect(outcome.reason).toMatch(/rolled back to web:1.*circuit breaker threshold/)
    expect(trace.judged).toEqual(['rolling', 'rolling-back', 'rolled-back'])
    expect(outcome.observation?.service?.deployments).toHaveLength(1)
    expect(outcome.observation?.service?.deployments?.[0]?.id).toBe(outcome.started.previousDeploymentId)
  })

  test.each(['STOPPED', 'SUCCESSFUL', 'IN_PROGRESS'] as const)(
    'superseded, where ECS calls that %s',
    async (status) => {
      const { deploy, ecs } = await begin({ scenario: { ecs: { supersededStatus: status } } })
      const outcome = await deploy({}, async (poll) => {
        if (poll === 5)
          await ecs.send(new UpdateServiceCommand({ cluster: 'prod', service: 'web', taskDefinition: 'web:3' }))
      })
      expect(outcome).toMatchObject({ verdict: 'superseded', supersededBy: expect.stringMatching(/^ecs-svc\/\d+$/) })
      expect(outcome.reason).toContain('web:3')
    },
  )

  test('superseded between two polls by one that has failed and was rolled back meanwhile', async () => {
    const { update, watch, ecs, simulator } = await begin({ scenario: { behaviours: [crashing] } })
    const started = await update({ taskDefinition: 'web:3' })
    simulator.world.clock.advance(10)
    await ecs.send(new UpdateServiceCommand({ cluster: 'prod', service: 'web', taskDefinition: 'web:2' }))
    simulator.world.clock.advance(3000)
    expect((await watch([started]))[0]).toMatchObject({ verdict: 'superseded' })
  })

  test('the breaker without rollback leaves a FAILED deployment for ever', async () => {
    const { deploy } = await begin({ scenario: { behaviours: [crashing] }, service: noRollback })
    const outcome = await deploy()
    expect(outcome.verdict).toBe('failed')
    expect(outcome.reason).toMatch(/Rollback on failure is off.*2 of web:1 still run/)
  })

  test('without a breaker a crash loop is in progress for ever', async () => {
    const { deploy, lines } = await begin({ scenario: { behaviours: [crashing] }, service: noBreaker })
    const outcome = await deploy({ timeoutMs: 600_000 })
    expect(outcome).toMatchObject({ verdict: 'timed-out', interrupted: 'timeout', phase: 'rolling' })
    expect(lines.some((line) => /\d failed/.test(line))).toBe(true)
  })

  test('FAILED comes minutes after the third failure, and not before', async () => {
    const { deploy, trace, simulator } = await begin({
      scenario: { behaviours: [crashing], ecs: { breakerLag: 480 } },
    })
    const from = simulator.world.clock.now().getTime()
    expect((await deploy()).verdict).toBe('rolled-back')
    expect(simulator.world.clock.now().getTime() - from).toBeGreaterThan(480_000)
    expect(trace.judged.filter((one) => one !== 'rolling-back')).toEqual(['rolling', 'rolled-back'])
  })

  test('SUCCESSFUL comes before COMPLETED and while old tasks run', async () => {
    const { deploy } = await begin({ scenario: { ecs: { successfulBeforeCompleted: 40 } } })
    const outcome = await deploy()
    expect(outcome.verdict).toBe('completed')
    expect(outcome.observation?.service?.deployments?.[0]?.rolloutState).toBe('IN_PROGRESS')
  })

  test('early success with deferred cleanup: completed while old tasks drain', async () => {
    const { deploy } = await begin({
      ...behindLoadBalancer,
      service: {
        ...behindLoadBalancer.service,
        deploymentConfiguration: {
          minimumHealthyPercent: 50,
          earlySuccessCriteria: { enable: true, healthyPercent: 100, sourceServiceRevisionCleanup: 'DEFERRED' },
        },
      },
    })
    const outcome = await deploy()
    expect(outcome.verdict).toBe('completed')
    expect(outcome.reason).toMatch(/tasks? of the earlier release still drain/)
  })

  test('old tasks drain for five minutes, and the events of before the deployment count for nothing', async () => {
    const { deploy, simulator } = await begin(behindLoadBalancer)
    const from = simulator.world.clock.now().getTime()
    const outcome = await deploy()
    expect(outcome).toMatchObject({ verdict: 'completed', reason: 'web:2 is deployed.' })
    expect(simulator.world.clock.now().getTime() - from).toBeGreaterThan(300_000)
    for (const { createdAt } of outcome.observation?.events ?? [])
      expect(createdAt?.getTime()).toBeGreaterThanOrEqual(outcome.started.createdAt.getTime())
  })

  test('a desired count of 0 completes and is said to prove nothing', async () => {
    const { deploy } = await begin({ service: { desiredCount: 0 } })
    expect(await deploy()).toMatchObject({
      verdict: 'completed',
      reason: expect.stringContaining('desired count is 0'),
    })
  })

  test('stopped by a person: the service is back, and it is not called a failure of the release', async () => {
    const { deploy, ecs } = await begin()
    const outcome = await deploy({}, async (poll) => {
      if (poll !== 8) return
      await ecs.send(
        new StopServiceDeploymentCommand({ serviceDeploymentArn: await currentArn(), stopType: 'ROLLBACK' }),
      )
    })
    expect(outcome.verdict).toBe('stopped')
    expect(outcome.reason).toMatch(/on request.*rolled back to web:1/)
  })

  test('no earlier deployment to go back to', async () => {
    // A new service: its first deployment has not completed when the next one begins.
    const { update, watch, trace } = await begin({ scenario: { behaviours: [crashing] }, service: { stable: false } })
    const outcome = (await watch([await update()]))[0]
    expect(outcome?.verdict).toBe('failed')
    expect(outcome?.reason).toMatch(/No rollback candidate was found/)
    expect(trace.statuses.at(-1)).toBe('ROLLBACK_FAILED')
  })

  test('a service deleted under way', async () => {
    const { deploy, ecs } = await begin()
    const { DeleteServiceCommand } = await import('@aws-sdk/client-ecs')
    const outcome = await deploy({}, async (poll) => {
      if (poll === 3) await ecs.send(new DeleteServiceCommand({ cluster: 'prod', service: 'web', force: true }))
    })
    expect(outcome).toMatchObject({ verdict: 'failed', reason: expect.stringContaining('deleted') })
  })
})

describe('without permission for service deployments', () => {
  const denied = {
    faults: [{ service: 'ecs', operation: '*ServiceDeployments', effect: { kind: 'deny' as const } }],
  }
  const once = () =>
    expect(on.warnings).toEqual([expect.stringMatching(/may not call ecs:\w+ServiceDeployments, so.*Allow/)])

  test('completed', async () => {
    const { deploy, trace } = await begin({ scenario: denied })
    expect((await deploy()).verdict).toBe('completed')
    expect(trace.statuses).toEqual(['-'])
    once()
  })

  test('rolled back', async () => {
    const { deploy } = await begin({ scenario: { ...denied, behaviours: [crashing] } })
    const outcome = await deploy()
    expect(outcome.verdict).toBe('rolled-back')
    expect(outcome.reason).toContain('tasks failed to start')
    once()
  })

  test('failed without rollback', async () => {
    const { deploy } = await begin({ scenario: { ...denied, behaviours: [crashing] }, service: noRollback })
    expect((await deploy()).verdict).toBe('failed')
    once()
  })

  test('superseded', async () => {
    const { deploy, ecs } = await begin({ scenario: denied })
    const outcome = await deploy({}, async (poll) => {
      if (poll === 5)
        await ecs.send(new UpdateServiceCommand({ cluster: 'prod', service: 'web', taskDefinition: 'web:3' }))
    })
    expect(outcome.verdict).toBe('superseded')
    once()
  })

  test('only listing denied: the service names its deployment itself', async () => {
    const { deploy, trace, warnings } = await begin({
      scenario: {
        faults: [{ service: 'ecs', operation: 'ListServiceDeployments', effect: { kind: 'deny' } }],
        ecs: { staleCurrentServiceDeployment: 0 },
      },
    })
    expect((await deploy()).verdict).toBe('completed')
    expect(trace.statuses).toContain('SUCCESSFUL')
    expect(warnings).toEqual([])
  })
})

describe('weather', () => {
  const burst = (operation: string) => ({
    service: 'ecs',
    operation,
    skip: 3,
    times: 8,
    effect: { kind: 'error' as const, name: 'ThrottlingException', message: 'Rate exceeded' },
  })

  test('bursts of throttling are sat out, said once', async () => {
    const { deploy, lines } = await begin({
      scenario: { faults: [burst('DescribeServices'), burst('DescribeServiceDeployments')] },
    })
    expect((await deploy()).verdict).toBe('completed')
    expect(lines.filter((line) => line.includes('throttling'))).toHaveLength(1)
  })

  test('polls come less often while AWS is throttling', async () => {
    const { deploy, clock } = await begin({
      ...behindLoadBalancer,
      scenario: { ...behindLoadBalancer.scenario, faults: [burst('DescribeServices')] },
    })
    const times: number[] = []
    await deploy({ onObserved: () => void times.push(clock.now().getTime()) })
    const gaps = times.slice(1).map((time, index) => time - times[index]!)
    expect(Math.max(...gaps)).toBeGreaterThan(3_000)
    expect(gaps.at(-1)).toBeLessThan(3_500)
  })

  test('cut connections are sat out', async () => {
    const { deploy } = await begin({
      scenario: {
        faults: [
          { service: 'ecs', operation: 'Describe*', skip: 4, times: 30, effect: { kind: 'drop', when: 'before' } },
        ],
      },
    })
    expect((await deploy()).verdict).toBe('completed')
  })

  test('a lost answer of UpdateService starts no second deployment', async () => {
    const { deploy, counts } = await begin({
      scenario: {
        faults: [{ service: 'ecs', operation: 'UpdateService', times: 1, effect: { kind: 'drop', when: 'after' } }],
      },
    })
    const outcome = await deploy()
    expect(outcome).toMatchObject({ verdict: 'completed', started: { created: true } })
    expect(counts().UpdateService).toBe(2)
  })

  test('credentials that end in the middle of the wait', async () => {
    const { deploy } = await begin({
      scenario: {
        faults: [
          {
            service: 'ecs',
            operation: '*',
            skip: 8,
            effect: {
              kind: 'error',
              name: 'ExpiredTokenException',
              message: 'The security token included in the request is expired',
            },
          },
        ],
      },
    })
    const outcome = await deploy()
    expect(outcome).toMatchObject({ verdict: 'unknown', interrupted: 'credentials' })
    expect(outcome.reason).toMatch(/credentials expired/)
  })
})

describe('many services', () => {
  const names = (count: number) => Array.from({ length: count }, (_, index) => `web-${index}`)

  test.each([1, 10, 50])('%i services: calls per poll', async (count) => {
    const { update, watch, simulator } = await begin({ services: names(count) })
    const started = []
    for (const service of names(count)) started.push(await update({ service }))
    const from = simulator.calls.length
    const outcomes = await watch(started)
    expect(outcomes.map(({ verdict }) => verdict)).toEqual(names(count).map(() => 'completed'))
    const calls = simulator.calls.slice(from)
    const lists = calls.filter(({ operation }) => operation === 'ListServiceDeployments').length
    const polls = calls.filter(({ operation }) => operation === 'DescribeServices').length / Math.ceil(count / 10)
    expect((calls.length - lists) / polls).toBeLessThanOrEqual(2 + 2 * (Math.ceil(count / 10) - 1))
    expect(lists).toBeLessThanOrEqual(2 * count)
  })

  test('one failing service does not hide another', async () => {
    const { update, watch } = await begin({
      services: ['web', 'worker'],
      scenario: { behaviours: [{ ...crashing, match: { ...crashing.match, service: 'worker' } }] },
    })
    const outcomes = await watch([await update(), await update({ service: 'worker' })])
    expect(outcomes.map(({ verdict, started }) => [started.service, verdict])).toEqual([
      ['web', 'completed'],
      ['worker', 'rolled-back'],
    ])
  })
})

test.each([
  ['CODE_DEPLOY', /deployed by AWS CodeDeploy.*aws-actions\/amazon-ecs-deploy-task-definition/],
  ['EXTERNAL', /deployment controller EXTERNAL: its task sets belong to the tool/],
])('a service of the controller %s is refused before anything is changed', async (type, says) => {
  const { update, ecs, counts } = await begin({
    service: { deploymentController: { type }, deploymentConfiguration: undefined, stable: false },
  })
  const refused = async (attempt: Promise<unknown>) => {
    const error = await attempt.catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(UserError)
    expect((error as Error).message).toMatch(says)
  }
  await refused(describeService(ecs, 'prod', 'web'))
  await refused(describeDeployableServices(ecs, 'prod', ['web']))
  await refused(update())
  expect(Object.keys(counts())).toEqual(['DescribeServices'])
})

test('every service that cannot be deployed to is named at once', async () => {
  const { ecs } = await begin({ services: ['web', 'worker'], service: { deploymentController: { type: 'EXTERNAL' } } })
  const all = describeDeployableServices(ecs, 'prod', ['web', 'nope', 'worker'])
  await expect(all).rejects.toThrow(/^Service "web" has.*\nService "nope" does not exist.*\nService "worker" has/)
})

test('the same task definition again is no new deployment', async () => {
  const { update, watch } = await begin()
  const started = await update({ taskDefinition: 'web:1' })
  expect(started).toMatchObject({ created: false, deploymentId: started.previousDeploymentId })
  expect((await watch([started]))[0]).toMatchObject({ verdict: 'completed' })
})

test('a progress line only when something changed, an event once', async () => {
  const { deploy, lines } = await begin()
  await deploy()
  const withoutTime = lines.map((line) => line.replace(/ · [\d:]+$/, ''))
  expect(new Set(withoutTime).size).toBe(withoutTime.length)
  expect(lines.length).toBeLessThan(20)
})

test('a cancelled run ends the watch at once and leaves the deployment to its caller', async () => {
  const cancel = new AbortController()
  const { deploy, simulator } = await begin({ signal: cancel.signal })
  const outcome = await deploy({}, (poll) => {
    if (poll === 5) cancel.abort()
  })
  expect(outcome).toMatchObject({ verdict: 'unknown', interrupted: 'cancelled' })
  expect(outcome.serviceDeploymentArn).toMatch(/service-deployment/)
  expect(simulator.calls.some(({ operation }) => operation === 'StopServiceDeployment')).toBe(false)
})

async function currentArn(): Promise<string | undefined> {
  const { DescribeServicesCommand } = await import('@aws-sdk/client-ecs')
  const { services } = await on.ecs.send(new DescribeServicesCommand({ cluster: 'prod', services: ['web'] }))
  return services?.[0]?.currentServiceDeployment
}
