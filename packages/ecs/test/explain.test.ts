import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import type { TaskDefinition } from '@aws-sdk/client-ecs'
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2'
import { awsClient } from '@deploy-actions/aws'
import type { TaskBehaviour } from '@deploy-actions/aws-simulator'
import type { Evidence } from '../src/deployments/evidence.ts'
import { likelyCause } from '../src/deployments/likely-cause.ts'
import type { DeploymentOutcome, StoppedTask, TargetHealthLine } from '../src/deployments/types.ts'
import { explainFailure, reportAnnotation, reportLines, reportMarkdown } from '../src/index.ts'
import { at, deploymentOld, deploymentOurs, observation, service, serviceDeployment, started } from './observations.ts'
import { type Stage, type StageOptions, stage, targetGroupArn } from './stage.ts'

const definition: TaskDefinition = {
  family: 'web',
  containerDefinitions: [
    {
      name: 'app',
      essential: true,
      portMappings: [{ containerPort: 8080 }],
      healthCheck: { command: ['CMD-SHELL', 'curl -f localhost/up'] },
    },
    { name: 'proxy', essential: true },
    { name: 'agent', essential: false },
  ],
}

const task = (
  fields: Partial<StoppedTask> = {},
  container: Partial<StoppedTask['containers'][number]> = {},
): StoppedTask => ({
  taskArn: 'arn:aws:ecs:eu-central-1:123456789012:task/prod/0123456789abcdef0123456789abcdef',
  taskId: '0123456789abcdef0123456789abcdef',
  taskDefinition: started.taskDefinition,
  stopCode: 'EssentialContainerExited',
  stoppedReason: 'Essential container in task exited',
  createdAt: at(10),
  startedAt: at(30),
  endedAt: at(33),
  stoppedAt: at(45),
  containers: [{ name: 'app', essential: true, exitCode: 1, reason: undefined, health: undefined, ...container }],
  ...fields,
})
const notStarted = (stoppedReason: string) =>
  task(
    { stopCode: 'TaskFailedToStart', stoppedReason, startedAt: undefined, endedAt: undefined },
    { exitCode: undefined, reason: stoppedReason },
  )

const outcome = (fields: Partial<DeploymentOutcome> = {}): DeploymentOutcome => ({
  started,
  verdict: 'rolled-back',
  reason: 'ECS rolled back to web:41.',
  interrupted: undefined,
  phase: undefined,
  serviceDeploymentArn: undefined,
  supersededBy: undefined,
  observation: observation({}),
  endedAt: at(300),
  ...fields,
})

const evidence = (fields: Partial<Evidence>): Evidence => ({
  outcome: outcome(),
  breaker: undefined,
  triggeredAlarms: [],
  stoppedTasks: fields.tasks ?? [],
  tasks: [],
  targets: [],
  log: undefined,
  events: [],
  consoleUrl: '',
  gaps: [],
  definition,
  ...fields,
})
const said = (...messages: string[]) => messages.map((message, index) => ({ at: at(index), message }))
const unhealthy = (fields: Partial<TargetHealthLine> = {}): TargetHealthLine => ({
  targetGroup: 'web',
  target: '10.0.0.9',
  port: 8080,
  state: 'unhealthy',
  reason: 'Target.FailedHealthChecks',
  description: 'Health checks failed',
  ...fields,
})

const longRef = `123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop@sha256:${'b'.repeat(64)}`

test.each<[string, Partial<Evidence>, RegExp, RegExp]>([
  [
    'missing image',
    {
      tasks: [
        notStarted(
          `CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref ${longRef}: ${longRef}: not found`,
        ),
      ],
    },
    /does not exist.*sha256:bbbbbbbbbbbb…: not found\.$/,
    /lifecycle rule/,
  ],
  [
    'pull denied',
    {
      tasks: [
        notStarted(
          'CannotPullContainerError: pull access denied for x, repository does not exist or may require authorization: 403',
        ),
      ],
    },
    /may not pull/,
    /execution role/,
  ],
  [
    'no way to the registry',
    {
      tasks: [
        notStarted(
          'CannotPullContainerError: ref pull has been retried 5 time(s): failed to copy: dial tcp 10.0.0.1:443: i/o timeout',
        ),
      ],
    },
    /cannot reach the registry/,
    /NAT gateway/,
  ],
  [
    'rate limit',
    {
      tasks: [
        notStarted(
          'CannotPullContainerError: inspect image has been retried: toomanyrequests: You have reached your pull rate limit',
        ),
      ],
    },
    /rate limit/,
    /pull-through/,
  ],
  [
    'wrong platform at the pull',
    {
      tasks: [
        notStarted(
          "CannotPullContainerError: image Manifest does not contain descriptor matching platform 'linux/amd64'",
        ),
      ],
    },
    /another processor architecture/,
    /runtimePlatform/,
  ],
  [
    'wrong platform at the start',
    {
      tasks: [task({}, { exitCode: 255 })],
      log: { taskId: 't', container: 'app', lines: ['exec /app/server: exec format error'] },
    },
    /another processor architecture/,
    /cpuArchitecture/,
  ],
  [
    'secret that may not be read',
    {
      tasks: [
        notStarted(
          'ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: AccessDeniedException: not authorized',
        ),
      ],
    },
    /cannot read its secrets/,
    /GetSecretValue/,
  ],
  [
    'secret that is not there',
    {
      tasks: [
        notStarted(
          'ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secrets from ssm: invalid parameters: /shop/KEY',
        ),
      ],
    },
    /cannot read its secrets.*\/shop\/KEY/,
    /does not exist in this region/,
  ],
  [
    'log group',
    {
      tasks: [
        notStarted(
          'ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist.',
        ),
      ],
    },
    /cannot write its log/,
    /Create the log group/,
  ],
  [
    'volume',
    {
      tasks: [
        notStarted(
          'ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: mount failed',
        ),
      ],
    },
    /volume cannot be mounted/,
    /2049/,
  ],
  [
    'no addresses',
    {
      tasks: [
        notStarted(
          'ResourceInitializationError: failed to create network: not enough free addresses in subnet subnet-1',
        ),
      ],
    },
    /no network interface/,
    /larger/,
  ],
  [
    'no such program',
    { tasks: [notStarted('CannotStartContainerError: exec: "servr": executable file not found in $PATH')] },
    /cannot be started/,
    /entryPoint and command/,
  ],
  [
    'out of memory',
    { tasks: [task({}, { exitCode: 137, reason: 'OutOfMemoryError: Container killed due to memory usage' })] },
    /used more memory/,
    /more memory/,
  ],
  ['killed', { tasks: [task({}, { exitCode: 137 })] }, /was killed \(exit code 137\)/, /memory/],
  [
    'command not found',
    { tasks: [task({}, { exitCode: 127 })] },
    /is not in the image \(exit code 127\)/,
    /path of the program/,
  ],
  ['segmentation fault', { tasks: [task({}, { exitCode: 139 })] }, /segmentation fault/, /libc/],
  ['a job run as a service', { tasks: [task({}, { exitCode: 0 })] }, /ended by itself with exit code 0/, /foreground/],
  [
    'crash at the start',
    {
      tasks: [task()],
      log: {
        taskId: 't',
        container: 'app',
        lines: ['boot', 'TypeError: x is not a function', '    at main (app.js:1:1)'],
      },
    },
    /exit code 1 3s after its start: TypeError: x is not a function\./,
    /fails while starting/,
  ],
  ['crash after a while', { tasks: [task({ endedAt: at(900) })] }, /exit code 1\.$/, /last lines/],
  [
    'Spot',
    {
      tasks: [
        task({ stopCode: 'SpotInterruption', stoppedReason: 'Your Spot Task was interrupted.' }, { exitCode: 143 }),
      ],
    },
    /Spot interruption/,
    /not Spot/,
  ],
  [
    'container health check',
    { events: said('(task 1) failed container health checks.') },
    /own health check fails \(curl -f localhost\/up\)/,
    /startPeriod/,
  ],
  [
    'wrong path',
    {
      events: said(
        '(task 1) (port 8080) is unhealthy in (target-group arn) due to (reason Health checks failed with these codes: [404]).',
      ),
    },
    /answered with 404/,
    /wrong path/,
  ],
  [
    'no answer',
    { targets: [unhealthy({ reason: 'Target.Timeout', description: 'Request timed out' })] },
    /gets no answer in time/,
    /security group/,
  ],
  ['alarms', { triggeredAlarms: ['5xx'] }, /alarm 5xx went off/, /metric/],
  [
    'no capacity on Fargate',
    {
      events: said(
        'was unable to place a task. Reason: Capacity is unavailable at this time. Please try again later or in a different availability zone',
      ),
    },
    /no capacity/,
    /Spot/,
  ],
  [
    'no capacity on EC2',
    {
      events: said(
        'was unable to place a task because no container instance met all of its requirements. The closest matching container-instance ID has insufficient CPU units available.',
      ),
    },
    /no capacity/,
    /add instances/,
  ],
  [
    'protected tasks',
    {
      events: said(
        'was unable to reach steady state because (taskSet ecs-svc/1) was unable to scale in due to (reason 2 tasks under protection)',
      ),
    },
    /scale-in protection/,
    /UpdateTaskProtection/,
  ],
  [
    'stuck percentages',
    {
      outcome: outcome({
        verdict: 'timed-out',
        interrupted: 'timeout',
        observation: observation({
          service: service([deploymentOurs(), deploymentOld()], {
            desiredCount: 3,
            deploymentConfiguration: { minimumHealthyPercent: 100, maximumPercent: 125 },
          }),
        }),
      }),
    },
    /desired count of 3.*neither stop an old task first nor start a new one first\. Raise maximum-percent to at least 134, or lower minimum-healthy-percent to at most 66/,
    /inputs/,
  ],
  [
    'a PAUSE hook that nobody answers',
    {
      outcome: outcome({
        verdict: 'timed-out',
        interrupted: 'timeout',
        phase: 'paused',
        observation: observation({
          service: service([deploymentOurs(), deploymentOld()], {
            deploymentConfiguration: { strategy: 'BLUE_GREEN' },
          }),
          serviceDeployment: serviceDeployment('IN_PROGRESS', { lifecycleStage: 'POST_SCALE_UP' }),
        }),
      }),
    },
    /PAUSE hook at stage POST_SCALE_UP was still waiting/,
    /Answer it/,
  ],
  [
    'slow draining',
    { outcome: outcome({ verdict: 'timed-out', interrupted: 'timeout' }) },
    /waiting for the old ones to drain/,
    /deregistration delay/,
  ],
])('%s', (_, given, text, advice) => {
  const cause = likelyCause(evidence(given))
  expect(cause?.text).toMatch(text)
  expect(cause?.advice).toMatch(advice)
})

test('nothing known is nothing said', () => {
  expect(likelyCause(evidence({}))).toBeUndefined()
  expect(likelyCause(evidence({ outcome: outcome({ verdict: 'superseded' }), tasks: [task()] }))).toBeUndefined()
})

test('tasks that the scheduler stopped are no cause', () => {
  const scaled = task(
    { stopCode: 'ServiceSchedulerInitiated', stoppedReason: 'Scaling activity initiated by (deployment ecs-svc/1)' },
    { exitCode: 137 },
  )
  expect(likelyCause(evidence({ tasks: [scaled] }))).toBeUndefined()
})

describe('against the simulator', () => {
  let on: Stage
  afterEach(() => on.close())

  async function report(behaviour: TaskBehaviour, options: StageOptions = {}) {
    on = await stage({
      ...options,
      scenario: { ...options.scenario, behaviours: [{ match: { image: '*bbbb*' }, behaviour }] },
      container: {
        logConfiguration: {
          logDriver: 'awslogs',
          options: { 'awslogs-group': '/shop', 'awslogs-region': 'eu-central-1', 'awslogs-stream-prefix': 'web' },
        },
        ...options.container,
      },
    })
    const ended = await on.deploy()
    const clientOptions = { region: 'eu-central-1', log: { info() {} } as never, clock: on.clock }
    return explainFailure(
      {
        ecs: on.ecs,
        logs: async () => awsClient(CloudWatchLogsClient, clientOptions),
        elb: async () => awsClient(ElasticLoadBalancingV2Client, clientOptions),
      },
      ended,
    )
  }
  const seed = { logGroups: ['/shop'] }

  test('a crash: breaker, tasks, exit codes, log, cause, link', async () => {
    const found = await report(
      { exitsAfter: 3, exitCode: 1, log: [{ line: '::error::not a command' }, { line: 'Error: no DATABASE_URL' }] },
      { scenario: { seed } },
    )
    expect(found.breaker).toEqual({ status: 'TRIGGERED', failureCount: 3, threshold: 3 })
    expect(found.stoppedTasks.length).toBeGreaterThanOrEqual(3)
    expect(found.stoppedTasks[0]).toMatchObject({
      stopCode: 'EssentialContainerExited',
      containers: [{ name: 'app', exitCode: 1 }],
    })
    expect(found.log?.lines.at(-1)).toBe('Error: no DATABASE_URL')
    expect(found.cause?.text).toContain('Error: no DATABASE_URL')
    expect(found.gaps).toEqual([])
    const lines = reportLines(found)
    expect(lines.some((line) => line.startsWith('::'))).toBe(false)
    expect(reportAnnotation(found).length).toBeLessThan(4096)
    expect(reportMarkdown(found)).toContain('**Likely cause:**')
  })

  test('targets that are never healthy', async () => {
    const found = await report(
      { unhealthy: { kind: 'target', reason: 'Health checks failed with these codes: [503]' } },
      {
        scenario: { seed: { ...seed, targetGroups: [{ name: 'web' }] } },
        service: {
          loadBalancers: [{ targetGroupArn: targetGroupArn('web'), containerName: 'app', containerPort: 8080 }],
        },
      },
    )
    expect(found.outcome.verdict).toBe('rolled-back')
    expect(found.cause?.text).toMatch(/answered with 503/)
  })

  test('what may not be read stands in the gaps, and the rest is there', async () => {
    const found = await report(
      { exitsAfter: 3, exitCode: 1, log: [{ line: 'broken' }] },
      { scenario: { seed, faults: [{ service: '*', operation: 'GetLogEvents', effect: { kind: 'deny' } }] } },
    )
    expect(found.log).toBeUndefined()
    expect(found.gaps).toEqual([expect.stringMatching(/^The log: .*logs:GetLogEvents/)])
    expect(found.stoppedTasks.length).toBeGreaterThan(0)
  })

  test('another log driver', async () => {
    const found = await report(
      { exitsAfter: 3, exitCode: 1 },
      { container: { logConfiguration: { logDriver: 'awsfirelens' } } },
    )
    expect(found.gaps).toEqual([expect.stringMatching(/logs through awsfirelens/)])
  })
})

describe('the strongest proof makes the cause', () => {
  const target = unhealthy({ description: 'Health checks failed with these codes: [404]' })
  const ofService = (fields: object) => outcome({ observation: observation(fields) })
  test.each<[string, Partial<Evidence>, RegExp]>([
    ['an alarm that went off', { triggeredAlarms: ['shop-5xx'], targets: [target], tasks: [task()] }, /alarm shop-5xx/],
    [
      'a hook that failed',
      {
        outcome: ofService({
          serviceDeployment: {
            statusReason: 'Service deployment rolled back because PRE_SCALE_UP lifecycle hook(s) failed.',
          },
        }),
        targets: [target],
      },
      /lifecycle hook/,
    ],
    ['a stop on request', { outcome: outcome({ verdict: 'stopped' }), targets: [target] }, /stopped on request/],
    ['a task that ended', { targets: [target], tasks: [task()] }, /exit code 1/],
    [
      'a task that found no place',
      {
        targets: [target],
        tasks: [notStarted('Capacity is unavailable at this time. Please try again later.')],
      },
      /no capacity/,
    ],
    [
      "the deployment's own targets, before what only events say",
      {
        targets: [target],
        events: said('(service web) was unable to place a task. Reason: Capacity is unavailable at this time.'),
      },
      /answered with 404/,
    ],
  ])('%s', (_, fields, expected) => {
    expect(likelyCause(evidence(fields))?.text).toMatch(expected)
  })
})

test('a report of anything stays within the limits of an annotation', () => {
  const long = 'x'.repeat(9000)
  const full = evidence({ tasks: [task({ stoppedReason: long })], events: said(long), triggeredAlarms: [long] })
  expect(reportAnnotation({ ...full, cause: { text: long, advice: long } }).length).toBeLessThan(4096)
})
