import { createHash } from 'node:crypto'
import {
  CreateServiceCommand,
  DescribeTasksCommand,
  ListServiceDeploymentsCommand,
  ListTasksCommand,
  RunTaskCommand,
} from '@aws-sdk/client-ecs'
import type { EcsOptions, TaskBehaviour } from '../src/index.ts'
import { groupArn, network, type Stage, stage } from './ecs-support.ts'

const deploy = async (web: Stage, image = 'example.com/web:2') =>
  web.update({ taskDefinition: await web.revision(image) })

const stoppedTasks = async (web: Stage) => {
  const { taskArns } = await web.ecs.send(new ListTasksCommand({ cluster: 'prod', desiredStatus: 'STOPPED' }))
  const { tasks = [] } = await web.ecs.send(new DescribeTasksCommand({ cluster: 'prod', tasks: taskArns }))
  return tasks
}

test.each<[NonNullable<EcsOptions['supersededStatus']>]>([['STOPPED'], ['SUCCESSFUL'], ['IN_PROGRESS']])(
  'a superseded service deployment may end as %s',
  async (supersededStatus) => {
    const web = await stage({ ecs: { supersededStatus } })
    await deploy(web)
    web.advance(10)
    await deploy(web, 'example.com/web:3')
    web.advance(200)
    expect((await web.deployments()).map(({ status }) => status)).toEqual([
      'SUCCESSFUL',
      supersededStatus,
      'SUCCESSFUL',
    ])
  },
)

test('the list of service deployments may be oldest first', async () => {
  const web = await stage({ ecs: { serviceDeploymentOrder: 'oldest-first' } })
  await deploy(web)
  web.advance(10)
  const { serviceDeployments } = await web.ecs.send(
    new ListServiceDeploymentsCommand({ cluster: 'prod', service: 'web' }),
  )
  expect(serviceDeployments?.map(({ status }) => status)).toEqual(['SUCCESSFUL', 'IN_PROGRESS'])
})

test('exit codes may trail STOPPED', async () => {
  const web = await stage({
    ecs: { exitCodeDelay: 5 },
    behaviours: [{ match: { kind: 'run-task' }, behaviour: { exitsAfter: 1, exitCode: 4 } }],
  })
  await web.ecs.send(
    new RunTaskCommand({
      cluster: 'prod',
      taskDefinition: 'web',
      launchType: 'FARGATE',
      networkConfiguration: network,
    }),
  )
  web.advance(32)
  expect((await stoppedTasks(web))[0]).toMatchObject({ lastStatus: 'STOPPED' })
  expect((await stoppedTasks(web))[0]?.containers?.[0]).not.toHaveProperty('exitCode')
  web.advance(5)
  expect((await stoppedTasks(web))[0]?.containers?.[0]?.exitCode).toBe(4)
})

test("for an index, imageDigest may be the one of the platform's image", async () => {
  const index = { digest: `sha256:${'1'.repeat(64)}`, platformDigest: `sha256:${'2'.repeat(64)}`, labels: {} }
  const shown = async (imageDigest: 'index' | 'platform') => {
    const web = await stage({ ecs: { imageDigest } }, {}, {}, { resolve: () => index })
    await deploy(web)
    web.advance(100)
    const { taskArns } = await web.ecs.send(new ListTasksCommand({ cluster: 'prod' }))
    const { tasks = [] } = await web.ecs.send(new DescribeTasksCommand({ cluster: 'prod', tasks: taskArns }))
    return new Set(tasks.map(({ containers }) => containers?.[0]?.imageDigest))
  }
  expect(await shown('index')).toEqual(new Set([index.digest]))
  expect(await shown('platform')).toEqual(new Set([index.platformDigest]))
})

test('draining tasks may or may not count as running', async () => {
  const counted = async (drainingCountsAsRunning: boolean) => {
    const web = await stage(
      { ecs: { drainingCountsAsRunning }, seed: { targetGroups: [{ name: 'web' }] } },
      { loadBalancers: [{ targetGroupArn: groupArn('web'), containerName: 'app', containerPort: 8080 }] },
    )
    await deploy(web)
    web.advance(100)
    return (await web.service()).deployments?.[1]?.runningCount
  }
  expect(await counted(true)).toBe(2)
  expect(await counted(false)).toBe(0)
})

test.each<[boolean, string]>([
  [true, 'ROLLBACK_SUCCESSFUL'],
  [false, 'IN_PROGRESS'],
])('exits of tasks that ran count for the breaker: %s', async (breakerCountsExits, status) => {
  const web = await stage(
    {
      ecs: { breakerCountsExits },
      behaviours: [{ match: { image: '*:2' }, behaviour: { exitsAfter: 2, exitCode: 1 } }],
    },
    { deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } } },
  )
  await deploy(web)
  web.advance(600)
  expect((await web.deployments())[0]?.status).toBe(status)
})

test('the image behind a rollback was expired in the meantime: its new tasks cannot be pulled', async () => {
  const missing = new Set<string>()
  const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`
  const images = {
    resolve: (reference: string) => {
      const digest = /@(.*)$/.exec(reference)?.[1] ?? digestOf(reference.endsWith(':1') ? 'a' : 'b')
      return missing.has(digest) ? undefined : { digest, labels: {} }
    },
  }
  const web = await stage(
    { behaviours: [{ match: { image: '*:2' }, behaviour: { exitsAfter: 2, exitCode: 1 } }] },
    {
      desiredCount: 4,
      deploymentConfiguration: {
        minimumHealthyPercent: 50,
        maximumPercent: 100,
        deploymentCircuitBreaker: { enable: true, rollback: true },
      },
    },
    {},
    images,
  )
  await deploy(web)
  missing.add(digestOf('a'))
  web.advance(400)
  const { deployments } = await web.service()
  expect(deployments?.[0]).toMatchObject({ status: 'PRIMARY', runningCount: 2 })
  expect((await stoppedTasks(web)).map(({ stoppedReason }) => stoppedReason)).toContain(
    `CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref example.com/web@${digestOf('a')}: example.com/web@${digestOf('a')}: not found`,
  )
  web.advance(3000)
  expect((await web.deployments())[0]?.status).toBe('ROLLBACK_FAILED')
})

test('a service whose secret is gone: one event with the reason', async () => {
  const web = await stage()
  const secrets = [{ name: 'DATABASE_URL', valueFrom: '/app/DATABASE_URL' }]
  await web.update({ taskDefinition: await web.revision('example.com/web:2', { secrets }) })
  web.advance(400)
  const told = (await web.events()).filter((text) => text.startsWith('was unable to place a task.'))
  expect(told).toEqual([
    'was unable to place a task. Reason: ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid ssm parameters: /app/DATABASE_URL.',
  ])
})

test('duplicate events are held back for six hours, so that silence is no sign of health', async () => {
  const behaviour: TaskBehaviour = {
    placementFailure: {
      reason: 'Capacity is unavailable at this time. Please try again later or in a different availability zone',
    },
  }
  const web = await stage({ behaviours: [{ match: { image: '*:2' }, behaviour }] })
  await deploy(web)
  web.advance(5 * 3600)
  const text =
    'was unable to place a task. Reason: Capacity is unavailable at this time. Please try again later or in a different availability zone. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.'
  expect(await web.events()).toEqual([text])
  web.advance(2 * 3600)
  expect(await web.events()).toEqual([text, text])
})

test('a task taken away by the platform has its stop code and no exit code, and is replaced', async () => {
  const interrupted = { after: 100, stopCode: 'SpotInterruption' as const, reason: 'Your Spot Task was interrupted.' }
  const web = await stage({ behaviours: [{ match: { first: 1 }, behaviour: { interrupted } }] })
  await web.update({ desiredCount: 3 })
  web.advance(300)
  const [task] = await stoppedTasks(web)
  expect(task).toMatchObject({ stopCode: 'SpotInterruption', stoppedReason: 'Your Spot Task was interrupted.' })
  expect(task?.containers?.[0]).not.toHaveProperty('exitCode')
  expect(await web.service()).toMatchObject({ runningCount: 3 })
})

test('a CodeDeploy service migrates to the ECS controller', async () => {
  const web = await stage()
  await web.ecs.send(
    new CreateServiceCommand({
      cluster: 'prod',
      serviceName: 'api',
      taskDefinition: 'web',
      desiredCount: 1,
      launchType: 'FARGATE',
      networkConfiguration: network,
      deploymentController: { type: 'CODE_DEPLOY' },
    }),
  )
  web.advance(100)
  const migrated = await web.update({ service: 'api', deploymentController: { type: 'ECS' }, taskDefinition: 'web' })
  expect(migrated.deployments).toHaveLength(1)
  expect(migrated).not.toHaveProperty('taskSets')
})

test('a registry that invents digests still gives every task of a deployment the same one', async () => {
  const invent = (reference: string) => `sha256:${createHash('sha256').update(reference).digest('hex')}`
  const web = await stage({}, { desiredCount: 3 }, {}, { resolve: (text) => ({ digest: invent(text), labels: {} }) })
  await deploy(web)
  web.advance(100)
  const { taskArns } = await web.ecs.send(new ListTasksCommand({ cluster: 'prod' }))
  const { tasks = [] } = await web.ecs.send(new DescribeTasksCommand({ cluster: 'prod', tasks: taskArns }))
  expect(tasks.map(({ containers }) => containers?.[0]?.imageDigest)).toEqual(
    Array(3).fill(invent('example.com/web:2')),
  )
})

test('readings can be changed while the simulator runs', async () => {
  const web = await stage()
  Object.assign(web.world.scenario, { ecs: { supersededStatus: 'SUCCESSFUL' } })
  await deploy(web)
  web.advance(10)
  await deploy(web, 'example.com/web:3')
  web.advance(10)
  expect((await web.deployments())[1]?.status).toBe('SUCCESSFUL')
})
