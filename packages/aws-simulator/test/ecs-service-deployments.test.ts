import {
  DescribeServiceDeploymentsCommand,
  DescribeServiceRevisionsCommand,
  DescribeTasksCommand,
  ListServiceDeploymentsCommand,
  ListTasksCommand,
  StopServiceDeploymentCommand,
} from '@aws-sdk/client-ecs'
import { groupArn, type Stage, stage } from './ecs-support.ts'

const list = async (web: Stage, more: Record<string, unknown> = {}) =>
  web.ecs.send(new ListServiceDeploymentsCommand({ cluster: 'prod', service: 'web', ...more }))
const deploy = async (web: Stage, image = 'example.com/web:2') =>
  web.update({ taskDefinition: await web.revision(image) })
const stop = (web: Stage, serviceDeploymentArn: string | undefined) =>
  web.ecs.send(new StopServiceDeploymentCommand({ serviceDeploymentArn, stopType: 'ROLLBACK' }))

test('a new entry appears late; before it the previous SUCCESSFUL one is the newest, and currentServiceDeployment is stale', async () => {
  const web = await stage({ ecs: { serviceDeploymentListDelay: 20, staleCurrentServiceDeployment: 25 } })
  const before = await list(web)
  const updated = await deploy(web)
  web.advance(15)
  expect(await list(web)).toEqual(before)
  expect((await web.service()).currentServiceDeployment).toBe(before.serviceDeployments?.[0]?.serviceDeploymentArn)
  web.advance(6)
  const [newest] = (await list(web)).serviceDeployments ?? []
  expect(newest).toMatchObject({ status: 'IN_PROGRESS' })
  expect(newest?.targetServiceRevisionArn?.split('/').at(-1)).toBe(updated.deployments?.[0]?.id?.split('/').at(-1))
  expect((await web.service()).currentServiceDeployment).toBe(before.serviceDeployments?.[0]?.serviceDeploymentArn)
  web.advance(5)
  expect((await web.service()).currentServiceDeployment).toBe(newest?.serviceDeploymentArn)
})

test('it is PENDING for 1.6 seconds', async () => {
  const web = await stage({ ecs: { serviceDeploymentListDelay: 0 } })
  await deploy(web)
  expect((await web.deployments())[0]).toMatchObject({ status: 'PENDING' })
  web.advance(2)
  const [newest] = await web.deployments()
  expect(newest?.status).toBe('IN_PROGRESS')
  expect(newest!.startedAt!.getTime() - newest!.createdAt!.getTime()).toBe(1600)
})

test('filters by status and time, pages, newest first', async () => {
  const web = await stage()
  for (let count = 2; count < 7; count++) {
    await deploy(web, `example.com/web:${count}`)
    web.advance(120)
  }
  const all = (await list(web)).serviceDeployments ?? []
  expect(all).toHaveLength(6)
  const times = all.map(({ createdAt }) => createdAt!.getTime())
  expect([...times].sort((a, b) => b - a)).toEqual(times)
  expect((await list(web, { status: ['IN_PROGRESS'] })).serviceDeployments).toEqual([])
  expect(
    (await list(web, { status: ['SUCCESSFUL'], createdAt: { after: all[2]?.createdAt } })).serviceDeployments,
  ).toHaveLength(2)
  const first = await list(web, { maxResults: 4 })
  const second = await list(web, { maxResults: 4, nextToken: first.nextToken })
  expect([...(first.serviceDeployments ?? []), ...(second.serviceDeployments ?? [])]).toEqual(all)
  await expect(list(web, { nextToken: 'rubbish' })).rejects.toMatchObject({ name: 'InvalidParameterException' })
  await expect(list(web, { service: 'nope' })).rejects.toMatchObject({ name: 'ServiceNotFoundException' })
})

test('unknown ARNs are failures MISSING', async () => {
  const web = await stage()
  const arn = 'arn:aws:ecs:eu-central-1:123456789012:service-deployment/prod/web/ejGvqq2ilnbKT9qj0vLJe'
  expect(await web.ecs.send(new DescribeServiceDeploymentsCommand({ serviceDeploymentArns: [arn] }))).toEqual({
    serviceDeployments: [],
    failures: [{ arn, reason: 'MISSING' }],
  })
  await expect(stop(web, arn)).rejects.toMatchObject({ name: 'ServiceDeploymentNotFoundException' })
})

test('the revision records the digests its first task pulled, and a moved tag does not matter until the next deployment', async () => {
  const digests = new Map([['example.com/web:latest', `sha256:${'a'.repeat(64)}`]])
  const images = {
    resolve: (reference: string) => {
      const digest = /@(.*)$/.exec(reference)?.[1] ?? digests.get(reference)
      return digest ? { digest, labels: {} } : undefined
    },
  }
  const web = await stage({}, { desiredCount: 2 }, {}, images)
  await deploy(web, 'example.com/web:latest')
  const revision = async () => {
    const [newest] = await web.deployments()
    const { serviceRevisions } = await web.ecs.send(
      new DescribeServiceRevisionsCommand({ serviceRevisionArns: [newest?.targetServiceRevision?.arn ?? ''] }),
    )
    return serviceRevisions?.[0]?.containerImages
  }
  web.advance(10)
  expect(await revision()).toEqual([{ containerName: 'app', image: 'example.com/web:latest' }])
  web.advance(100)
  expect(await revision()).toEqual([
    { containerName: 'app', image: 'example.com/web:latest', imageDigest: `sha256:${'a'.repeat(64)}` },
  ])
  digests.set('example.com/web:latest', `sha256:${'b'.repeat(64)}`)
  await web.update({ desiredCount: 3 })
  web.advance(100)
  const running = async () => {
    const { taskArns } = await web.ecs.send(new ListTasksCommand({ cluster: 'prod' }))
    const { tasks = [] } = await web.ecs.send(new DescribeTasksCommand({ cluster: 'prod', tasks: taskArns }))
    return tasks.map(({ containers }) => containers?.[0]?.imageDigest?.slice(7, 8)).join('')
  }
  expect(await running()).toBe('aaa')
  await web.update({ forceNewDeployment: true })
  web.advance(200)
  expect(await running()).toBe('bbb')
})

test('versionConsistency disabled: every task takes what the tag says when it starts', async () => {
  const web = await stage()
  await web.update({ taskDefinition: await web.revision('example.com/web:2', { versionConsistency: 'disabled' }) })
  web.advance(4)
  expect((await web.service()).deployments?.[0]).toMatchObject({ desiredCount: 2, pendingCount: 2 })
  web.advance(100)
  const { serviceRevisions } = await web.ecs.send(
    new DescribeServiceRevisionsCommand({
      serviceRevisionArns: [(await web.deployments())[0]?.targetServiceRevision?.arn ?? ''],
    }),
  )
  expect(serviceRevisions?.[0]?.containerImages?.[0]).not.toHaveProperty('imageDigest')
})

test('SUCCESSFUL comes before COMPLETED, while the old tasks drain, by option', async () => {
  const web = await stage(
    { ecs: { successfulBeforeCompleted: 38 }, seed: { targetGroups: [{ name: 'web', deregistrationDelay: 20 }] } },
    { loadBalancers: [{ targetGroupArn: groupArn('web'), containerName: 'app', containerPort: 8080 }] },
  )
  await deploy(web)
  let successful = 0
  let completed = 0
  let runningThen: number | undefined
  for (let at = 1; at < 200 && !completed; at++) {
    web.advance(1)
    const service = await web.service()
    if (!successful && at > 10 && (await web.deployments())[0]?.status === 'SUCCESSFUL') {
      successful = at
      runningThen = service.deployments?.[1]?.runningCount
    }
    if (service.deployments?.[0]?.rolloutState === 'COMPLETED') completed = at
  }
  expect(completed - successful).toBe(38)
  expect(runningThen).toBeGreaterThan(0)
})

describe('StopServiceDeployment', () => {
  test('requests a rollback, which then happens without a breaker configured', async () => {
    const web = await stage({ behaviours: [{ match: { image: '*:2' }, behaviour: { startsAfter: 1e5 } }] })
    const old = (await web.service()).deployments?.[0]
    await deploy(web)
    web.advance(10)
    const [newest] = await web.deployments()
    await stop(web, newest?.serviceDeploymentArn)
    expect((await web.deployments())[0]?.status).toBe('ROLLBACK_REQUESTED')
    await stop(web, newest?.serviceDeploymentArn)
    web.advance(20)
    expect((await web.deployments())[0]).toMatchObject({ status: 'ROLLBACK_SUCCESSFUL', rollback: {} })
    expect((await web.service()).deployments).toMatchObject([{ id: old?.id, rolloutState: 'COMPLETED' }])
    await expect(stop(web, newest?.serviceDeploymentArn)).rejects.toMatchObject({ name: 'ConflictException' })
  })

  test('of one that is still PENDING', async () => {
    const web = await stage({ ecs: { serviceDeploymentListDelay: 0, stopFinishedError: 'ClientException' } })
    await deploy(web)
    const arn = (await web.deployments())[0]?.serviceDeploymentArn
    await stop(web, arn)
    web.advance(60)
    expect((await web.deployments())[0]?.status).toBe('ROLLBACK_SUCCESSFUL')
    await expect(stop(web, arn)).rejects.toMatchObject({ name: 'ClientException' })
  })

  test('takes no ABORT', async () => {
    const web = await stage()
    await deploy(web)
    web.advance(10)
    const serviceDeploymentArn = (await web.deployments())[0]?.serviceDeploymentArn
    await expect(
      web.ecs.send(new StopServiceDeploymentCommand({ serviceDeploymentArn, stopType: 'ABORT' })),
    ).rejects.toMatchObject({ name: 'InvalidParameterException' })
  })
})

describe('alarms', () => {
  const alarms = (rollback: boolean) => ({
    deploymentConfiguration: { alarms: { alarmNames: ['5xx'], enable: true, rollback } },
  })
  const seed = { alarms: [{ name: '5xx', state: 'OK' as const }] }

  test('the bake time keeps the deployment IN_PROGRESS with everything running and both deployments listed', async () => {
    const web = await stage({ seed, ecs: { alarmBakeSeconds: 300 } }, alarms(true))
    await deploy(web)
    web.advance(200)
    expect((await web.service()).deployments).toMatchObject([
      { status: 'PRIMARY', rolloutState: 'IN_PROGRESS', runningCount: 2, desiredCount: 2 },
      { status: 'ACTIVE', rolloutState: 'COMPLETED', runningCount: 0 },
    ])
    expect((await web.deployments())[0]?.alarms).toEqual({
      status: 'MONITORING',
      alarmNames: ['5xx'],
      triggeredAlarmNames: [],
    })
    web.advance(250)
    expect((await web.service()).deployments).toHaveLength(1)
    expect((await web.deployments())[0]?.alarms?.status).toBe('MONITORING_COMPLETE')
  })

  test('one that goes off while baking rolls back, with its own tasks started again', async () => {
    const web = await stage({ seed }, alarms(true))
    const old = (await web.service()).deployments?.[0]
    const failed = (await deploy(web)).deployments?.[0]
    web.advance(150)
    web.alarms.set('5xx', 'ALARM', 'too many')
    web.advance(15)
    expect((await web.deployments())[0]).toMatchObject({
      status: 'ROLLBACK_IN_PROGRESS',
      alarms: { status: 'TRIGGERED', triggeredAlarmNames: ['5xx'] },
    })
    web.advance(200)
    expect((await web.deployments())[0]?.status).toBe('ROLLBACK_SUCCESSFUL')
    expect((await web.service()).deployments).toMatchObject([
      { id: old?.id, runningCount: 2, rolloutState: 'COMPLETED' },
    ])
    expect(await web.events()).toEqual(
      expect.arrayContaining([
        `(deployment ${failed?.id}) deployment failed: alarm detected.`,
        `rolling back to deployment ${old?.id}.`,
      ]),
    )
  })

  test('without rollback it fails and stays', async () => {
    const web = await stage({ seed }, alarms(false))
    await deploy(web)
    web.advance(20)
    web.alarms.set('5xx', 'ALARM', 'too many')
    web.advance(600)
    expect((await web.service()).deployments).toMatchObject([
      { rolloutState: 'FAILED' },
      { status: 'ACTIVE', runningCount: 2 },
    ])
    expect((await web.deployments())[0]?.status).toBe('STOPPED')
  })

  test('one in ALARM from the start is not watched', async () => {
    const web = await stage(
      { seed: { alarms: [{ name: '5xx', state: 'ALARM' }] }, ecs: { alarmBakeSeconds: 10 } },
      alarms(true),
    )
    await deploy(web)
    web.advance(200)
    expect((await web.deployments())[0]).toMatchObject({ status: 'SUCCESSFUL', alarms: { status: 'DISABLED' } })
  })
})

test('a bake time of a rolling deployment', async () => {
  const web = await stage({}, { deploymentConfiguration: { bakeTimeInMinutes: 5 } })
  await deploy(web)
  web.advance(300)
  expect((await web.service()).deployments?.[0]).toMatchObject({ rolloutState: 'IN_PROGRESS', runningCount: 2 })
  web.advance(120)
  expect((await web.service()).deployments).toHaveLength(1)
})
