import {
  DeregisterTaskDefinitionCommand,
  DescribeTasksCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  type RunTaskCommandInput,
  StopTaskCommand,
  type Task,
} from '@aws-sdk/client-ecs'
import { container, definition, network, type Stage, stage } from './ecs-support.ts'

const logging = {
  logConfiguration: {
    logDriver: 'awslogs',
    options: { 'awslogs-group': '/app', 'awslogs-region': 'eu-central-1', 'awslogs-stream-prefix': 'web' },
  },
}

const run = async (web: Stage, more: Partial<RunTaskCommandInput> = {}) => {
  const input = {
    cluster: 'prod',
    taskDefinition: 'web',
    launchType: 'FARGATE' as const,
    networkConfiguration: network,
    ...more,
  }
  return web.ecs.send(new RunTaskCommand(input))
}

const describe1 = async (web: Stage, arn: string | undefined): Promise<Task> => {
  const { tasks } = await web.ecs.send(new DescribeTasksCommand({ cluster: 'prod', tasks: [arn ?? ''] }))
  if (!tasks?.[0]) throw new Error('the task is not there')
  return tasks[0]
}

test('a one-off task goes through every state and ends with its exit code', async () => {
  const web = await stage({
    behaviours: [{ match: { kind: 'run-task' }, behaviour: { exitsAfter: 10, exitCode: 3, exitReason: 'gave up' } }],
  })
  const { tasks = [], failures } = await run(web)
  expect(failures).toEqual([])
  const arn = tasks[0]?.taskArn
  expect(arn).toMatch(/:task\/prod\/[0-9a-f]{32}$/)
  expect(tasks[0]).toMatchObject({
    lastStatus: 'PROVISIONING',
    desiredStatus: 'RUNNING',
    group: 'family:web',
    launchType: 'FARGATE',
  })
  expect(tasks[0]?.attachments?.[0]).toMatchObject({ type: 'ElasticNetworkInterface', status: 'ATTACHED' })
  const seen: string[] = []
  for (let at = 0; at < 50; at++) {
    web.advance(1)
    const { lastStatus = '' } = await describe1(web, arn)
    if (seen.at(-1) !== lastStatus) seen.push(lastStatus)
  }
  expect(seen).toEqual(['PROVISIONING', 'PENDING', 'RUNNING', 'DEPROVISIONING', 'STOPPED'])
  const task = await describe1(web, arn)
  expect(task).toMatchObject({
    desiredStatus: 'STOPPED',
    stopCode: 'EssentialContainerExited',
    stoppedReason: 'Essential container in task exited',
  })
  expect(task.containers?.[0]).toMatchObject({ lastStatus: 'STOPPED', exitCode: 3, reason: 'gave up' })
  expect(task.containers?.[0]?.imageDigest).toMatch(/^sha256:[0-9a-f]{64}$/)
  const times = [
    task.createdAt,
    task.pullStartedAt,
    task.pullStoppedAt,
    task.startedAt,
    task.stoppingAt,
    task.stoppedAt,
  ]
  expect(times.map((time) => (time!.getTime() - task.createdAt!.getTime()) / 1000)).toEqual([0, 17, 18.8, 20, 30, 40])
})

test('a sidecar killed at the end shows 137 although the essential container exited 0', async () => {
  const web = await stage({ behaviours: [{ match: { kind: 'run-task' }, behaviour: { exitsAfter: 5 } }] })
  const sidecar = { ...container('example.com/proxy:1'), name: 'proxy', essential: false, portMappings: [] }
  const { containerDefinitions, ...rest } = definition('pair', 'example.com/web:1')
  await web.ecs.send(
    new RegisterTaskDefinitionCommand({ ...rest, containerDefinitions: [...containerDefinitions, sidecar] }),
  )
  const { tasks = [] } = await run(web, { taskDefinition: 'pair' })
  web.advance(60)
  const { containers = [] } = await describe1(web, tasks[0]?.taskArn)
  expect(containers.map(({ name, exitCode }) => [name, exitCode])).toEqual([
    ['app', 0],
    ['proxy', 137],
  ])
})

test('a task is MISSING at first, by behaviour', async () => {
  const web = await stage({ behaviours: [{ match: { kind: 'run-task' }, behaviour: { missingFor: 4 } }] })
  const { tasks = [] } = await run(web)
  const look = () => web.ecs.send(new DescribeTasksCommand({ cluster: 'prod', tasks: [tasks[0]?.taskArn ?? ''] }))
  expect(await look()).toEqual({ tasks: [], failures: [{ arn: tasks[0]?.taskArn, reason: 'MISSING' }] })
  web.advance(5)
  expect((await look()).tasks).toHaveLength(1)
})

test('no capacity is no error: 200 with failures, also for a part of the tasks', async () => {
  const reason = 'Capacity is unavailable at this time. Please try again later or in a different availability zone'
  const web = await stage({
    behaviours: [{ match: { kind: 'run-task', first: 2 }, behaviour: { placementFailure: { reason } } }],
  })
  const { tasks, failures } = await run(web, { count: 3 })
  expect(tasks).toHaveLength(1)
  expect(failures?.map((failure) => failure.reason)).toEqual([reason, reason])
})

test('log lines go to PREFIX/CONTAINER/TASKID when they are written, until the container ends', async () => {
  const log = [{ line: 'starting' }, { after: 5, line: 'migrating' }, { after: 50, line: 'never' }]
  const web = await stage(
    {
      behaviours: [{ match: { kind: 'run-task' }, behaviour: { exitsAfter: 10, log } }],
      seed: { logGroups: ['/app'] },
    },
    {},
    logging,
  )
  const { tasks = [] } = await run(web)
  const id = tasks[0]?.taskArn?.split('/').at(-1)
  web.advance(10)
  expect(web.logs.groups.get('/app')?.streams.size).toBe(0)
  web.advance(100)
  const stream = web.logs.groups.get('/app')?.streams.get(`web/app/${id}`)
  expect(stream?.events.map(({ message }) => message)).toEqual(['starting', 'migrating'])
})

describe('a task that cannot start says why and has no exit code', () => {
  const failedStart = async (web: Stage) => {
    const { tasks = [] } = await run(web, { taskDefinition: 'web' })
    web.advance(60)
    const task = await describe1(web, tasks[0]?.taskArn)
    expect(task).toMatchObject({ lastStatus: 'STOPPED', stopCode: 'TaskFailedToStart' })
    expect(task).not.toHaveProperty('startedAt')
    expect(task.containers?.[0]).not.toHaveProperty('exitCode')
    return task
  }

  test('missing log group', async () => {
    const task = await failedStart(await stage({}, { desiredCount: 0 }, logging))
    expect(task.stoppedReason).toMatch(
      /^ResourceInitializationError: failed to validate logger args: .*The specified log group does not exist/,
    )
  })

  test('awslogs-create-group makes the group', async () => {
    const options = { ...logging.logConfiguration.options, 'awslogs-create-group': 'true' }
    const web = await stage({}, { desiredCount: 0 }, { logConfiguration: { logDriver: 'awslogs', options } })
    await run(web)
    web.advance(30)
    expect(web.logs.groups.has('/app')).toBe(true)
  })

  test('missing parameter behind a secret', async () => {
    const secrets = [{ name: 'DATABASE_URL', valueFrom: '/app/DATABASE_URL' }]
    const task = await failedStart(await stage({}, { desiredCount: 0 }, { secrets }))
    expect(task.stoppedReason).toMatch(
      /^ResourceInitializationError: unable to pull secrets or registry auth: .*\/app\/DATABASE_URL$/,
    )
  })

  test('missing image', async () => {
    const web = await stage({}, { desiredCount: 0 }, {}, { resolve: () => undefined })
    const task = await failedStart(web)
    expect(task.stoppedReason).toBe(
      'CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref example.com/web:1: example.com/web:1: not found',
    )
    expect(task.containers?.[0]?.reason).toBe(task.stoppedReason)
    expect(task.containers?.[0]).not.toHaveProperty('imageDigest')
  })
})

test('what a container gets decides its behaviour: overrides, secrets by value, command', async () => {
  const asked: string[] = []
  const behaviours = [
    { match: { env: 'MODE=migrate', command: 'node migrate.js' }, behaviour: { exitsAfter: 1, exitCode: 7 } },
    { match: { kind: 'run-task' as const }, behaviour: { exitsAfter: 1, exitCode: 9 } },
  ]
  const web = await stage({ behaviours })
  const overrides = {
    containerOverrides: [
      { name: 'app', command: ['node', 'migrate.js'], environment: [{ name: 'MODE', value: 'migrate' }] },
    ],
  }
  for (const input of [{ overrides }, {}]) {
    const { tasks = [] } = await run(web, input)
    web.advance(60)
    asked.push(String((await describe1(web, tasks[0]?.taskArn)).containers?.[0]?.exitCode))
  }
  expect(asked).toEqual(['7', '9'])
})

describe('StopTask', () => {
  test('SIGTERM ends the container with 143, SIGKILL after stopTimeout with 137', async () => {
    const stop = async (stopsAfter: number) => {
      const web = await stage(
        { behaviours: [{ match: { kind: 'run-task' }, behaviour: { stopsAfter } }] },
        {},
        { stopTimeout: 20 },
      )
      const { tasks = [] } = await run(web)
      web.advance(30)
      await web.ecs.send(new StopTaskCommand({ cluster: 'prod', task: tasks[0]?.taskArn, reason: 'enough' }))
      web.advance(60)
      return describe1(web, tasks[0]?.taskArn)
    }
    const graceful = await stop(5)
    expect(graceful).toMatchObject({ stopCode: 'UserInitiated', stoppedReason: 'enough', lastStatus: 'STOPPED' })
    expect(graceful.containers?.[0]?.exitCode).toBe(143)
    expect((await stop(25)).containers?.[0]?.exitCode).toBe(137)
  })

  test('before the start: no exit code', async () => {
    const web = await stage()
    const { tasks = [] } = await run(web)
    web.advance(3)
    await web.ecs.send(new StopTaskCommand({ cluster: 'prod', task: tasks[0]?.taskArn }))
    web.advance(60)
    const task = await describe1(web, tasks[0]?.taskArn)
    expect(task).toMatchObject({ stopCode: 'UserInitiated', stoppedReason: 'Task stopped by user' })
    expect(task.containers?.[0]).not.toHaveProperty('exitCode')
  })

  test('of a service: it is replaced', async () => {
    const web = await stage()
    const { taskArns } = await web.ecs.send(new ListTasksCommand({ cluster: 'prod', serviceName: 'web' }))
    await web.ecs.send(new StopTaskCommand({ cluster: 'prod', task: taskArns?.[0] }))
    web.advance(100)
    expect(await web.service()).toMatchObject({ runningCount: 2 })
    expect((await web.events()).at(-1)).toBe('has reached a steady state.')
  })
})

test('stopped tasks are described for an hour', async () => {
  const web = await stage({ behaviours: [{ match: { kind: 'run-task' }, behaviour: { exitsAfter: 1 } }] })
  const { tasks = [] } = await run(web)
  web.advance(3600)
  await describe1(web, tasks[0]?.taskArn)
  web.advance(100)
  const { failures } = await web.ecs.send(
    new DescribeTasksCommand({ cluster: 'prod', tasks: [tasks[0]?.taskArn ?? ''] }),
  )
  expect(failures?.[0]?.reason).toBe('MISSING')
})

describe('ListTasks', () => {
  test('shows RUNNING by default, STOPPED when asked, nothing for PENDING', async () => {
    const web = await stage({ behaviours: [{ match: { kind: 'run-task' }, behaviour: { exitsAfter: 1 } }] })
    await run(web, { startedBy: 'ci/42' })
    web.advance(60)
    const list = async (input: object) =>
      (await web.ecs.send(new ListTasksCommand({ cluster: 'prod', ...input }))).taskArns?.length
    expect(await list({})).toBe(2)
    expect(await list({ desiredStatus: 'STOPPED' })).toBe(1)
    expect(await list({ desiredStatus: 'PENDING' })).toBe(0)
    expect(await list({ family: 'other' })).toBe(0)
    expect(await list({ launchType: 'EC2' })).toBe(0)
  })

  test("by startedBy finds a deployment's tasks and takes no other filter", async () => {
    const web = await stage()
    const id = (await web.service()).deployments?.[0]?.id
    const { taskArns } = await web.ecs.send(new ListTasksCommand({ cluster: 'prod', startedBy: id }))
    expect(taskArns).toHaveLength(2)
    await expect(
      web.ecs.send(new ListTasksCommand({ cluster: 'prod', startedBy: id, serviceName: 'web' })),
    ).rejects.toMatchObject({ name: 'InvalidParameterException' })
  })
})

describe('RunTask refuses', () => {
  test.each<[string, Partial<RunTaskCommandInput>, string, string]>([
    ['an unknown cluster', { cluster: 'nope' }, 'ClusterNotFoundException', 'Cluster not found.'],
    ['an unknown family', { taskDefinition: 'nope' }, 'ClientException', 'TaskDefinition not found.'],
    [
      'awsvpc without a network',
      { networkConfiguration: undefined },
      'InvalidParameterException',
      "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
    ],
    [
      'an override of a container that is not there',
      { overrides: { containerOverrides: [{ name: 'nope' }] } },
      'InvalidParameterException',
      'Override for container named nope is not a container in the TaskDefinition.',
    ],
    [
      'launch type and strategy together',
      { capacityProviderStrategy: [{ capacityProvider: 'FARGATE' }] },
      'InvalidParameterException',
      'Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.',
    ],
    [
      'tags from a service',
      { propagateTags: 'SERVICE' },
      'InvalidParameterException',
      'propagateTags SERVICE is not valid for RunTask.',
    ],
    ['more than ten', { count: 11 }, 'InvalidParameterException', 'count must be between 1 and 10.'],
    [
      'overlong overrides',
      { overrides: { containerOverrides: [{ name: 'app', command: ['x'.repeat(9000)] }] } },
      'InvalidParameterException',
      'Container overrides length must be at most 8192.',
    ],
  ])('%s', async (_what, input, name, message) => {
    await expect(run(await stage(), input)).rejects.toMatchObject({ name, message })
  })

  test('an INACTIVE task definition', async () => {
    const web = await stage()
    await web.ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'web:1' }))
    await expect(run(web, { taskDefinition: 'web:1' })).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: 'TaskDefinition is inactive',
    })
  })
})

test('a client token makes RunTask idempotent; with another request it is a conflict', async () => {
  const web = await stage()
  const first = await run(web, { clientToken: 'run-1' })
  const again = await run(web, { clientToken: 'run-1' })
  expect(again.tasks?.[0]?.taskArn).toBe(first.tasks?.[0]?.taskArn)
  await expect(run(web, { clientToken: 'run-1', count: 2 })).rejects.toMatchObject({
    name: 'ConflictException',
    members: { resourceIds: [first.tasks?.[0]?.taskArn] },
  })
})
