import {
  DeleteTaskDefinitionsCommand,
  DeregisterTaskDefinitionCommand,
  DescribeTaskDefinitionCommand,
  ListTagsForResourceCommand,
  ListTaskDefinitionFamiliesCommand,
  ListTaskDefinitionsCommand,
  RegisterTaskDefinitionCommand,
  type RegisterTaskDefinitionCommandInput,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-ecs'
import { definition, stage } from './ecs-support.ts'

const register = async (input: Record<string, unknown>) => {
  const web = await stage()
  const base = definition('api', 'example.com/api:1')
  return web.ecs.send(new RegisterTaskDefinitionCommand({ ...base, ...input } as RegisterTaskDefinitionCommandInput))
}

test('what is given comes back unchanged, with the defaults that the service fills in', async () => {
  const { taskDefinition, tags } = await register({
    containerDefinitions: [
      {
        name: 'app',
        image: 'example.com/api:1',
        environment: [{ name: 'EMPTY', value: '' }],
        command: [],
        portMappings: [{ containerPort: 8080 }],
        healthCheck: { command: ['CMD', 'true'] },
      },
    ],
    tags: [{ key: 'commit', value: 'abc' }],
  })
  expect(taskDefinition).toMatchObject({
    family: 'api',
    revision: 1,
    status: 'ACTIVE',
    taskDefinitionArn: 'arn:aws:ecs:eu-central-1:123456789012:task-definition/api:1',
    compatibilities: ['EC2', 'FARGATE'],
    volumes: [],
    placementConstraints: [],
  })
  expect(taskDefinition?.containerDefinitions).toEqual([
    {
      name: 'app',
      image: 'example.com/api:1',
      cpu: 0,
      essential: true,
      portMappings: [{ containerPort: 8080, hostPort: 8080, protocol: 'tcp' }],
      environment: [{ name: 'EMPTY', value: '' }],
      mountPoints: [],
      volumesFrom: [],
      systemControls: [],
      command: [],
      healthCheck: { command: ['CMD', 'true'], interval: 30, timeout: 5, retries: 3 },
    },
  ])
  expect(tags).toEqual([{ key: 'commit', value: 'abc' }])
})

describe('RegisterTaskDefinition refuses with ClientException', () => {
  const app = definition('api', 'example.com/api:1').containerDefinitions[0]
  const log = (options: Record<string, string>) => ({
    containerDefinitions: [{ ...app, logConfiguration: { logDriver: 'awslogs', options } }],
  })
  const both = { 'awslogs-group': 'g', 'awslogs-region': 'r' }
  test.each<[string, Record<string, unknown>, string]>([
    ['empty tags', { tags: [] }, 'Tags can not be empty.'],
    ['no containers', { containerDefinitions: [] }, 'Container list cannot be empty.'],
    ['a family with a slash', { family: 'a/b' }, 'Family contains invalid characters.'],
    [
      'no essential container',
      { containerDefinitions: [{ ...app, essential: false }] },
      'At least one container in the task definition must be marked as essential.',
    ],
    [
      'a container without image',
      { containerDefinitions: [{ ...app, image: '' }] },
      'Container.image should not be null or empty.',
    ],
    [
      'a size that Fargate has not',
      { cpu: '256', memory: '4096' },
      'No Fargate configuration exists for given values: 256 CPU, 4096 memory. See the Amazon ECS documentation for the valid values.',
    ],
    ['Fargate without cpu', { cpu: undefined }, "Fargate requires that 'cpu' be defined at the task level."],
    ['Fargate on a bridge', { networkMode: 'bridge' }, "Fargate only supports network mode 'awsvpc'."],
    [
      'unequal ports in awsvpc',
      { containerDefinitions: [{ ...app, portMappings: [{ containerPort: 80, hostPort: 81 }] }] },
      'When networkMode=awsvpc, the host ports and container ports in port mappings must match.',
    ],
    ['an unknown log option', log({ ...both, log_key: 'x' }), 'Log driver awslogs disallows options: log_key'],
    ['missing log options', log({}), 'Log driver awslogs requires options: awslogs-group, awslogs-region'],
    [
      'awslogs-create-group false',
      log({ ...both, 'awslogs-create-group': 'false' }),
      "Log driver awslogs option 'awslogs-create-group' should only be set to 'true', else omit option.",
    ],
    [
      'logs on Fargate without execution role',
      { ...log(both), executionRoleArn: undefined },
      'Fargate requires task definition to have execution role ARN to support log driver awslogs.',
    ],
    [
      'a secret named like a variable',
      {
        containerDefinitions: [
          { ...app, environment: [{ name: 'A', value: '1' }], secrets: [{ name: 'A', valueFrom: '/a' }] },
        ],
      },
      "The secret name must be unique and not shared with any new or existing environment variables set on the container, such as 'A'.",
    ],
    [
      'an unknown volume',
      { containerDefinitions: [{ ...app, mountPoints: [{ sourceVolume: 'v', containerPath: '/v' }] }] },
      "Unknown volume 'v'.",
    ],
  ])('%s', async (_what, input, message) => {
    await expect(register(input)).rejects.toMatchObject({ name: 'ClientException', message })
  })

  test('a container without memory where the task has none', async () => {
    await expect(
      register({ requiresCompatibilities: undefined, networkMode: 'bridge', cpu: undefined, memory: undefined }),
    ).rejects.toMatchObject({
      message:
        "Invalid setting for container 'app'. At least one of 'memory' or 'memoryReservation' must be specified.",
    })
  })
})

test('cpu and memory may be written with units', async () => {
  const { taskDefinition } = await register({ cpu: '.5 vCPU', memory: '1 GB' })
  expect(taskDefinition).toMatchObject({ cpu: '.5 vCPU', memory: '1 GB' })
})

test('a family alone means its latest ACTIVE revision; tags only come when asked for', async () => {
  const web = await stage()
  await web.revision('example.com/web:2')
  await web.ecs.send(
    new RegisterTaskDefinitionCommand({ ...definition('web', 'example.com/web:3'), tags: [{ key: 'a', value: 'b' }] }),
  )
  const describeIt = (taskDefinition: string, include?: 'TAGS'[]) =>
    web.ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition, include }))
  expect((await describeIt('web')).taskDefinition?.revision).toBe(3)
  expect(await describeIt('web')).not.toHaveProperty('tags')
  expect((await describeIt('web:3', ['TAGS'])).tags).toEqual([{ key: 'a', value: 'b' }])
  await web.ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'web:3' }))
  expect((await describeIt('web')).taskDefinition?.revision).toBe(2)
  expect((await describeIt('arn:aws:ecs:eu-central-1:123456789012:task-definition/web:3')).taskDefinition?.status).toBe(
    'INACTIVE',
  )
  await expect(describeIt('nope')).rejects.toMatchObject({
    name: 'ClientException',
    message: 'Unable to describe task definition.',
  })
})

test('deregister, delete, lists; numbers are never given twice', async () => {
  const web = await stage()
  await web.revision('example.com/web:2')
  const remove = (...taskDefinitions: string[]) => web.ecs.send(new DeleteTaskDefinitionsCommand({ taskDefinitions }))
  expect((await remove('web:1', 'web:9')).failures).toMatchObject([
    { reason: 'The specified task definition is still in ACTIVE status. Please deregister the target and try again.' },
    { arn: 'web:9', reason: 'MISSING' },
  ])
  await web.ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'web:2' }))
  expect((await remove('web:2')).taskDefinitions?.[0]?.status).toBe('DELETE_IN_PROGRESS')
  expect(await web.revision('example.com/web:3')).toMatch(/web:3$/)
  const list = async (input: object) =>
    (await web.ecs.send(new ListTaskDefinitionsCommand(input))).taskDefinitionArns?.map((arn) => arn.split('/')[1])
  expect(await list({ familyPrefix: 'web' })).toEqual(['web:1', 'web:3'])
  expect(await list({ familyPrefix: 'web', sort: 'DESC' })).toEqual(['web:3', 'web:1'])
  expect(await list({ familyPrefix: 'web', status: 'INACTIVE' })).toEqual([])
  const families = await web.ecs.send(new ListTaskDefinitionFamiliesCommand({ familyPrefix: 'we' }))
  expect(families.families).toEqual(['web'])
})

test('tags of a task definition can be changed and removed', async () => {
  const web = await stage()
  const resourceArn = 'arn:aws:ecs:eu-central-1:123456789012:task-definition/web:1'
  await web.ecs.send(
    new TagResourceCommand({
      resourceArn,
      tags: [
        { key: 'a', value: '1' },
        { key: 'b', value: '2' },
      ],
    }),
  )
  await web.ecs.send(new TagResourceCommand({ resourceArn, tags: [{ key: 'a', value: '3' }] }))
  await web.ecs.send(new UntagResourceCommand({ resourceArn, tagKeys: ['b'] }))
  expect((await web.ecs.send(new ListTagsForResourceCommand({ resourceArn }))).tags).toEqual([{ key: 'a', value: '3' }])
  await expect(
    web.ecs.send(new TagResourceCommand({ resourceArn: `${resourceArn}9`, tags: [{ key: 'a', value: '1' }] })),
  ).rejects.toMatchObject({ name: 'InvalidParameterException' })
})
