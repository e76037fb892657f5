import {
  CreateClusterCommand,
  CreateServiceCommand,
  type CreateServiceCommandInput,
  DeleteClusterCommand,
  DeleteServiceCommand,
  DeregisterTaskDefinitionCommand,
  DescribeClustersCommand,
  DescribeServicesCommand,
  ListServicesCommand,
  StopServiceDeploymentCommand,
} from '@aws-sdk/client-ecs'
import { groupArn, network, type Stage, stage } from './ecs-support.ts'

const base: CreateServiceCommandInput = {
  cluster: 'prod',
  serviceName: 'api',
  taskDefinition: 'web',
  desiredCount: 1,
  launchType: 'FARGATE',
  networkConfiguration: network,
}
const create = (web: Stage, more: Partial<CreateServiceCommandInput> = {}) =>
  web.ecs.send(new CreateServiceCommand({ ...base, ...more }))

describe('UpdateService starts a deployment', () => {
  const starts = async (input: Record<string, unknown>, service: Partial<CreateServiceCommandInput> = {}) => {
    const web = await stage({ seed: { targetGroups: [{ name: 'web' }] } }, service)
    await web.revision('example.com/web:2')
    const before = (await web.service()).deployments?.[0]?.id
    return (await web.update(input)).deployments?.[0]?.id !== before
  }
  const balancer = { targetGroupArn: groupArn('web'), containerName: 'app', containerPort: 8080 }
  test.each<[string, Record<string, unknown>, boolean]>([
    ['another task definition', { taskDefinition: 'web:2' }, true],
    ['a family whose latest revision is another', { taskDefinition: 'web' }, true],
    ['the same task definition', { taskDefinition: 'web:1' }, false],
    ['the same one with force', { taskDefinition: 'web:1', forceNewDeployment: true }, true],
    ['force alone', { forceNewDeployment: true }, true],
    ['force false', { forceNewDeployment: false }, false],
    ['another network', { networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-9'] } } }, true],
    ['the same network', { networkConfiguration: network }, false],
    ['a load balancer', { loadBalancers: [balancer] }, true],
    ['a platform version', { platformVersion: '1.4.0' }, true],
    ['a desired count', { desiredCount: 4 }, false],
    ['a deployment configuration', { deploymentConfiguration: { maximumPercent: 150 } }, false],
    ['a grace period', { healthCheckGracePeriodSeconds: 60 }, false],
    ['execute command', { enableExecuteCommand: true }, false],
    ['tag propagation', { propagateTags: 'SERVICE' }, false],
    ['nothing', {}, false],
  ])('for %s: %#', async (_what, input, expected) => {
    expect(await starts(input)).toBe(expected)
  })
})

test('what is not passed is not cleared, and a part of the deployment configuration leaves the rest', async () => {
  const web = await stage({}, { healthCheckGracePeriodSeconds: 30, propagateTags: 'SERVICE' })
  const updated = await web.update({ deploymentConfiguration: { maximumPercent: 150 } })
  expect(updated).toMatchObject({
    desiredCount: 2,
    healthCheckGracePeriodSeconds: 30,
    propagateTags: 'SERVICE',
    deploymentConfiguration: {
      maximumPercent: 150,
      minimumHealthyPercent: 100,
      strategy: 'ROLLING',
      bakeTimeInMinutes: 0,
      deploymentCircuitBreaker: {
        enable: false,
        rollback: false,
        resetOnHealthyTask: true,
        thresholdConfiguration: { type: 'BOUNDED_PERCENT', value: 50 },
      },
    },
  })
})

describe('UpdateService refuses', () => {
  test.each<[string, Record<string, unknown>, string, string]>([
    ['an unknown cluster', { cluster: 'nope' }, 'ClusterNotFoundException', 'Cluster not found.'],
    ['an unknown service', { service: 'nope' }, 'ServiceNotFoundException', 'Service not found.'],
    ['an unknown task definition', { taskDefinition: 'nope:1' }, 'ClientException', 'TaskDefinition not found.'],
    [
      '100/100',
      { deploymentConfiguration: { minimumHealthyPercent: 100, maximumPercent: 100 } },
      'InvalidParameterException',
      'Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.',
    ],
    ['a negative count', { desiredCount: -1 }, 'InvalidParameterException', 'desiredCount can not be negative.'],
    [
      'BLUE_GREEN without bake time',
      { deploymentConfiguration: { strategy: 'BLUE_GREEN' } },
      'InvalidParameterException',
      'bakeTimeInMinutes must be specified when using the BLUE_GREEN deployment strategy.',
    ],
    [
      'a canary outside CANARY',
      { deploymentConfiguration: { canaryConfiguration: { canaryPercent: 10 } } },
      'InvalidParameterException',
      'canaryConfiguration is only valid with the CANARY deployment strategy.',
    ],
    [
      'an early success below the floor',
      {
        deploymentConfiguration: {
          earlySuccessCriteria: { enable: true, healthyPercent: 50, sourceServiceRevisionCleanup: 'BLOCKING' },
        },
      },
      'InvalidParameterException',
      'healthyPercent must be greater than or equal to minimumHealthyPercent.',
    ],
    [
      'a pause in a traffic shift',
      {
        deploymentConfiguration: {
          lifecycleHooks: [{ targetType: 'PAUSE', lifecycleStages: ['PRODUCTION_TRAFFIC_SHIFT'] }],
        },
      },
      'InvalidParameterException',
      'PAUSE lifecycle hooks cannot be configured at the PRODUCTION_TRAFFIC_SHIFT stage.',
    ],
    [
      'a missing target group',
      { loadBalancers: [{ targetGroupArn: groupArn('nope'), containerName: 'app', containerPort: 8080 }] },
      'InvalidParameterException',
      `The target group ${groupArn('nope')} does not exist.`,
    ],
    [
      'a port nobody has',
      { loadBalancers: [{ targetGroupArn: groupArn('nope'), containerName: 'app', containerPort: 1 }] },
      'InvalidParameterException',
      'The container app did not have a container port 1 defined.',
    ],
  ])('%s and changes nothing', async (_what, input, name, message) => {
    const web = await stage()
    const before = await web.service()
    await expect(web.update(input)).rejects.toMatchObject({ name, message })
    expect(await web.service()).toEqual(before)
  })

  test('an INACTIVE task definition', async () => {
    const web = await stage()
    await web.revision('example.com/web:2')
    await web.ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'web:2' }))
    await expect(web.update({ taskDefinition: 'web:2' })).rejects.toMatchObject({
      name: 'ClientException',
      message: 'TaskDefinition is inactive',
    })
  })
})

test('a service keeps and scales its own INACTIVE task definition', async () => {
  const web = await stage()
  await web.ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'web:1' }))
  await web.update({ desiredCount: 3 })
  web.advance(100)
  expect(await web.service()).toMatchObject({ runningCount: 3 })
})

describe('CreateService', () => {
  test('the same request twice gives the same service, another is refused', async () => {
    const web = await stage()
    const first = await create(web)
    expect((await create(web)).service?.serviceArn).toBe(first.service?.serviceArn)
    await expect(create(web, { desiredCount: 2 })).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: 'Creation of service was not idempotent.',
    })
  })

  test('its first deployment runs through to a steady state', async () => {
    const web = await stage()
    const { service } = await create(web)
    expect(service).not.toHaveProperty('currentServiceDeployment')
    expect(service?.deployments).toMatchObject([{ status: 'PRIMARY', rolloutState: 'IN_PROGRESS', desiredCount: 0 }])
    web.advance(100)
    expect(await web.service('api')).toMatchObject({ runningCount: 1, deployments: [{ rolloutState: 'COMPLETED' }] })
  })

  test.each<[string, Partial<CreateServiceCommandInput>, string, string]>([
    ['a bad name', { serviceName: 'a b' }, 'InvalidParameterException', 'Identifier contains invalid characters.'],
    [
      'no desired count',
      { desiredCount: undefined },
      'InvalidParameterException',
      'Cannot create a replica service without a desired count.',
    ],
    [
      'no network',
      { networkConfiguration: undefined },
      'InvalidParameterException',
      "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
    ],
    ['empty tags', { tags: [] }, 'ClientException', 'Tags can not be empty.'],
    [
      'blue/green without advanced configuration',
      {
        deploymentConfiguration: { strategy: 'BLUE_GREEN', bakeTimeInMinutes: 1 },
        loadBalancers: [{ targetGroupArn: groupArn('web'), containerName: 'app', containerPort: 8080 }],
      },
      'InvalidParameterException',
      'advancedConfiguration field is required for all loadBalancers when using a non-ROLLING deployment strategy',
    ],
  ])('refuses %s', async (_what, input, name, message) => {
    await expect(create(await stage(), input)).rejects.toMatchObject({ name, message })
  })
})

describe('CODE_DEPLOY and EXTERNAL controllers', () => {
  test.each<['CODE_DEPLOY' | 'EXTERNAL']>([['CODE_DEPLOY'], ['EXTERNAL']])(
    '%s: no deployments, task sets, no service deployments',
    async (type) => {
      const web = await stage()
      await create(web, { deploymentController: { type }, taskDefinition: type === 'EXTERNAL' ? undefined : 'web' })
      web.advance(100)
      const service = await web.service('api')
      expect(service.deployments).toEqual([])
      expect(service.deploymentController).toEqual({ type })
      expect(service.taskSets).toHaveLength(type === 'EXTERNAL' ? 0 : 1)
      if (type === 'CODE_DEPLOY')
        expect(service.taskSets?.[0]).toMatchObject({
          status: 'PRIMARY',
          runningCount: 1,
          stabilityStatus: 'STEADY_STATE',
        })
      await expect(web.update({ service: 'api', taskDefinition: 'web' })).rejects.toMatchObject({
        name: 'InvalidParameterException',
        message: expect.stringContaining(`${type} deployment controller`),
      })
      await expect(web.update({ service: 'api', forceNewDeployment: true })).rejects.toMatchObject({
        name: 'InvalidParameterException',
      })
      const { ListServiceDeploymentsCommand } = await import('@aws-sdk/client-ecs')
      await expect(
        web.ecs.send(new ListServiceDeploymentsCommand({ cluster: 'prod', service: 'api' })),
      ).rejects.toMatchObject({ name: 'UnsupportedFeatureException' })
    },
  )
})

describe('DeleteService', () => {
  test('wants a desired count of 0, or force', async () => {
    const web = await stage()
    await expect(web.ecs.send(new DeleteServiceCommand({ cluster: 'prod', service: 'web' }))).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: 'The service cannot be stopped while it is scaled above 0.',
    })
    const { service } = await web.ecs.send(new DeleteServiceCommand({ cluster: 'prod', service: 'web', force: true }))
    expect(service?.status).toBe('DRAINING')
    expect((await web.ecs.send(new ListServicesCommand({ cluster: 'prod' }))).serviceArns).toEqual([])
    web.advance(60)
    expect((await web.service()).status).toBe('INACTIVE')
    await expect(web.update({ desiredCount: 1 })).rejects.toMatchObject({
      name: 'ServiceNotActiveException',
      message: 'Service was not ACTIVE.',
    })
    await create(web, { serviceName: 'web' })
    expect((await web.service()).status).toBe('ACTIVE')
  })
})

test('DescribeServices: MISSING for unknown ones, at most ten, tags when asked for', async () => {
  const web = await stage({}, { tags: [{ key: 'team', value: 'a' }] })
  const answer = await web.ecs.send(
    new DescribeServicesCommand({ cluster: 'prod', services: ['web', 'nope'], include: ['TAGS'] }),
  )
  expect(answer.services?.[0]?.tags).toEqual([{ key: 'team', value: 'a' }])
  expect(answer.failures).toEqual([
    { arn: 'arn:aws:ecs:eu-central-1:123456789012:service/prod/nope', reason: 'MISSING' },
  ])
  const services = Array.from({ length: 11 }, (_, index) => `s${index}`)
  await expect(web.ecs.send(new DescribeServicesCommand({ cluster: 'prod', services }))).rejects.toMatchObject({
    name: 'InvalidParameterException',
    message: 'service names can have at most 10 items.',
  })
})

test('ListServices pages', async () => {
  const web = await stage()
  for (let index = 0; index < 12; index++) await create(web, { serviceName: `s${index}`, desiredCount: 0 })
  const first = await web.ecs.send(new ListServicesCommand({ cluster: 'prod' }))
  const second = await web.ecs.send(new ListServicesCommand({ cluster: 'prod', nextToken: first.nextToken }))
  expect([first.serviceArns?.length, second.serviceArns?.length, second.nextToken]).toEqual([10, 3, undefined])
})

test('clusters: created once, described, deleted only when empty', async () => {
  const web = await stage()
  await web.ecs.send(new CreateClusterCommand({ clusterName: 'spare' }))
  const { clusters, failures } = await web.ecs.send(new DescribeClustersCommand({ clusters: ['prod', 'nope'] }))
  expect(clusters).toMatchObject([
    { clusterName: 'prod', status: 'ACTIVE', activeServicesCount: 1, runningTasksCount: 2 },
  ])
  expect(failures).toMatchObject([{ reason: 'MISSING' }])
  await expect(web.ecs.send(new DeleteClusterCommand({ cluster: 'prod' }))).rejects.toMatchObject({
    name: 'ClusterContainsServicesException',
  })
  expect((await web.ecs.send(new DeleteClusterCommand({ cluster: 'spare' }))).cluster?.status).toBe('INACTIVE')
})

test('a capacity failure of a service: the event once, with growing gaps, and it counts for the breaker', async () => {
  const web = await stage({
    behaviours: [{ match: { image: '*:2' }, behaviour: { placementFailure: { reason: 'RESOURCE:CPU' } } }],
  })
  await web.update({ taskDefinition: await web.revision('example.com/web:2') })
  web.advance(1000)
  expect(await web.events()).toEqual([
    'was unable to place a task because no container instance met all of its requirements. The closest matching container-instance ID has insufficient CPU units available.',
  ])
  expect((await web.service()).deployments?.[0]?.failedTasks).toBeGreaterThan(2)
  const [newest] = await web.deployments()
  await web.ecs.send(
    new StopServiceDeploymentCommand({ serviceDeploymentArn: newest?.serviceDeploymentArn, stopType: 'ROLLBACK' }),
  )
  web.advance(30)
  expect((await web.service()).deployments).toHaveLength(1)
})
