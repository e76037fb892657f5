import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { BatchGetImageCommand, DescribeImagesCommand, ECRClient, PutImageCommand } from '@aws-sdk/client-ecr'
import { DescribeTaskDefinitionCommand, ECSClient } from '@aws-sdk/client-ecs'
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import type { Simulator } from '@deploy-actions/aws-simulator'
import { counts, definition, deploy, host, image, type StageOptions, stage } from './stage.ts'

let simulator: Simulator
const begin = async (options?: StageOptions) => {
  simulator = await stage(options)
  return simulator
}
afterEach(() => simulator.close())

const config = () => ({
  region: 'eu-central-1',
  endpoint: simulator.url,
  credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
})
const definitionOf = async (reference: string) => {
  const { taskDefinition, tags } = await new ECSClient(config()).send(
    new DescribeTaskDefinitionCommand({ taskDefinition: reference, include: ['TAGS'] }),
  )
  return { container: taskDefinition?.containerDefinitions?.[0], taskDefinition, tags }
}

test('image, variables, secrets, command and size change; everything else stays', async () => {
  await begin({
    container: { healthCheck: { command: ['CMD-SHELL', 'true'] }, stopTimeout: 45 },
    scenario: { seed: { parameters: [{ name: '/shop/API_KEY', type: 'SecureString', value: 'x' }] } },
  })
  const run = await deploy(simulator, {
    image: image('b'),
    variables: 'LOG_LEVEL=debug\nEMPTY=',
    secrets: 'API_KEY=/shop/API_KEY',
    command: 'node server.js --port 8080',
    cpu: '512',
    memory: '1024',
  })
  expect(run.exitCode).toBe(0)
  const { container, taskDefinition, tags } = await definitionOf('web:2')
  expect(container).toMatchObject({
    image: image('b'),
    environment: expect.arrayContaining([
      { name: 'LOG_LEVEL', value: 'debug' },
      { name: 'EMPTY', value: '' },
    ]),
    secrets: [{ name: 'API_KEY', valueFrom: '/shop/API_KEY' }],
    command: ['node', 'server.js', '--port', '8080'],
    stopTimeout: 45,
    healthCheck: { command: ['CMD-SHELL', 'true'] },
  })
  expect(taskDefinition).toMatchObject({ cpu: '512', memory: '1024' })
  expect(tags).toEqual(
    expect.arrayContaining([{ key: 'deploy-actions:commit', value: '0123456789abcdef0123456789abcdef01234567' }]),
  )
})

test('parameters-path: secrets by reference, and a changed value is a changed revision', async () => {
  await begin({
    container: { image: image('a') },
    scenario: {
      seed: { parameters: [{ name: '/shop/prod/DATABASE_URL', type: 'SecureString', value: 'postgres://one' }] },
    },
  })
  const inputs = { image: image('a'), 'parameters-path': '/shop/prod' }
  const once = await deploy(simulator, inputs)
  expect(once.outputs['task-definition']).toBe('web:2')
  const { container } = await definitionOf('web:2')
  expect(container?.secrets).toEqual([{ name: 'DATABASE_URL', valueFrom: '/shop/prod/DATABASE_URL' }])
  expect(once.log + once.summary).not.toContain('postgres://')
  const again = await deploy(simulator, inputs)
  expect(again.log).toMatch(/nothing changed/)
  await new SSMClient(config()).send(
    new PutParameterCommand({
      Name: '/shop/prod/DATABASE_URL',
      Type: 'SecureString',
      Value: 'postgres://two',
      Overwrite: true,
    }),
  )
  expect((await deploy(simulator, inputs)).outputs['task-definition']).toBe('web:3')
})

describe('from a file', () => {
  let workspace: string
  beforeEach(() => {
    workspace = mkdtempSync(path.join(tmpdir(), 'deploy-service-'))
  })
  afterEach(() => rmSync(workspace, { recursive: true, force: true }))

  test('JSON, with the image put in', async () => {
    await begin()
    writeFileSync(path.join(workspace, 'task.json'), JSON.stringify(definition('api', { cpu: '1024', memory: '2048' })))
    const inputs = { 'task-definition': 'task.json', image: image('b'), 'allow-replacement': 'true' }
    const run = await deploy(simulator, inputs, { workspace })
    expect(run.outputs).toMatchObject({
      verdict: 'completed',
      'task-definition': 'api:1',
      'previous-task-definition': 'web:1',
    })
  })

  test('a misspelt key is refused with the nearest name, before any change', async () => {
    await begin()
    writeFileSync(path.join(workspace, 'task.json'), JSON.stringify({ ...definition('api'), containerDefinitons: [] }))
    const run = await deploy(simulator, { 'task-definition': 'task.json', image: image('b') }, { workspace })
    expect(run.annotations[0]?.message).toMatch(/containerDefinitons.*containerDefinitions/)
    expect(counts(simulator)).not.toHaveProperty('ecs:RegisterTaskDefinition')
  })
})

test('the latest equal revision is reused', async () => {
  await begin({ definitions: { b: image('b') } })
  const run = await deploy(simulator, { image: image('b') })
  expect(run.outputs['task-definition']).toBe('web:2')
  expect(counts(simulator)).not.toHaveProperty('ecs:RegisterTaskDefinition')
})

test('settings that are passed are sent with those that are set elsewhere, and nothing else is', async () => {
  await begin({
    service: {
      deploymentConfiguration: {
        minimumHealthyPercent: 50,
        deploymentCircuitBreaker: { enable: true, rollback: true },
      },
    },
  })
  await deploy(simulator, { image: image('b'), 'maximum-percent': '150', 'grace-period': '30s' })
  const update = simulator.calls.find(({ operation }) => operation === 'UpdateService')?.input as Record<
    string,
    unknown
  >
  expect(Object.keys(update).sort()).toEqual([
    'cluster',
    'deploymentConfiguration',
    'healthCheckGracePeriodSeconds',
    'service',
    'taskDefinition',
  ])
  expect(update.deploymentConfiguration).toMatchObject({
    minimumHealthyPercent: 50,
    maximumPercent: 150,
    deploymentCircuitBreaker: { enable: true, rollback: true },
  })
})

test('without settings, UpdateService holds the task definition and nothing more', async () => {
  await begin()
  await deploy(simulator, { image: image('b') })
  const update = simulator.calls.find(({ operation }) => operation === 'UpdateService')?.input as Record<
    string,
    unknown
  >
  expect(Object.keys(update).sort()).toEqual(['cluster', 'service', 'taskDefinition'])
})

describe('release by tag', () => {
  const images = [
    { repository: 'shop', tags: ['prod'], content: 'one' },
    { repository: 'shop', tags: ['next'], content: 'two' },
  ]
  const digestOf = async (tag: string) =>
    (
      await new ECRClient(config()).send(
        new DescribeImagesCommand({ repositoryName: 'shop', imageIds: [{ imageTag: tag }] }),
      )
    ).imageDetails?.[0]?.imageDigest ?? ''

  test('a moved tag is deployed by a new deployment of the same revision, and its digest is said', async () => {
    await begin({ container: { image: `${host}/shop:prod` }, scenario: { seed: { images } } })
    await move('next', 'prod')
    const run = await deploy(simulator)
    expect(run).toMatchObject({ exitCode: 0, outputs: { verdict: 'completed', 'task-definition': 'web:1' } })
    expect(run.log).toContain('a new deployment makes ECS look up the tag again')
    const digest = await digestOf('prod')
    expect(run.log).toContain(`shop:prod is ${digest.slice(7, 19)}`)
    expect(counts(simulator)).not.toHaveProperty('ecs:RegisterTaskDefinition')
  })

  test('a tag that moves between: red, since it is not this release that serves', async () => {
    await begin({
      container: { image: `${host}/shop:prod` },
      scenario: {
        seed: { images },
        faults: [{ service: 'ecs', operation: 'UpdateService', effect: { kind: 'delay', milliseconds: 1500 } }],
      },
    })
    let moved: Promise<unknown> | undefined
    const run = await deploy(
      simulator,
      {},
      {
        onLine: (line) => {
          if (line.includes('look up the tag again')) moved ??= move('next', 'prod')
        },
      },
    )
    await moved
    expect(run).toMatchObject({ exitCode: 1, outputs: { verdict: 'failed' } })
    expect(run.annotations.at(-1)?.message).toMatch(/the tag was moved meanwhile/)
  })

  async function move(from: string, to: string) {
    const ecr = new ECRClient(config())
    const { images: found } = await ecr.send(
      new BatchGetImageCommand({ repositoryName: 'shop', imageIds: [{ imageTag: from }] }),
    )
    await ecr.send(
      new PutImageCommand({
        repositoryName: 'shop',
        imageManifest: found?.[0]?.imageManifest,
        imageManifestMediaType: found?.[0]?.imageManifestMediaType,
        imageTag: to,
      }),
    )
  }

  test('image with a tag in ECR is pinned to its digest', async () => {
    await begin({ scenario: { seed: { images } } })
    await deploy(simulator, { image: `${host}/shop:prod` })
    expect((await definitionOf('web:2')).container?.image).toBe(`${host}/shop@${await digestOf('prod')}`)
  })

  test('a tag that does not exist', async () => {
    await begin({ scenario: { seed: { images } } })
    const run = await deploy(simulator, { image: `app=${host}/shop:nope` })
    expect(run.annotations[0]?.message).toMatch(
      /shop:nope does not exist: repository "shop" has no tag "nope"\. Nothing was changed/,
    )
  })
})
