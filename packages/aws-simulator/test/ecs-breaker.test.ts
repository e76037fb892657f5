import {
  CreateServiceCommand,
  DescribeServiceRevisionsCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  ListServiceDeploymentsCommand,
  ListTasksCommand,
} from '@aws-sdk/client-ecs'
import { breakerThreshold } from '../src/ecs/deployments/breaker.ts'
import type { TaskBehaviour } from '../src/index.ts'
import { groupArn, network, type Stage, stage, watch } from './ecs-support.ts'

const bad = (behaviour: TaskBehaviour) => [{ match: { image: '*:bad' }, behaviour }]
const crash = bad({ exitsAfter: 3, exitCode: 1, exitReason: 'Error: no database' })
const withRollback = { deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } } }
const withoutRollback = { deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: false } } }

const deployBad = async (web: Stage) => web.update({ taskDefinition: await web.revision('example.com/web:bad') })

describe('the threshold', () => {
  test.each([
    [1, undefined, 3],
    [25, undefined, 13],
    [400, undefined, 200],
    [800, undefined, 200],
    [800, { type: 'UNBOUNDED_PERCENT' as const, value: 50 }, 400],
    [10, { type: 'BOUNDED_PERCENT' as const, value: 10 }, 3],
    [10, { type: 'COUNT' as const, value: 2 }, 2],
  ])('of %i desired tasks with %j is %i', (desired, thresholdConfiguration, threshold) => {
    expect(breakerThreshold({ enable: true, rollback: true, thresholdConfiguration }, desired)).toBe(threshold)
  })
})

test('a crash loop with rollback: the OLD id is PRIMARY again with its createdAt, the failed id vanishes', async () => {
  const web = await stage({ behaviours: crash }, withRollback)
  const before = await web.service()
  const old = before.deployments?.[0]
  const failed = (await deployBad(web)).deployments?.[0]
  const lines = await watch(web, 150, 2)
  expect(lines.slice(-2)).toEqual([
    '128s B PRIMARY IN_PROGRESS 0+1/2 | A ACTIVE COMPLETED 2+0/2 | IN_PROGRESS',
    '132s A PRIMARY COMPLETED 2+0/2 | ROLLBACK_SUCCESSFUL',
  ])
  const after = await web.service()
  expect(after.taskDefinition).toBe(before.taskDefinition)
  expect(after.deployments?.[0]).toMatchObject({ id: old?.id, createdAt: old?.createdAt, rolloutState: 'COMPLETED' })
  expect((await web.events()).slice(-6)).toEqual([
    'has started 1 tasks: (task T).',
    `(deployment ${failed?.id}) deployment failed: tasks failed to start.`,
    `rolling back to deployment ${old?.id}.`,
    'stopped 1 pending tasks.',
    `(deployment ${old?.id}) deployment completed.`,
    'has reached a steady state.',
  ])
  const [newest] = await web.deployments()
  expect(newest).toMatchObject({
    status: 'ROLLBACK_SUCCESSFUL',
    statusReason: 'Service deployment rolled back because the circuit breaker threshold was exceeded.',
    deploymentCircuitBreaker: { status: 'TRIGGERED', failureCount: 3, threshold: 3 },
  })
  expect(newest?.targetServiceRevision?.arn?.endsWith(failed?.id?.replace('ecs-svc/', '/') ?? '?')).toBe(true)
  expect(newest?.rollback?.serviceRevisionArn?.endsWith(old?.id?.replace('ecs-svc/', '/') ?? '?')).toBe(true)
})

test('while it rolls back: OLD PRIMARY IN_PROGRESS, the failed one ACTIVE and FAILED, each with its reason', async () => {
  const web = await stage({ behaviours: crash, ecs: { breakerLag: 60 } }, withRollback)
  const old = (await web.service()).deployments?.[0]
  await deployBad(web)
  let deployments = (await web.service()).deployments
  for (let at = 0; at < 200 && deployments?.[0]?.id !== old?.id; at += 0.5) {
    web.advance(0.5)
    deployments = (await web.service()).deployments
  }
  expect(deployments).toMatchObject([
    {
      status: 'PRIMARY',
      rolloutState: 'IN_PROGRESS',
      rolloutStateReason: `ECS deployment circuit breaker: rolling back to deploymentId ${old?.id}.`,
    },
    {
      status: 'ACTIVE',
      rolloutState: 'FAILED',
      rolloutStateReason: 'ECS deployment circuit breaker: tasks failed to start.',
    },
  ])
  expect((await web.deployments())[0]?.status).toBe('ROLLBACK_IN_PROGRESS')
})

test('FAILED lags the last counted failure, and one more task is started before it', async () => {
  const web = await stage({ behaviours: crash, ecs: { breakerLag: 300 } }, { ...withRollback, desiredCount: 1 })
  await deployBad(web)
  let third = 0
  let failed = 0
  for (let at = 1; at < 600 && !failed; at++) {
    web.advance(1)
    const { deployments = [] } = await web.service()
    if (!third && deployments[0]?.failedTasks === 3) third = at
    if (deployments.some(({ rolloutState }) => rolloutState === 'FAILED')) failed = at
  }
  expect(failed - third).toBe(300)
  expect((await web.events()).filter((text) => text.startsWith('has started'))).toHaveLength(4)
})

test('a missing image: growing gaps, TaskFailedToStart, no exit code, digests never established', async () => {
  const reason = 'CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref x'
  const web = await stage({ behaviours: bad({ failsToStart: reason }) }, withRollback)
  const updated = await deployBad(web)
  web.advance(150)
  const { taskArns } = await web.ecs.send(
    new ListTasksCommand({ cluster: 'prod', serviceName: 'web', desiredStatus: 'STOPPED' }),
  )
  const { tasks = [] } = await web.ecs.send(new DescribeTasksCommand({ cluster: 'prod', tasks: taskArns }))
  expect(tasks.length).toBeGreaterThan(1)
  for (const task of tasks) {
    expect(task).toMatchObject({ stopCode: 'TaskFailedToStart', stoppedReason: reason })
    expect(task.containers?.[0]).not.toHaveProperty('exitCode')
    expect(task.containers?.[0]).not.toHaveProperty('imageDigest')
    expect(task.containers?.[0]?.reason).toBe(reason)
    expect(task).not.toHaveProperty('startedAt')
  }
  const number = updated.deployments?.[0]?.id?.replace('ecs-svc/', '')
  const [newest] = await web.deployments()
  const { serviceRevisions } = await web.ecs.send(
    new DescribeServiceRevisionsCommand({ serviceRevisionArns: [newest?.targetServiceRevision?.arn ?? ''] }),
  )
  expect(serviceRevisions?.[0]?.serviceRevisionArn?.endsWith(`/${number}`)).toBe(true)
  expect(serviceRevisions?.[0]?.containerImages?.[0]).not.toHaveProperty('imageDigest')
  web.advance(200)
  expect((await web.deployments())[0]?.status).toBe('ROLLBACK_SUCCESSFUL')
})

test('without rollback: FAILED for ever, old tasks stay, the service deployment is STOPPED', async () => {
  const web = await stage({ behaviours: crash }, withoutRollback)
  const updated = await deployBad(web)
  web.advance(4000)
  expect((await web.service()).deployments).toMatchObject([
    { id: updated.deployments?.[0]?.id, status: 'PRIMARY', rolloutState: 'FAILED', runningCount: 0 },
    { status: 'ACTIVE', rolloutState: 'COMPLETED', runningCount: 2 },
  ])
  const [newest] = await web.deployments()
  expect(newest).toMatchObject({ status: 'STOPPED', deploymentCircuitBreaker: { status: 'TRIGGERED' } })
  expect(newest?.stoppedAt?.getTime()).toBeGreaterThan(newest?.startedAt?.getTime() ?? Number.POSITIVE_INFINITY)
  const { serviceDeployments } = await web.ecs.send(
    new ListServiceDeploymentsCommand({ cluster: 'prod', service: 'web' }),
  )
  expect(serviceDeployments?.[0]).not.toHaveProperty('finishedAt')
})

test('without a breaker: IN_PROGRESS for ever, with growing gaps and silence between them', async () => {
  const web = await stage(
    { behaviours: bad({ failsToStart: 'CannotPullContainerError: not found' }) },
    { desiredCount: 1 },
  )
  await deployBad(web)
  web.advance(3600)
  const { events = [], deployments } = await web.service()
  expect(deployments?.[0]).toMatchObject({ rolloutState: 'IN_PROGRESS', runningCount: 0 })
  const starts = events
    .filter(({ message }) => message?.includes('has started'))
    .map(({ createdAt }) => createdAt!.getTime())
  const gaps = starts.slice(0, -1).map((at, index) => (at - starts[index + 1]!) / 1000)
  expect(gaps.reverse()).toEqual([42, 87, 267, 927, 927, 927].slice(0, gaps.length))
  expect(gaps.length).toBeGreaterThan(4)
  expect(await web.events()).toContain('is unable to consistently start tasks successfully.')
  expect((await web.deployments())[0]?.status).toBe('IN_PROGRESS')
})

test('tasks that run and crash are not throttled', async () => {
  const web = await stage({ behaviours: crash }, { desiredCount: 1 })
  await deployBad(web)
  web.advance(600)
  expect((await web.events()).filter((text) => text.startsWith('has started')).length).toBeGreaterThan(14)
})

test('a healthy task forgives the failures before it unless resetOnHealthyTask is off', async () => {
  const run = async (resetOnHealthyTask: boolean) => {
    const web = await stage(
      {
        behaviours: [
          { match: { image: '*:bad', first: 2 }, behaviour: { exitsAfter: 3, exitCode: 1 } },
          { match: { image: '*:bad', first: 1 }, behaviour: {} },
          { match: { image: '*:bad' }, behaviour: { exitsAfter: 41, exitCode: 1, startsAfter: 60 } },
        ],
      },
      {
        desiredCount: 2,
        deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true, resetOnHealthyTask } },
      },
    )
    await deployBad(web)
    web.advance(110)
    return (await web.service()).deployments?.[0]?.failedTasks
  }
  expect(await run(true)).toBe(0)
  expect(await run(false)).toBe(2)
})

test('targets that stay unhealthy count as failures, each named with port and reason', async () => {
  const reason = 'Health checks failed with these codes: [503]'
  const web = await stage(
    {
      behaviours: bad({ unhealthy: { kind: 'target', after: 30, reason } }),
      seed: { targetGroups: [{ name: 'web', deregistrationDelay: 30 }] },
    },
    {
      ...withRollback,
      loadBalancers: [{ targetGroupArn: groupArn('web'), containerName: 'app', containerPort: 8080 }],
    },
  )
  await deployBad(web)
  web.advance(400)
  const events = await web.events()
  expect(events).toContain(
    `(task T) (port 8080) is unhealthy in (target-group ${groupArn('web')}) due to (reason ${reason}).`,
  )
  expect((await web.deployments())[0]?.status).toBe('ROLLBACK_SUCCESSFUL')
  const { taskArns } = await web.ecs.send(new ListTasksCommand({ cluster: 'prod', desiredStatus: 'STOPPED' }))
  const { tasks = [] } = await web.ecs.send(new DescribeTasksCommand({ cluster: 'prod', tasks: taskArns }))
  expect(tasks.map(({ stoppedReason }) => stoppedReason)).toContain(
    `Task failed ELB health checks in (target-group ${groupArn('web')})`,
  )
})

test('health check results within the grace period are ignored', async () => {
  const web = await stage(
    { behaviours: bad({ unhealthy: { kind: 'container', after: 20 }, healthyAfter: 40 }) },
    { healthCheckGracePeriodSeconds: 100, ...withRollback },
    { healthCheck: { command: ['CMD', 'true'] } },
  )
  await web.update({
    taskDefinition: await web.revision('example.com/web:bad', { healthCheck: { command: ['CMD', 'true'] } }),
  })
  web.advance(90)
  expect(await web.events()).not.toContain('(task T) failed container health checks.')
  web.advance(60)
  expect(await web.events()).toContain('(task T) failed container health checks.')
})

test('a rollback passes over a superseded deployment that never completed', async () => {
  const slow = { match: { image: '*:slow' }, behaviour: { drainsFor: 600 } }
  const web = await stage(
    { behaviours: [...crash, slow], seed: { targetGroups: [{ name: 'web', deregistrationDelay: 600 }] } },
    {
      ...withRollback,
      loadBalancers: [{ targetGroupArn: groupArn('web'), containerName: 'app', containerPort: 8080 }],
    },
  )
  const old = (await web.service()).deployments?.[0]
  const slowId = (await web.update({ taskDefinition: await web.revision('example.com/web:slow') })).deployments?.[0]?.id
  web.advance(60)
  await deployBad(web)
  web.advance(160)
  const { deployments = [] } = await web.service()
  expect(deployments[0]).toMatchObject({ id: old?.id, status: 'PRIMARY' })
  expect(deployments.find(({ id }) => id === slowId)).toMatchObject({ status: 'ACTIVE', rolloutState: 'IN_PROGRESS' })
})

test('the first deployment of a service has nothing to roll back to', async () => {
  const web = await stage({ behaviours: crash })
  const taskDefinition = await web.revision('example.com/web:bad')
  await web.ecs.send(
    new CreateServiceCommand({
      cluster: 'prod',
      serviceName: 'fresh',
      taskDefinition,
      desiredCount: 1,
      launchType: 'FARGATE',
      networkConfiguration: network,
      ...withRollback,
    }),
  )
  web.advance(400)
  expect((await web.service('fresh')).deployments).toMatchObject([{ status: 'PRIMARY', rolloutState: 'FAILED' }])
  const { serviceDeployments } = await web.ecs.send(
    new ListServiceDeploymentsCommand({ cluster: 'prod', service: 'fresh' }),
  )
  expect(serviceDeployments?.[0]).toMatchObject({
    status: 'ROLLBACK_FAILED',
    statusReason: 'No rollback candidate was found to run the rollback.',
  })
})

test('a deployment pushed into a rollback finds no completed one to go back to and stalls', async () => {
  const web = await stage(
    { behaviours: crash, seed: { targetGroups: [{ name: 'web', deregistrationDelay: 600 }] } },
    {
      ...withRollback,
      deploymentConfiguration: {
        ...withRollback.deploymentConfiguration,
        minimumHealthyPercent: 50,
        maximumPercent: 100,
      },
    },
  )
  await deployBad(web)
  for (let at = 0; at < 400 && (await web.deployments())[0]?.status !== 'ROLLBACK_IN_PROGRESS'; at++) web.advance(1)
  await web.update({ forceNewDeployment: true, taskDefinition: 'web:2' })
  web.advance(600)
  expect((await web.service()).deployments?.[0]).toMatchObject({ status: 'PRIMARY', rolloutState: 'FAILED' })
  expect((await web.deployments())[0]).toMatchObject({
    status: 'ROLLBACK_FAILED',
    statusReason: 'No rollback candidate was found to run the rollback.',
  })
})

test('ECS rolls back onto an INACTIVE task definition, or does not, by option', async () => {
  const run = async (rollbackNeedsActiveTaskDefinition: boolean) => {
    const web = await stage({ behaviours: crash, ecs: { rollbackNeedsActiveTaskDefinition } }, withRollback)
    await deployBad(web)
    const { DeregisterTaskDefinitionCommand } = await import('@aws-sdk/client-ecs')
    await web.ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'web:1' }))
    web.advance(400)
    return (await web.deployments())[0]?.status
  }
  expect(await run(false)).toBe('ROLLBACK_SUCCESSFUL')
  expect(await run(true)).toBe('ROLLBACK_FAILED')
})

test('the failed deployment shows DRAINING during a rollback, by option', async () => {
  const web = await stage({ behaviours: crash, ecs: { drainingStatus: true } }, withRollback)
  await deployBad(web)
  const seen = new Set<string | undefined>()
  for (let at = 0; at < 150; at += 0.5) {
    web.advance(0.5)
    const { services } = await web.ecs.send(new DescribeServicesCommand({ cluster: 'prod', services: ['web'] }))
    for (const deployment of services?.[0]?.deployments ?? []) seen.add(deployment.status)
  }
  expect(seen).toEqual(new Set(['PRIMARY', 'ACTIVE', 'DRAINING']))
})
