import type { Service, ServiceDeployment } from '@aws-sdk/client-ecs'
import type { ConflictContext, ConflictOptions } from '../src/index.ts'
import { settleConflicts } from '../src/index.ts'

const arn = (kind: string, name: string) => `arn:aws:ecs:eu-central-1:123456789012:${kind}/${name}`
const revision = (number: number) => arn('service-revision', `prod/web/${number}`)
const service = (fields: Partial<Service> = {}): Service => ({
  serviceName: 'web',
  serviceArn: arn('service', 'prod/web'),
  status: 'ACTIVE',
  desiredCount: 2,
  currentServiceDeployment: arn('service-deployment', 'prod/web/x'),
  deployments: [
    {
      id: 'ecs-svc/3',
      status: 'PRIMARY',
      rolloutState: 'IN_PROGRESS',
      taskDefinition: arn('task-definition', 'web:3'),
    },
  ],
  ...fields,
})
const deployment = (status: ServiceDeployment['status'], number: number): ServiceDeployment => ({
  serviceDeploymentArn: arn('service-deployment', 'prod/web/x'),
  status,
  targetServiceRevision: { arn: revision(number) },
})

/** Settles with what ECS answers to DescribeServices, one answer a call, and to DescribeServiceDeployments. */
async function settle(
  onConflict: ConflictOptions['onConflict'],
  first: Service,
  present: ServiceDeployment,
  later: (Service | Error)[] = [],
) {
  const said: string[] = []
  const say = (text: string) => void said.push(text)
  const log = { info: say, debug: say, notice: say, warning: say, error: say, group: async () => {} }
  const send = async (command: { constructor: { name: string } }) => {
    if (command.constructor.name === 'DescribeServiceDeploymentsCommand')
      return { serviceDeployments: [present], $metadata: {} }
    const next = later.length > 1 ? later.shift() : later[0]
    if (next instanceof Error) throw next
    return { services: next ? [next] : [], failures: [], $metadata: {} }
  }
  const context = {
    ecs: { send },
    clock: { now: () => new Date(), sleep: async () => {} },
    log,
    signal: new AbortController().signal,
  } as unknown as ConflictContext
  await settleConflicts(context, [first], {
    cluster: 'prod',
    onConflict,
    timeoutMs: 60_000,
    insteadOfWaiting: 'set on-conflict: supersede',
  })
  return said.join('\n')
}

test('a deployment that has succeeded is none under way, though old tasks still leave', async () => {
  expect(await settle('fail', service(), deployment('SUCCESSFUL', 3))).toBe('')
})

test('the success of an earlier deployment says nothing about this one', async () => {
  await expect(settle('fail', service(), deployment('SUCCESSFUL', 2))).rejects.toThrow(/web:3 is in progress/)
})

test('an earlier rollback that ECS still names as current does not hold up the fix of a crash loop', async () => {
  const said = await settle('auto', service(), deployment('ROLLBACK_SUCCESSFUL', 2))
  expect(said).toMatch(/web:3 is in progress .* It is superseded\./)
  expect(said).not.toContain('Waiting')
})

test('a lost connection does not end the wait', async () => {
  const settled = service({ deployments: [{ ...service().deployments?.[0], rolloutState: 'COMPLETED' }] })
  const said = await settle('wait', service(), deployment('IN_PROGRESS', 3), [new Error('socket hang up'), settled])
  expect(said).toMatch(/Waiting is disturbed and goes on: .*connection/)
})

describe('ECS is rolling back, while currentServiceDeployment still names the success of long ago', () => {
  const goingBack = (fields: object, failed: object = {}) =>
    service({
      deployments: [
        {
          id: 'ecs-svc/3',
          status: 'PRIMARY',
          rolloutState: 'IN_PROGRESS',
          createdAt: new Date(1_000),
          taskDefinition: arn('task-definition', 'web:3'),
          ...fields,
        },
        { id: 'ecs-svc/4', status: 'ACTIVE', rolloutState: 'FAILED', createdAt: new Date(2_000), ...failed },
      ],
    })
  const settled = service({ deployments: [{ ...service().deployments?.[0], rolloutState: 'COMPLETED' }] })

  test.each([
    [
      'said by rolloutStateReason',
      goingBack(
        { rolloutStateReason: 'ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/3.' },
        { rolloutState: 'IN_PROGRESS' },
      ),
    ],
    ['shown by a later deployment that failed', goingBack({})],
  ])('auto waits for it: %s', async (_, first) => {
    const said = await settle('auto', first, deployment('SUCCESSFUL', 3), [first, settled])
    expect(said).toMatch(/web:3 is rolling back .* Waiting until it has ended\./)
  })

  test('an earlier failure does not hold up its fix', async () => {
    const fix = goingBack({ createdAt: new Date(3_000) })
    expect(await settle('auto', fix, deployment('IN_PROGRESS', 3))).toMatch(/in progress .* It is superseded/)
  })
})
