import { createHash } from 'node:crypto'
import type { Fault, Simulator } from '@deploy-actions/aws-simulator'
import { counts, deploy, host, image, stage } from './stage.ts'

let simulator: Simulator
afterEach(() => simulator.close())

const deny = (operation: string): Fault => ({ service: '*', operation, effect: { kind: 'deny' } })

/** What a missing right does, operation by operation. Nothing is left half-done without a word. */
describe('before the update: red, the action named, nothing changed', () => {
  test.each([
    ['ecs:DescribeServices', {}],
    ['ecs:DescribeTaskDefinition', {}],
    ['ecs:RegisterTaskDefinition', {}],
    ['ssm:GetParametersByPath', { 'parameters-path': '/shop/prod' }],
    ['ssm:GetParameter', { application: 'shop', environment: 'prod' }],
  ])('%s', async (action, inputs) => {
    simulator = await stage({ scenario: { faults: [deny(action.split(':')[1]!)] } })
    const run = await deploy(simulator, { image: image('b'), ...inputs })
    expect(run.exitCode).toBe(1)
    expect(run.annotations.at(-1)?.message).toMatch(new RegExp(`may not call ${action}.*Allow ${action}`))
    expect(counts(simulator)['ecs:UpdateService']).toBeUndefined()
    expect(run.log).not.toContain('defect')
  })

  test('ecs:UpdateService: the registered revision is named', async () => {
    simulator = await stage({ scenario: { faults: [deny('UpdateService')] } })
    const run = await deploy(simulator, { image: image('b') })
    expect(run.exitCode).toBe(1)
    expect(run.annotations.at(-1)?.message).toMatch(
      /may not call ecs:UpdateService.*The service was not updated; web:2 is registered and not used by any service\./s,
    )
  })
})

test('ecs:UpdateService of one service: the other is deployed, and which is which is said', async () => {
  simulator = await stage({
    services: ['web', 'worker'].map((serviceName) => ({ ...serviceOf(serviceName) })),
    scenario: { faults: [{ ...deny('UpdateService'), contains: 'service/prod/worker' }] },
  })
  const run = await deploy(simulator, { service: 'web,worker', image: image('b') })
  expect(run).toMatchObject({ exitCode: 1, outputs: { verdict: 'failed', 'task-definition': 'web:2\n' } })
  const messages = run.annotations.map(({ message }) => message)
  expect(messages[0]).toMatch(/^worker was not updated\..*ecs:UpdateService/)
  expect(messages[1]).toMatch(/1 of 2 services completed; not updated: worker/)
  expect(run.summary).toMatch(/`worker` \| ❌ \*\*not updated\*\*/)
})

describe('a watch that can see no more does not guess how the deployment ended', () => {
  test.each([
    ['a right that is taken away', 'AccessDeniedException', 'User is not authorized to perform: ecs:DescribeServices'],
    ['credentials that end', 'ExpiredTokenException', 'The security token included in the request is expired'],
  ])('%s', async (_, name, message) => {
    simulator = await stage({
      speed: 2,
      scenario: {
        faults: [{ service: 'ecs', operation: 'DescribeServices', skip: 3, effect: { kind: 'error', name, message } }],
      },
    })
    const run = await deploy(simulator, { image: image('b') })
    expect(run).toMatchObject({ exitCode: 1, outputs: { verdict: 'unknown' } })
    expect(run.annotations.at(-1)?.message).toMatch(/^web: unknown\..*goes on without this step/s)
    expect(counts(simulator)['ecs:StopServiceDeployment']).toBeUndefined()
  })
})

describe('after the update: the verdict stands', () => {
  test.each(['ecs:DescribeServiceDeployments', 'ecs:ListServiceDeployments'])('%s', async (action) => {
    simulator = await stage({ scenario: { faults: [deny(action.split(':')[1]!)] } })
    const run = await deploy(simulator, { image: image('b') })
    expect(run).toMatchObject({ exitCode: 0, outputs: { verdict: 'completed' } })
    const warnings = run.annotations.map(({ message }) => message)
    expect(warnings.length).toBeLessThanOrEqual(1)
    if (warnings[0]) expect(warnings[0]).toContain(`may not call ${action}`)
  })

  test.each(['ecs:ListTasks', 'ecs:DescribeTasks', 'logs:GetLogEvents'])(
    '%s takes its part from the report and says so',
    async (action) => {
      simulator = await stage({
        scenario: {
          behaviours: [
            { match: { image: '*bbbb*' }, behaviour: { exitsAfter: 2, exitCode: 1, log: [{ line: 'broken' }] } },
          ],
          faults: [deny(action.split(':')[1]!)],
        },
      })
      const run = await deploy(simulator, { image: image('b') })
      expect(run).toMatchObject({ exitCode: 1, outputs: { verdict: 'rolled-back' } })
      expect(run.log).toMatch(new RegExp(`Not read:\\n.*${action}`))
      expect(run.annotations).toHaveLength(1)
    },
  )

  test('ecs:TagResource: registered without tags, with a word', async () => {
    simulator = await stage({ scenario: { faults: [deny('TagResource')] } })
    const run = await deploy(simulator, { image: image('b') })
    expect(run).toMatchObject({ exitCode: 0, outputs: { verdict: 'completed', 'task-definition': 'web:2' } })
    expect(run.annotations.map(({ message }) => message)).toEqual([
      expect.stringMatching(/web carries no tags .*may not call ecs:TagResource/),
    ])
    const registered = simulator.calls.filter(({ operation }) => operation === 'RegisterTaskDefinition')
    expect(registered.map(({ input, outcome }) => [outcome, 'tags' in (input as object)])).toEqual([
      ['AccessDeniedException', true],
      ['ok', false],
    ])
  })

  test('ecs:StopServiceDeployment at the timeout: the state that is left, and the way back by hand', async () => {
    simulator = await stage({
      speed: 10,
      scenario: { faults: [deny('StopServiceDeployment')] },
    })
    const run = await deploy(simulator, { image: image('b'), timeout: '10s' })
    expect(run).toMatchObject({ exitCode: 1, outputs: { verdict: 'timed-out' } })
    expect(run.annotations.at(-1)?.message).toMatch(
      /could not be stopped: The role may not call ecs:StopServiceDeployment.*tasks of both releases may run.*aws ecs update-service --cluster prod --service web --task-definition web:1/s,
    )
  })
})

/**
 * Every operation that two eventful deployments call (a crash behind a load balancer with parameters and a record; a release by tag), denied in
 * turn. Either the step is red and names the action, or it ends with the verdict it would have had and names the action all the same.
 */
describe('every operation in turn', () => {
  const targetGroupArn = `arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/web/${createHash('sha256').update('web').digest('hex').slice(0, 16)}`
  const crash = (faults: Fault[]) =>
    stage({
      speed: 60,
      service: { loadBalancers: [{ targetGroupArn, containerName: 'app', containerPort: 8080 }] },
      scenario: {
        faults,
        behaviours: [
          { match: { image: '*bbbb*' }, behaviour: { exitsAfter: 2, exitCode: 1, log: [{ line: 'broken' }] } },
        ],
        seed: {
          targetGroups: [{ name: 'web' }],
          parameters: [{ name: '/shop/prod/KEY', type: 'SecureString', value: 'x' }],
        },
      },
    })
  const crashInputs = { image: image('b'), 'parameters-path': '/shop/prod', application: 'shop', environment: 'prod' }
  const byTag = (faults: Fault[]) =>
    stage({
      speed: 60,
      container: { image: `${host}/shop:prod` },
      scenario: { faults, seed: { images: [{ repository: 'shop', tags: ['prod'], content: 'one' }] } },
    })

  test.each([
    [
      'a crash',
      crash,
      crashInputs,
      'rolled-back',
      ['elasticloadbalancing:DescribeTargetHealth', 'logs:GetLogEvents', 'ssm:GetParameter'],
    ],
    ['a release by tag', byTag, {}, 'completed', ['ecr:DescribeImages', 'ecs:DescribeServiceRevisions']],
  ] as const)(
    '%s',
    async (_, make, inputs, verdict, atLeast) => {
      simulator = await make([])
      expect((await deploy(simulator, inputs)).outputs.verdict).toBe(verdict)
      const operations = Object.keys(counts(simulator))
      expect(operations).toEqual(expect.arrayContaining([...atLeast]))
      for (const action of operations) {
        await simulator.close()
        simulator = await make([deny(action.split(':')[1]!)])
        const run = await deploy(simulator, inputs)
        // A deployment that is over at the first look is asked for nothing more.
        const denied = simulator.calls.some(
          ({ operation, outcome }) => action.endsWith(`:${operation}`) && outcome !== 'ok',
        )
        expect({ action, said: (run.log + run.summary).includes(action) }).toEqual({ action, said: denied })
        expect(run.log).not.toContain('defect')
        const updated = simulator.calls.some(
          ({ operation, outcome }) => operation === 'UpdateService' && outcome === 'ok',
        )
        expect({ action, verdict: run.outputs.verdict, exitCode: run.exitCode }).toEqual({
          action,
          verdict: updated ? verdict : undefined,
          exitCode: updated && verdict === 'completed' ? 0 : 1,
        })
      }
    },
    300_000,
  )
})

function serviceOf(serviceName: string) {
  return {
    cluster: 'prod',
    serviceName,
    taskDefinition: 'web',
    desiredCount: 1,
    launchType: 'FARGATE',
    networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1a'], securityGroups: ['sg-1'] } },
    deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } },
    stable: true,
  }
}
