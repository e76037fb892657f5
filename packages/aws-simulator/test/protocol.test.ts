import { ListClustersCommand } from '@aws-sdk/client-ecs'
import { DescribeTargetGroupsCommand, DescribeTargetHealthCommand } from '@aws-sdk/client-elastic-load-balancing-v2'
import { GetRoleCommand } from '@aws-sdk/client-iam'
import { GetParameterCommand } from '@aws-sdk/client-ssm'
import { jest } from '@jest/globals'
import { countCalls, type Simulator, startSimulator } from '../src/index.ts'
import { serviceModel } from '../src/model/model.ts'
import { checkOutput } from '../src/model/output.ts'
import { clientsOf, rawCall } from './clients.ts'
import { http } from './http.ts'

let simulator: Simulator
let clients: ReturnType<typeof clientsOf>
beforeEach(async () => {
  simulator = await startSimulator({
    scenario: {
      seed: {
        parameters: [{ name: '/p', type: 'String', value: 'v' }],
        targetGroups: [{ name: 'web' }],
        repositories: [{ name: 'app' }],
      },
    },
  })
  clients = clientsOf(simulator.url)
})
afterEach(() => simulator.close())

const ssmTarget = (operation: string) => `AmazonSSM.${operation}`
const call = (service: string, target: string, body: unknown) =>
  rawCall(simulator.url, service, target, typeof body === 'string' ? body : JSON.stringify(body))

describe('JSON protocol', () => {
  test('answers with timestamps as epoch seconds and a request id', async () => {
    const answer = await call('ssm', ssmTarget('GetParameter'), { Name: '/p' })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('application/x-amz-json-1.1')
    expect(answer.headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/)
    const { LastModifiedDate } = answer.json().Parameter as { LastModifiedDate: number }
    expect(Math.abs(LastModifiedDate - Date.now() / 1000)).toBeLessThan(60)
  })

  test('errors are 400 with __type and message', async () => {
    const answer = await call('ssm', ssmTarget('PutParameter'), { Name: '/p', Value: 'v', Type: 'String' })
    expect(answer).toMatchObject({ status: 400 })
    expect(answer.json()).toEqual({
      __type: 'ParameterAlreadyExists',
      message: expect.stringContaining('already exists'),
    })
  })

  test.each([
    ['ssm', ssmTarget('GetParameter'), { Name: 5 }],
    ['ssm', ssmTarget('GetParameter'), { Name: '/p', WithDecryption: 'yes' }],
    ['ssm', ssmTarget('GetParameters'), { Names: '/p' }],
    ['ssm', ssmTarget('GetParametersByPath'), { Path: '/', MaxResults: '5' }],
    ['ecs', 'AmazonEC2ContainerServiceV20141113.DescribeServices', { services: { a: 1 } }],
    ['ecs', 'AmazonEC2ContainerServiceV20141113.DescribeServices', '{'],
    [
      'ecr',
      'AmazonEC2ContainerRegistry_V20150921.CreateRepository',
      { repositoryName: 'x', imageScanningConfiguration: [] },
    ],
  ])('%s %s %j is a SerializationException', async (service, target, body) => {
    const answer = await call(service, target, body)
    expect(answer).toMatchObject({ status: 400 })
    expect(answer.json().__type).toBe('SerializationException')
  })

  test.each([
    [
      'ssm',
      ssmTarget('GetParameter'),
      {},
      'ValidationException',
      /Value null at 'name' failed to satisfy constraint: Member must not be null/,
    ],
    [
      'ssm',
      ssmTarget('GetParametersByPath'),
      { Path: '/', MaxResults: 11 },
      'ValidationException',
      /'maxResults'.*less than or equal to 10/,
    ],
    [
      'logs',
      'Logs_20140328.CreateLogGroup',
      { logGroupName: 'a b' },
      'InvalidParameterException',
      /regular expression pattern/,
    ],
    ['logs', 'Logs_20140328.GetLogEvents', { logGroupName: 'a' }, 'InvalidParameterException', /logStreamName/],
    [
      'ecr',
      'AmazonEC2ContainerRegistry_V20150921.PutImage',
      { repositoryName: 'app' },
      'InvalidParameterException',
      /Invalid parameter at 'imageManifest'/,
    ],
    [
      'ecr',
      'AmazonEC2ContainerRegistry_V20150921.CreateRepository',
      { repositoryName: 'app2', imageTagMutability: 'NO' },
      'InvalidParameterException',
      /enum value set/,
    ],
    [
      'ecs',
      'AmazonEC2ContainerServiceV20141113.DescribeServices',
      {},
      'InvalidParameterException',
      /^Services cannot be empty\.$/,
    ],
    [
      'ecs',
      'AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition',
      { containerDefinitions: [] },
      'ClientException',
      /^Family can not be blank\.$/,
    ],
    [
      'ecs',
      'AmazonEC2ContainerServiceV20141113.RunTask',
      { taskDefinition: 'x', launchType: 'MOON' },
      'InvalidParameterException',
      /enum value set: \[EC2, FARGATE/,
    ],
  ])('%s %s %j is refused with %s', async (service, target, body, name, message) => {
    const answer = await call(service, target, body)
    expect(answer.status).toBe(400)
    expect(answer.json()).toMatchObject({ __type: name, message: expect.stringMatching(message) })
  })

  test('unknown members are ignored, as AWS does, and show up as warnings', async () => {
    const answer = await call('ssm', ssmTarget('GetParameter'), { Name: '/p', WithDecription: true })
    expect(answer.status).toBe(200)
    expect(simulator.calls.at(-1)).toMatchObject({
      outcome: 'ok',
      warnings: ["GetParameter: AWS knows no member 'WithDecription' and ignores it"],
    })
  })

  test('members that are null count as absent', async () => {
    const answer = await call('ssm', ssmTarget('GetParameter'), { Name: '/p', WithDecryption: null })
    expect(answer.status).toBe(200)
  })

  test.each([
    ['an operation that AWS has not', 'ssm', ssmTarget('Nonsense'), 'UnknownOperationException', 400],
    ['another service’s prefix', 'ssm', 'Logs_20140328.DescribeLogGroups', 'UnknownOperationException', 400],
    ['an operation not simulated', 'ssm', ssmTarget('CreateDocument'), 'NotSimulated', 501],
    ['a service not simulated', 'lambda', 'AWSLambda.Invoke', 'NotSimulated', 501],
  ])('%s says so', async (_what, service, target, name, status) => {
    const answer = await call(service, target, {})
    expect(answer.status).toBe(status)
    expect(answer.json().__type).toBe(name)
  })

  test('a request without a signature is refused', async () => {
    const answer = await http('POST', simulator.url, {
      body: '{}',
      headers: { 'content-type': 'application/x-amz-json-1.1' },
    })
    expect(answer).toMatchObject({ status: 403, text: expect.stringContaining('MissingAuthenticationTokenException') })
  })
})

describe('query protocol', () => {
  test('lists and structures come through the SDK', async () => {
    const groups = await clients.elb.send(new DescribeTargetGroupsCommand({ Names: ['web'] }))
    const arn = groups.TargetGroups?.[0]?.TargetGroupArn ?? ''
    expect(arn).toMatch(/^arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup\/web\/[0-9a-f]{16}$/)
    simulator.world.targetGroups.register(arn, '10.0.0.1', 8080)
    simulator.world.targetGroups.setHealth(
      arn,
      '10.0.0.1',
      'unhealthy',
      'Health checks failed with <these> codes: [500]',
    )
    const health = await clients.elb.send(new DescribeTargetHealthCommand({ TargetGroupArn: arn }))
    expect(health.TargetHealthDescriptions).toEqual([
      {
        Target: { Id: '10.0.0.1', Port: 8080 },
        HealthCheckPort: '8080',
        TargetHealth: {
          State: 'unhealthy',
          Reason: 'Target.FailedHealthChecks',
          Description: 'Health checks failed with <these> codes: [500]',
        },
      },
    ])
    const asked = await clients.elb.send(
      new DescribeTargetHealthCommand({ TargetGroupArn: arn, Targets: [{ Id: '10.9.9.9' }] }),
    )
    expect(asked.TargetHealthDescriptions?.[0]?.TargetHealth).toMatchObject({
      State: 'unused',
      Reason: 'Target.NotRegistered',
    })
  })

  test('errors carry the code of the model, and access errors are 403', async () => {
    const missing = `arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/none/0123456789abcdef`
    await expect(clients.elb.send(new DescribeTargetHealthCommand({ TargetGroupArn: missing }))).rejects.toMatchObject({
      name: 'TargetGroupNotFoundException',
      $metadata: { httpStatusCode: 400 },
    })
    simulator.addFaults({ service: 'elasticloadbalancing', effect: { kind: 'deny' } })
    await expect(clients.elb.send(new DescribeTargetGroupsCommand({}))).rejects.toMatchObject({
      name: 'AccessDenied',
      message: expect.stringContaining('is not authorized to perform: elasticloadbalancing:DescribeTargetGroups'),
      $metadata: { httpStatusCode: 403 },
    })
  })

  test('a wrong version and a missing role are refused', async () => {
    const answer = await rawCall(simulator.url, 'sts', '', 'Action=GetCallerIdentity&Version=1999-01-01', {
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
    })
    expect(answer.text).toContain('<Code>InvalidAction</Code>')
    await expect(clients.iam.send(new GetRoleCommand({ RoleName: 'nobody' }))).rejects.toMatchObject({
      name: 'NoSuchEntityException',
    })
  })
})

describe('faults', () => {
  const get = () => clients.ssm.send(new GetParameterCommand({ Name: '/p' }))

  test('errors are counted: skip, times, contains', async () => {
    simulator.addFaults({
      service: 'ssm',
      operation: 'Get*',
      contains: '/p',
      skip: 1,
      times: 2,
      effect: { kind: 'error', name: 'ThrottlingException' },
    })
    const outcomes: string[] = []
    for (let index = 0; index < 5; index++)
      outcomes.push(
        await get().then(
          () => 'ok',
          (error: Error) => `${error.name}: ${error.message}`,
        ),
      )
    expect(outcomes).toEqual([
      'ok',
      'ThrottlingException: Rate exceeded',
      'ThrottlingException: Rate exceeded',
      'ok',
      'ok',
    ])
  })

  test('a denied call is refused in IAM’s words, and only it', async () => {
    simulator.addFaults({ service: 'ssm', operation: 'PutParameter', effect: { kind: 'deny' } })
    expect((await call('ssm', ssmTarget('PutParameter'), { Name: '/p', Value: 'v' })).json()).toEqual({
      __type: 'AccessDeniedException',
      message:
        'User: arn:aws:sts::123456789012:assumed-role/deploy/simulator is not authorized to perform: ssm:PutParameter on resource: ' +
        'arn:aws:ssm:eu-central-1:123456789012:parameter/p because no identity-based policy allows the ssm:PutParameter action',
    })
    expect((await get()).Parameter?.Value).toBe('v')
  })

  test('a role that may not be passed', async () => {
    simulator.addFaults({ service: 'iam', operation: 'PassRole', contains: 'role/secret', effect: { kind: 'deny' } })
    const register = (role: string) =>
      call('ecs', 'AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition', {
        family: 'web',
        executionRoleArn: `arn:aws:iam::123456789012:role/${role}`,
        containerDefinitions: [{ name: 'app', image: 'nginx', memory: 128 }],
      })
    expect((await register('secret')).json()).toMatchObject({
      __type: 'AccessDeniedException',
      message: expect.stringContaining(
        'is not authorized to perform: iam:PassRole on resource: arn:aws:iam::123456789012:role/secret',
      ),
    })
    expect((await register('open')).status).toBe(200)
  })

  test.each(['before', 'after', 'mid-body'] as const)(
    'a connection dropped %s the answer is an error for the client',
    async (when) => {
      simulator.addFaults({ service: 'ssm', times: 1, effect: { kind: 'drop', when } })
      await expect(
        call('ssm', ssmTarget('PutParameter'), { Name: '/new', Value: 'v', Type: 'String' }),
      ).rejects.toThrow()
      expect(simulator.calls.at(-1)?.outcome).toBe('dropped')
      const exists = await call('ssm', ssmTarget('GetParameter'), { Name: '/new' })
      expect(exists.status).toBe(when === 'before' ? 400 : 200)
    },
  )

  test('the SDK’s own retries get over a drop and a 500', async () => {
    const client = clientsOf(simulator.url, 'eu-central-1', 4).ssm
    simulator.addFaults(
      { service: 'ssm', times: 1, effect: { kind: 'drop', when: 'before' } },
      { service: 'ssm', skip: 1, times: 1, effect: { kind: 'error', name: 'InternalServerError' } },
    )
    expect((await client.send(new GetParameterCommand({ Name: '/p' }))).Parameter?.Value).toBe('v')
    expect(simulator.calls.map((one) => one.outcome)).toEqual(['dropped', 'InternalServerError', 'ok'])
  })

  test('bodies and headers can be dictated', async () => {
    simulator.addFaults({
      effect: {
        kind: 'error',
        name: 'X',
        status: 503,
        body: '<html>bad gateway</html>',
        headers: { 'retry-after': '7' },
      },
    })
    const answer = await call('ssm', ssmTarget('GetParameter'), { Name: '/p' })
    expect(answer).toMatchObject({ status: 503, text: '<html>bad gateway</html>' })
    expect(answer.headers.get('retry-after')).toBe('7')
  })
})

test('rate limits throttle a burst beyond the bucket', async () => {
  const limited = await startSimulator({ scenario: { rateLimits: true } })
  const calls = Array.from({ length: 30 }, () =>
    rawCall(
      limited.url,
      'ecs',
      'AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition',
      '{"family":"a","containerDefinitions":[]}',
    ),
  )
  const answers = await Promise.all(calls)
  const throttled = answers.filter((answer) => answer.json().__type === 'ThrottlingException')
  expect(throttled.length).toBeGreaterThanOrEqual(5)
  expect(throttled.length).toBeLessThanOrEqual(10)
  expect(throttled[0]?.json().message).toBe('Rate exceeded')
  await limited.close()
})

test('calls are recorded with input, outcome and count', async () => {
  await call('ssm', ssmTarget('GetParameter'), { Name: '/p' })
  await call('ssm', ssmTarget('GetParameter'), { Name: '/nope' })
  await clients.ecs.send(new ListClustersCommand({}))
  await http('GET', `${simulator.url}/v2/app/manifests/x`)
  expect(simulator.calls).toMatchObject([
    {
      service: 'ssm',
      operation: 'GetParameter',
      input: { Name: '/p' },
      outcome: 'ok',
      status: 200,
      region: 'eu-central-1',
    },
    { service: 'ssm', operation: 'GetParameter', outcome: 'ParameterNotFound', status: 400 },
    { service: 'ecs', operation: 'ListClusters' },
    { service: 'registry', operation: 'GET /v2/app/manifests/x', outcome: 'UNAUTHORIZED', status: 401 },
  ])
  expect(countCalls(simulator.calls)).toEqual({
    'ssm:GetParameter': 2,
    'ecs:ListClusters': 1,
    'registry:GET manifest': 1,
  })
})

describe('answers', () => {
  const model = serviceModel('ssm')!
  const check = (value: unknown) => checkOutput(model, 'GetParameter', 'GetParameterResult', value)

  test.each([
    [{ Parameter: { Nmae: 'x' } }, /has a member that AWS does not know: GetParameter\.Parameter\.Nmae/],
    [{ Parameter: { Version: '1' } }, /expected an integer/],
    [{ Parameter: { Type: 'Text' } }, /expected one of String, StringList, SecureString/],
    [{ Parameter: { LastModifiedDate: 5 } }, /expected a Date/],
  ])('%j cannot leave the simulator', (value, message) => {
    expect(() => check(value)).toThrow(message)
  })

  test('a wrong answer fails the call, and the closing of the simulator', async () => {
    const broken = await startSimulator({ scenario: { seed: { alarms: [{ name: 'errors', state: 'OK' }] } } })
    const { alarms } = broken.world.alarms as unknown as { alarms: Map<string, { state: string }> }
    alarms.get('errors')!.state = 'PURPLE'
    const silenced = jest.spyOn(console, 'error').mockImplementation(() => undefined)
    const answer = await rawCall(broken.url, 'monitoring', 'GraniteServiceVersion20100801.DescribeAlarms', '{}')
    expect(answer).toMatchObject({
      status: 501,
      text: expect.stringContaining('expected one of OK, ALARM, INSUFFICIENT_DATA'),
    })
    await expect(broken.close()).rejects.toThrow('The simulator made mistakes of its own (1)')
    silenced.mockRestore()
  })

  test('undefined members are left out', () => {
    expect(check({ Parameter: { Name: 'x', Value: undefined } })).toEqual({ Parameter: { Name: 'x' } })
  })
})

test('services of other regions share nothing', async () => {
  await expect(
    clientsOf(simulator.url, 'us-east-1').ssm.send(new GetParameterCommand({ Name: '/p' })),
  ).rejects.toMatchObject({
    name: 'ParameterNotFound',
  })
})
