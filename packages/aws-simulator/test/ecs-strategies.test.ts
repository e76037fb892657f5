import {
  ContinueServiceDeploymentCommand,
  type DeploymentConfiguration,
  type DeploymentLifecycleHook,
  StopServiceDeploymentCommand,
} from '@aws-sdk/client-ecs'
import type { EcsOptions, TaskBehaviour } from '../src/index.ts'
import { groupArn, type Stage, stage } from './ecs-support.ts'

const pause = (...lifecycleStages: DeploymentLifecycleHook['lifecycleStages'] & object): DeploymentLifecycleHook => ({
  targetType: 'PAUSE',
  lifecycleStages,
})
const lambda = (stage: NonNullable<DeploymentLifecycleHook['lifecycleStages']>[number]): DeploymentLifecycleHook => ({
  hookTargetArn: 'arn:aws:lambda:eu-central-1:123456789012:function:check',
  roleArn: 'arn:aws:iam::123456789012:role/hooks',
  lifecycleStages: [stage],
})

const begin = async (
  deploymentConfiguration: DeploymentConfiguration,
  options: { ecs?: EcsOptions; bad?: TaskBehaviour } = {},
) => {
  const behaviours = options.bad ? [{ match: { image: '*:2' }, behaviour: options.bad }] : []
  const web = await stage({ ecs: options.ecs, behaviours }, { deploymentConfiguration })
  await web.update({ taskDefinition: await web.revision('example.com/web:2') })
  return web
}

const newest = async (web: Stage) => {
  const [deployment] = await web.deployments()
  if (!deployment) throw new Error('no service deployment')
  return deployment
}

/** Stage and production weight, one entry per change, until the deployment ends or `seconds` are over. */
async function stages(web: Stage, seconds: number): Promise<string[]> {
  const seen: string[] = []
  for (let at = 0; at < seconds; at++) {
    web.advance(1)
    const { lifecycleStage, targetServiceRevision, status, finishedAt } = await newest(web)
    const weight = targetServiceRevision?.requestedProductionTrafficWeight
    const text = `${lifecycleStage ?? '-'}${weight === undefined ? '' : ` ${weight}`}`
    if (status !== 'PENDING' && at > 4 && seen.at(-1) !== text) seen.push(text)
    if (finishedAt && at > 4) break
  }
  return seen
}

const continueIt = async (web: Stage, action?: 'CONTINUE' | 'ROLLBACK') => {
  const { serviceDeploymentArn, lifecycleHookDetails = [] } = await newest(web)
  const hookId = lifecycleHookDetails.find(({ status }) => status === 'AWAITING_ACTION')?.hookId
  await web.ecs.send(new ContinueServiceDeploymentCommand({ serviceDeploymentArn, hookId, action }))
}

test('BLUE_GREEN: all stages, both revisions at full size until the bake is over', async () => {
  const web = await begin({ strategy: 'BLUE_GREEN', bakeTimeInMinutes: 2 })
  expect(await stages(web, 130)).toEqual([
    'PRE_SCALE_UP 0',
    'SCALE_UP 0',
    'POST_SCALE_UP 0',
    'TEST_TRAFFIC_SHIFT 0',
    'POST_TEST_TRAFFIC_SHIFT 0',
    'PRODUCTION_TRAFFIC_SHIFT 100',
    'POST_PRODUCTION_TRAFFIC_SHIFT 100',
    'BAKE_TIME 100',
  ])
  expect((await web.service()).deployments).toMatchObject([
    { status: 'PRIMARY', rolloutState: 'IN_PROGRESS', runningCount: 2 },
    { status: 'ACTIVE', rolloutState: 'COMPLETED', runningCount: 2 },
  ])
  const baking = await newest(web)
  expect(baking.targetServiceRevision).toMatchObject({
    requestedTestTrafficWeight: 100,
    requestedProductionTrafficWeight: 100,
  })
  expect(baking.sourceServiceRevisions).toMatchObject([
    { requestedProductionTrafficWeight: 0, requestedTestTrafficWeight: 0 },
  ])
  expect(await stages(web, 200)).toEqual(['BAKE_TIME 100', 'CLEAN_UP 100'])
  expect(await newest(web)).toMatchObject({ status: 'SUCCESSFUL' })
  expect((await web.service()).deployments).toHaveLength(1)
})

test('blue and green alternate between the two target groups', async () => {
  const [blue, green] = [groupArn('blue'), groupArn('green')]
  const web = await stage(
    {
      seed: {
        targetGroups: [
          { name: 'blue', deregistrationDelay: 5 },
          { name: 'green', deregistrationDelay: 5 },
        ],
      },
    },
    {
      deploymentConfiguration: { strategy: 'BLUE_GREEN', bakeTimeInMinutes: 0 },
      loadBalancers: [
        {
          targetGroupArn: blue,
          containerName: 'app',
          containerPort: 8080,
          advancedConfiguration: {
            alternateTargetGroupArn: green,
            productionListenerRule: 'arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener-rule/app/a/1/2/3',
            roleArn: 'arn:aws:iam::123456789012:role/ecs',
          },
        },
      ],
    },
  )
  const sizes = () => [blue, green].map((arn) => web.targetGroups.groups.get(arn)?.targets.size)
  expect(sizes()).toEqual([2, 0])
  await web.update({ forceNewDeployment: true })
  web.advance(300)
  expect(sizes()).toEqual([0, 2])
  await web.update({ forceNewDeployment: true })
  web.advance(300)
  expect(sizes()).toEqual([2, 0])
})

test('CANARY: a small share first, then everything', async () => {
  const web = await begin({
    strategy: 'CANARY',
    canaryConfiguration: { canaryPercent: 10, canaryBakeTimeInMinutes: 3 },
  })
  const seen = await stages(web, 600)
  expect(seen.slice(4)).toEqual([
    'POST_TEST_TRAFFIC_SHIFT 0',
    'PRODUCTION_TRAFFIC_SHIFT 10',
    'PRODUCTION_TRAFFIC_SHIFT 100',
    'POST_PRODUCTION_TRAFFIC_SHIFT 100',
    'CLEAN_UP 100',
  ])
})

test('LINEAR: equal steps, each with its bake time but the last', async () => {
  const web = await begin({ strategy: 'LINEAR', linearConfiguration: { stepPercent: 40, stepBakeTimeInMinutes: 1 } })
  const seen = await stages(web, 600)
  expect(seen.filter((text) => text.startsWith('PRODUCTION'))).toEqual([
    'PRODUCTION_TRAFFIC_SHIFT 40',
    'PRODUCTION_TRAFFIC_SHIFT 80',
    'PRODUCTION_TRAFFIC_SHIFT 100',
  ])
  expect((await newest(web)).status).toBe('SUCCESSFUL')
})

test('a superseding deployment begins with RECONCILE_SERVICE', async () => {
  const web = await begin({ strategy: 'BLUE_GREEN', bakeTimeInMinutes: 10 })
  web.advance(60)
  await web.update({ taskDefinition: await web.revision('example.com/web:3') })
  expect((await stages(web, 300))[0]).toBe('RECONCILE_SERVICE')
})

describe('a PAUSE hook', () => {
  test('stands still until ContinueServiceDeployment', async () => {
    const web = await begin({
      strategy: 'BLUE_GREEN',
      bakeTimeInMinutes: 0,
      lifecycleHooks: [pause('POST_TEST_TRAFFIC_SHIFT')],
    })
    web.advance(3600 * 5)
    const paused = await newest(web)
    expect(paused).toMatchObject({ status: 'IN_PROGRESS', lifecycleStage: 'POST_TEST_TRAFFIC_SHIFT' })
    expect(paused.lifecycleHookDetails).toMatchObject([
      {
        hookId: expect.stringMatching(/^ecs-pause-[\w-]{43}$/),
        targetType: 'PAUSE',
        status: 'AWAITING_ACTION',
        timeoutAction: 'ROLLBACK',
      },
    ])
    expect(paused.lifecycleHookDetails?.[0]).not.toHaveProperty('targetArn')
    await continueIt(web)
    web.advance(120)
    expect(await newest(web)).toMatchObject({ status: 'SUCCESSFUL', lifecycleHookDetails: [{ status: 'SUCCEEDED' }] })
    await expect(continueIt(web)).rejects.toMatchObject({ name: 'InvalidParameterException' })
  })

  test('before the scale-up no task is started', async () => {
    const web = await begin({ strategy: 'BLUE_GREEN', bakeTimeInMinutes: 0, lifecycleHooks: [pause('PRE_SCALE_UP')] })
    web.advance(600)
    expect(await web.events()).toEqual([])
    await continueIt(web, 'CONTINUE')
    web.advance(10)
    expect(await web.events()).toEqual(['has started 1 tasks: (task T).'])
  })

  test('rolls back when asked to, and after its timeout', async () => {
    const asked = await begin({
      strategy: 'BLUE_GREEN',
      bakeTimeInMinutes: 0,
      lifecycleHooks: [pause('POST_TEST_TRAFFIC_SHIFT')],
    })
    const old = (await asked.service()).deployments?.[1]?.id
    asked.advance(300)
    await continueIt(asked, 'ROLLBACK')
    asked.advance(60)
    expect(await newest(asked)).toMatchObject({
      status: 'ROLLBACK_SUCCESSFUL',
      statusReason: expect.stringMatching(
        /^Service deployment rolled back because POST_TEST_TRAFFIC_SHIFT lifecycle hook\(s\) failed\./,
      ),
    })
    expect((await asked.service()).deployments).toMatchObject([{ id: old, rolloutState: 'COMPLETED' }])

    const timed = await begin({
      strategy: 'BLUE_GREEN',
      bakeTimeInMinutes: 0,
      lifecycleHooks: [{ ...pause('POST_SCALE_UP'), timeoutConfiguration: { timeoutInMinutes: 10 } }],
    })
    timed.advance(500)
    expect((await newest(timed)).status).toBe('IN_PROGRESS')
    timed.advance(300)
    expect((await newest(timed)).status).toBe('ROLLBACK_SUCCESSFUL')
  })

  test('goes on after its timeout where that is configured', async () => {
    const web = await begin({
      strategy: 'BLUE_GREEN',
      bakeTimeInMinutes: 0,
      lifecycleHooks: [
        { ...pause('POST_SCALE_UP'), timeoutConfiguration: { timeoutInMinutes: 10, action: 'CONTINUE' } },
      ],
    })
    web.advance(900)
    expect((await newest(web)).status).toBe('SUCCESSFUL')
  })

  test('at every step of a canary, each time with a new id', async () => {
    const web = await begin({
      strategy: 'CANARY',
      canaryConfiguration: { canaryPercent: 10, canaryBakeTimeInMinutes: 1 },
      lifecycleHooks: [pause('PRE_PRODUCTION_TRAFFIC_SHIFT')],
    })
    const ids = new Set<string | undefined>()
    for (let step = 0; step < 2; step++) {
      web.advance(400)
      const waiting = (await newest(web)).lifecycleHookDetails?.filter(({ status }) => status === 'AWAITING_ACTION')
      expect(waiting).toHaveLength(1)
      ids.add(waiting?.[0]?.hookId)
      await continueIt(web)
    }
    web.advance(200)
    expect(ids.size).toBe(2)
    expect((await newest(web)).status).toBe('SUCCESSFUL')
  })

  test('in a rolling deployment', async () => {
    const web = await begin({ lifecycleHooks: [pause('PRE_SCALE_UP', 'POST_SCALE_UP')] })
    web.advance(300)
    expect(await web.events()).toEqual([])
    await continueIt(web)
    web.advance(300)
    expect((await web.service()).deployments?.[0]).toMatchObject({ rolloutState: 'IN_PROGRESS', runningCount: 2 })
    await continueIt(web)
    web.advance(5)
    expect((await newest(web)).status).toBe('SUCCESSFUL')
  })

  test('is left behind when the deployment is stopped', async () => {
    const web = await begin({ strategy: 'BLUE_GREEN', bakeTimeInMinutes: 0, lifecycleHooks: [pause('POST_SCALE_UP')] })
    web.advance(300)
    const { serviceDeploymentArn } = await newest(web)
    await web.ecs.send(new StopServiceDeploymentCommand({ serviceDeploymentArn, stopType: 'ROLLBACK' }))
    web.advance(100_000)
    expect((await newest(web)).status).toBe('ROLLBACK_SUCCESSFUL')
  })
})

describe('a Lambda hook', () => {
  test('that fails rolls back, with the reason in status and event', async () => {
    const web = await begin(
      { strategy: 'BLUE_GREEN', bakeTimeInMinutes: 0, lifecycleHooks: [lambda('PRE_SCALE_UP')] },
      { ecs: { lambdaHooks: [{ target: '*:check', answers: ['FAILED'] }] } },
    )
    web.advance(60)
    const reason =
      'Service deployment rolled back because PRE_SCALE_UP lifecycle hook(s) failed. Lifecycle hook target arn:aws:lambda:eu-central-1:123456789012:function:check returned FAILED status.'
    expect(await newest(web)).toMatchObject({ status: 'ROLLBACK_SUCCESSFUL', statusReason: reason })
    expect(await web.events()).toContain(`deployment failed: ${reason}`)
  })

  test('that is IN_PROGRESS is asked again every 30 seconds', async () => {
    const web = await begin(
      { strategy: 'BLUE_GREEN', bakeTimeInMinutes: 0, lifecycleHooks: [lambda('POST_SCALE_UP')] },
      { ecs: { lambdaHooks: [{ answers: ['IN_PROGRESS', 'IN_PROGRESS', 'SUCCEEDED'] }] } },
    )
    const at: number[] = []
    for (let second = 0; second < 200; second++) {
      web.advance(1)
      if ((await newest(web)).lifecycleHookDetails?.[0]?.status === 'IN_PROGRESS') at.push(second)
    }
    expect(at.at(-1)! - at[0]!).toBe(60)
    expect((await newest(web)).status).toBe('SUCCESSFUL')
  })
})

test('a green revision that crashes trips the breaker; blue never lost a task', async () => {
  const web = await begin(
    { strategy: 'BLUE_GREEN', bakeTimeInMinutes: 0, deploymentCircuitBreaker: { enable: true, rollback: true } },
    { bad: { exitsAfter: 2, exitCode: 1 } },
  )
  let fewest = 2
  for (let at = 0; at < 250; at++) {
    web.advance(1)
    fewest = Math.min(
      fewest,
      (await web.service()).deployments?.findLast(({ rolloutState }) => rolloutState !== 'FAILED')?.runningCount ?? 0,
    )
  }
  expect(fewest).toBe(2)
  expect(await newest(web)).toMatchObject({
    status: 'ROLLBACK_SUCCESSFUL',
    statusReason: 'Service deployment rolled back because the circuit breaker threshold was exceeded.',
  })
})

describe('early success criteria', () => {
  const early = (sourceServiceRevisionCleanup: 'BLOCKING' | 'DEFERRED'): DeploymentConfiguration => ({
    minimumHealthyPercent: 50,
    maximumPercent: 200,
    earlySuccessCriteria: { enable: true, healthyPercent: 50, sourceServiceRevisionCleanup },
  })
  const slow = (configuration: DeploymentConfiguration) =>
    stage(
      {
        behaviours: [
          { match: { image: '*:2', first: 2 }, behaviour: {} },
          { match: { image: '*:2' }, behaviour: { startsAfter: 500 } },
        ],
        seed: { targetGroups: [{ name: 'web', deregistrationDelay: 100 }] },
      },
      {
        desiredCount: 4,
        deploymentConfiguration: configuration,
        loadBalancers: [{ targetGroupArn: groupArn('web'), containerName: 'app', containerPort: 8080 }],
      },
    )

  test('DEFERRED: SUCCESSFUL while old tasks still run and new ones still start', async () => {
    const web = await slow(early('DEFERRED'))
    await web.update({ taskDefinition: await web.revision('example.com/web:2') })
    for (let at = 0; at < 200 && (await web.deployments())[0]?.targetServiceRevision?.runningTaskCount !== 2; at++)
      web.advance(1)
    web.advance(8)
    expect((await newest(web)).status).toBe('SUCCESSFUL')
    const { deployments } = await web.service()
    expect(deployments).toHaveLength(2)
    expect(deployments).toMatchObject([
      { rolloutState: 'COMPLETED', runningCount: 2, pendingCount: 2 },
      { status: 'ACTIVE' },
    ])
    expect(deployments?.[1]?.runningCount).toBeGreaterThan(0)
    web.advance(600)
    expect((await web.service()).deployments).toMatchObject([{ runningCount: 4, pendingCount: 0 }])
    expect((await web.events()).at(-1)).toBe('has reached a steady state.')
  })

  test('BLOCKING: old tasks are gone first, new ones may still start', async () => {
    const web = await slow(early('BLOCKING'))
    await web.update({ taskDefinition: await web.revision('example.com/web:2') })
    web.advance(100)
    expect((await newest(web)).status).toBe('IN_PROGRESS')
    web.advance(120)
    expect((await newest(web)).status).toBe('SUCCESSFUL')
    expect((await web.service()).deployments).toMatchObject([
      { rolloutState: 'COMPLETED', runningCount: 2, pendingCount: 2 },
    ])
  })
})
