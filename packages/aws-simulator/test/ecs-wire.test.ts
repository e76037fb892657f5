import {
  CreateServiceCommand,
  DescribeServiceDeploymentsCommand,
  DescribeServicesCommand,
  ECSClient,
  ListServiceDeploymentsCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  UpdateServiceCommand,
  waitUntilServicesStable,
} from '@aws-sdk/client-ecs'
import { type Scenario, type Simulator, startSimulator } from '../src/index.ts'
import { clientsOf } from './clients.ts'
import { definition, network } from './ecs-support.ts'

let simulator: Simulator | undefined

afterEach(async () => {
  await simulator?.close()
  simulator = undefined
})

const start = async (scenario: Scenario = {}) => {
  simulator = await startSimulator({
    clock: 'manual',
    scenario: {
      ...scenario,
      seed: {
        clusters: ['prod'],
        taskDefinitions: [definition('web', 'example.com/web:1')],
        services: [
          {
            cluster: 'prod',
            serviceName: 'web',
            taskDefinition: 'web',
            desiredCount: 2,
            launchType: 'FARGATE',
            networkConfiguration: network,
            deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } },
            stable: true,
          },
        ],
        ...scenario.seed,
      },
    },
  })
  return { ...clientsOf(simulator.url), advance: (seconds: number) => simulator?.world.clock.advance(seconds) }
}

const web = { cluster: 'prod', services: ['web'] }

test('a rollback by the real client: Dates, optional members, and the SDK waiter that takes it for success', async () => {
  const { ecs, advance } = await start({
    behaviours: [{ match: { image: '*:bad' }, behaviour: { exitsAfter: 3, exitCode: 1 } }],
  })
  await ecs.send(new RegisterTaskDefinitionCommand(definition('web', 'example.com/web:bad')))
  const { service } = await ecs.send(
    new UpdateServiceCommand({ cluster: 'prod', service: 'web', taskDefinition: 'web' }),
  )
  expect(service?.deployments?.[0]).toMatchObject({
    status: 'PRIMARY',
    desiredCount: 0,
    runningCount: 0,
    pendingCount: 0,
  })
  expect(service?.deployments?.[0]?.createdAt?.toISOString()).toBe('2026-11-01T08:00:00.000Z')
  advance(300)
  const { serviceDeployments: [newest] = [] } = await ecs.send(
    new ListServiceDeploymentsCommand({
      cluster: 'prod',
      service: 'web',
      createdAt: { after: new Date('2026-11-01T07:59:00Z') },
    }),
  )
  expect(newest?.status).toBe('ROLLBACK_SUCCESSFUL')
  const described = await ecs.send(
    new DescribeServiceDeploymentsCommand({ serviceDeploymentArns: [newest?.serviceDeploymentArn ?? ''] }),
  )
  expect(described.serviceDeployments?.[0]?.rollback?.startedAt?.getTime()).toBeGreaterThan(0)
  const waited = await waitUntilServicesStable({ client: ecs, maxWaitTime: 5, minDelay: 1, maxDelay: 1 }, web)
  expect(waited.state).toBe('SUCCESS')
})

test('bursts of throttling, and a role without the service deployment APIs', async () => {
  const { ecs } = await start({
    faults: [
      {
        service: 'ecs',
        operation: 'Describe*',
        times: 2,
        effect: { kind: 'error', name: 'ThrottlingException', message: 'Rate exceeded' },
      },
      { service: 'ecs', operation: '*ServiceDeployments', effect: { kind: 'deny' } },
    ],
  })
  for (let call = 0; call < 2; call++) {
    await expect(ecs.send(new DescribeServicesCommand(web))).rejects.toMatchObject({ name: 'ThrottlingException' })
  }
  expect((await ecs.send(new DescribeServicesCommand(web))).services).toHaveLength(1)
  await expect(ecs.send(new ListServiceDeploymentsCommand({ cluster: 'prod', service: 'web' }))).rejects.toMatchObject({
    name: 'AccessDeniedException',
    message: expect.stringContaining('ecs:ListServiceDeployments'),
  })
})

test('RunTask fills in a client token of its own, so that a retry after a lost answer starts nothing twice', async () => {
  const { ecs } = await start({
    faults: [{ service: 'ecs', operation: 'RunTask', times: 1, effect: { kind: 'drop', when: 'after' } }],
  })
  const retrying = new ECSClient({
    region: 'eu-central-1',
    endpoint: simulator?.url,
    credentials: { accessKeyId: 'ASIASIMULATOR0000000', secretAccessKey: 'simulator' },
  })
  const { tasks } = await retrying.send(
    new RunTaskCommand({
      cluster: 'prod',
      taskDefinition: 'web',
      launchType: 'FARGATE',
      networkConfiguration: network,
    }),
  )
  expect(tasks).toHaveLength(1)
  const { taskArns } = await ecs.send(new ListTasksCommand({ cluster: 'prod', family: 'web' }))
  expect(taskArns).toHaveLength(3)
})

test('everything that ECS answers is what its model knows', async () => {
  const { ecs, advance } = await start()
  await ecs.send(
    new CreateServiceCommand({
      cluster: 'prod',
      serviceName: 'green',
      taskDefinition: 'web',
      desiredCount: 1,
      launchType: 'FARGATE',
      networkConfiguration: network,
      deploymentConfiguration: {
        strategy: 'CANARY',
        lifecycleHooks: [{ targetType: 'PAUSE', lifecycleStages: ['POST_SCALE_UP'] }],
        alarms: { alarmNames: ['5xx'], enable: true, rollback: true },
      },
    }),
  )
  advance(300)
  const { serviceDeployments = [] } = await ecs.send(
    new ListServiceDeploymentsCommand({ cluster: 'prod', service: 'green' }),
  )
  const { serviceDeployments: [shown] = [] } = await ecs.send(
    new DescribeServiceDeploymentsCommand({
      serviceDeploymentArns: serviceDeployments.flatMap(({ serviceDeploymentArn }) => serviceDeploymentArn ?? []),
    }),
  )
  expect(shown).toMatchObject({
    status: 'IN_PROGRESS',
    lifecycleStage: 'POST_SCALE_UP',
    lifecycleHookDetails: [{ status: 'AWAITING_ACTION' }],
  })
  expect(simulator?.mistakes).toEqual([])
})
