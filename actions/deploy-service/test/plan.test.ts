import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DescribeImagesCommand, ECRClient } from '@aws-sdk/client-ecr'
import type { Simulator } from '@deploy-actions/aws-simulator'
import { counts, definition, deploy, digest, host, type StageOptions, stage } from './stage.ts'

let simulator: Simulator
let temp: string
beforeEach(() => {
  temp = mkdtempSync(path.join(tmpdir(), 'plan-'))
})
afterEach(async () => {
  rmSync(temp, { recursive: true, force: true })
  await simulator.close()
})

const seed = {
  images: [
    { repository: 'shop', tags: ['amd'], content: 'amd', platforms: ['linux/amd64'] },
    { repository: 'shop', tags: ['arm'], content: 'arm', platforms: ['linux/arm64'] },
  ],
  roles: [{ name: 'execution' }, { name: 'deploy' }],
}

async function plan(tag: string, inputs: Record<string, string> = {}, options: StageOptions = {}) {
  simulator = await stage({
    ...options,
    scenario: { ...options.scenario, seed: { ...seed, ...options.scenario?.seed } },
  })
  const found = /^sha256:/.test(tag) ? tag : await digestOf(tag)
  return deploy(simulator, { repository: 'shop', digest: found, plan: 'true', ...inputs }, { temp })
}

test('shows what would change, checks what can be checked, and changes nothing', async () => {
  const run = await plan('amd', { variables: 'LOG_LEVEL=debug', 'maximum-percent': '150' })
  expect(run).toMatchObject({ exitCode: 0, outputs: { changed: 'true' } })
  expect(run.log).toContain('web: web:1 → a new revision of web')
  expect(run.log).toContain('app.environment.LOG_LEVEL: changed')
  expect(run.log).toContain('maximumPercent: 200 → 150')
  for (const line of [
    /✓ Image shop@[0-9a-f]{12} is in ECR and runs on linux\/amd64\./,
    /✓ Log group \/shop exists\./,
    /✓ Role execution exists and trusts ECS tasks\./,
    /✓ This job may pass execution\./,
    /✓ web: between 2 and 3 of 2 tasks run during the deployment\./,
  ])
    expect(run.log).toMatch(line)
  const file = readFileSync(run.outputs['plan-file']!, 'utf8')
  expect(file).toContain('### ✅ Plan for `prod`: ready')
  expect(run.summary).toContain(file.trim())
  for (const operation of ['RegisterTaskDefinition', 'UpdateService'])
    expect(counts(simulator)).not.toHaveProperty(`ecs:${operation}`)
})

test('nothing would change', async () => {
  simulator = await stage({ container: { image: `${host}/shop@${digest('a')}` } })
  const run = await deploy(simulator, { plan: 'true' }, { temp })
  expect(run.outputs.changed).toBe('false')
  expect(run.log).toContain('web: nothing would change, it runs web:1.')
})

test.each<[string, string, Record<string, string>, StageOptions, RegExp]>([
  ['an image that is not there', digest('a'), {}, {}, /Image shop@aaaaaaaaaaaa is not in ECR/],
  ['another architecture', 'arm', {}, {}, /is built for linux\/arm64, the task runs on linux\/amd64/],
  ['a missing log group', 'amd', {}, { scenario: { seed: { logGroups: [] } } }, /Log group \/shop does not exist/],
  [
    'a missing parameter',
    'amd',
    { secrets: 'KEY=/shop/KEY' },
    {},
    /SSM parameters that do not exist in eu-central-1: \/shop\/KEY/,
  ],
  [
    'a missing role',
    'amd',
    {},
    { scenario: { seed: { roles: [{ name: 'deploy' }] } } },
    /Role execution does not exist/,
  ],
  [
    'a role that ECS may not take on',
    'amd',
    {},
    { scenario: { seed: { roles: [{ name: 'deploy' }, { name: 'execution', trusts: ['lambda.amazonaws.com'] }] } } },
    /Role execution does not trust ecs-tasks/,
  ],
  [
    'a role that may not be passed',
    'amd',
    {},
    { scenario: { seed: { roles: [{ name: 'execution' }, { name: 'deploy', deny: ['iam:PassRole'] }] } } },
    /may not pass execution: allow iam:PassRole/,
  ],
  [
    'percentages that cannot move',
    'amd',
    { 'minimum-healthy-percent': '75', 'maximum-percent': '100' },
    {},
    /ECS can neither stop an old task first nor start a new one first\. Raise maximum-percent to at least 150, or lower minimum-healthy-percent to at most 50/,
  ],
])('red for %s', async (_, tag, inputs, options, message) => {
  const run = await plan(tag, inputs, options)
  expect(run.exitCode).toBe(1)
  expect(run.annotations.at(-1)?.message).toMatch(message)
  expect(counts(simulator)).not.toHaveProperty('ecs:UpdateService')
})

test.each([
  ['that the driver makes itself', { 'awslogs-create-group': 'true' }],
  ['of another region, where it is not looked for', { 'awslogs-region': 'us-east-1' }],
])('a log group %s is not missed', async (_, options) => {
  const given = { 'awslogs-group': '/new', 'awslogs-region': 'eu-central-1', 'awslogs-stream-prefix': 'app' }
  const container = { logConfiguration: { logDriver: 'awslogs', options: { ...given, ...options } } }
  const run = await plan('amd', {}, { container })
  expect(run.exitCode).toBe(0)
  expect(run.log).not.toMatch(/Log group/)
})

test('the architecture of EC2 instances is not guessed', async () => {
  const run = await plan(
    'arm',
    {},
    {
      definition: { networkMode: 'bridge', requiresCompatibilities: ['EC2'] },
      container: { memory: 128 },
      services: [{ cluster: 'prod', serviceName: 'web', taskDefinition: 'web:1', desiredCount: 1, launchType: 'EC2' }],
    },
  )
  expect(run.exitCode).toBe(0)
  expect(run.log).toMatch(
    /\? Image shop@\w{12} is in ECR, built for linux\/arm64; whether the container instances can run that is not known/,
  )
})

test("red for a port that is not the load balancer's", async () => {
  simulator = await stage({
    scenario: { seed: { ...seed, targetGroups: [{ name: 'web' }] } },
    service: { loadBalancers: [{ targetGroupArn: targetGroup('web'), containerName: 'app', containerPort: 8080 }] },
  })
  const file = definition('web', {}, { portMappings: [{ containerPort: 3000 }] })
  writeFileSync(path.join(temp, 'task.json'), JSON.stringify(file))
  const run = await deploy(simulator, { plan: 'true', 'task-definition': 'task.json' }, { temp, workspace: temp })
  expect(run.exitCode).toBe(1)
  expect(run.annotations.at(-1)?.message).toMatch(
    /sends to port 8080 of container "app", whose task definition maps only 3000/,
  )
})

test('what the role may not look at is said and hides nothing', async () => {
  const run = await plan(
    digest('a'),
    {},
    {
      scenario: {
        faults: ['DescribeImages', 'BatchGetImage', 'DescribeLogGroups', 'GetRole', 'GetCallerIdentity'].map(
          (operation) => ({ service: '*', operation, effect: { kind: 'deny' as const } }),
        ),
      },
    },
  )
  expect(run.exitCode).toBe(0)
  expect(run.log).toMatch(/\? The images were not checked\. The role may not call ecr:\w+/)
  expect(run.log).toMatch(/\? Log groups were not checked\..*logs:DescribeLogGroups/)
  expect(run.log).toMatch(/\? Role execution was not checked: the role may not call iam:GetRole\./)
  expect(run.log).toMatch(/✓ web: between 2 and 4 of 2 tasks/)
})

async function digestOf(tag: string): Promise<string> {
  const ecr = new ECRClient({
    region: 'eu-central-1',
    endpoint: simulator.url,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  })
  const { imageDetails } = await ecr.send(
    new DescribeImagesCommand({ repositoryName: 'shop', imageIds: [{ imageTag: tag }] }),
  )
  return imageDetails?.[0]?.imageDigest ?? ''
}

function targetGroup(name: string): string {
  return `arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/${name}/${createHash('sha256').update(name).digest('hex').slice(0, 16)}`
}
