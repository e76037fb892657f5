import type { Service, Task } from '@aws-sdk/client-ecs'
import { describe, expect, test } from '@jest/globals'
import { networkOf, type TaskDefinitionInput } from '../src/index.ts'
import { commandWords } from '../src/inputs.ts'
import { logLocation } from '../src/tasks/log-location.ts'
import { placementFailureText } from '../src/tasks/placement-failures.ts'
import { taskEnd } from '../src/tasks/task-end.ts'

const taskArn = 'arn:aws:ecs:eu-central-1:123456789012:task/prod/0123456789abcdef0123456789abcdef'

describe('taskEnd', () => {
  const ended = (
    stopCode: string,
    containers: Task['containers'],
    stoppedReason = 'Essential container in task exited',
  ) => taskEnd({ stopCode, stoppedReason, containers } as Task, 'web')

  test('the exit code of the chosen container decides, not those killed beside it', () => {
    const end = ended('EssentialContainerExited', [
      { name: 'agent', exitCode: 137 },
      { name: 'web', exitCode: 0 },
    ])
    expect(end).toMatchObject({ succeeded: true, exitCode: 0, cause: 'Container "web" exited with code 0.' })
  })

  test('code 0 after a StopTask is no success', () => {
    const end = ended('UserInitiated', [{ name: 'web', exitCode: 0 }], 'enough')
    expect(end.succeeded).toBe(false)
    expect(end.cause).toBe('The task was stopped from outside: enough. Container "web" then exited with code 0.')
  })

  test.each<[string, Task['containers'], string | undefined, RegExp]>([
    ['EssentialContainerExited', [{ name: 'web', exitCode: 3 }], undefined, /^Container "web" exited with code 3\.$/],
    ['EssentialContainerExited', [{ name: 'web', exitCode: 127 }], undefined, /the command is not in the image/],
    [
      'EssentialContainerExited',
      [{ name: 'web', exitCode: 137, reason: 'OutOfMemoryError: Container killed due to memory usage' }],
      undefined,
      /out of memory.*Give the task more memory/,
    ],
    [
      'EssentialContainerExited',
      [
        { name: 'web', exitCode: 143 },
        { name: 'agent', exitCode: 1, reason: 'crash' },
      ],
      undefined,
      /Container "agent" exited with code 1 and ECS stopped "web" with it \(code 143\)\. crash\./,
    ],
    [
      'TaskFailedToStart',
      [{ name: 'web' }],
      'CannotPullContainerError: failed to resolve ref x: not found',
      /never ran\. The image does not exist under the name.*CannotPull.*Check repository and digest/,
    ],
    [
      'TaskFailedToStart',
      [{ name: 'web' }],
      'ResourceInitializationError: unable to pull secrets or registry auth: x',
      /cannot read its secrets/,
    ],
    ['TaskFailedToStart', [], 'Task failed to start', /Container "web" never ran\. Task failed to start\./],
    [
      'SpotInterruption',
      [{ name: 'web', exitCode: 143 }],
      'Your Spot Task was interrupted.',
      /The task was stopped \(SpotInterruption\): Your Spot Task was interrupted\./,
    ],
  ])('%s %j', (stopCode, containers, reason, cause) => {
    const end = ended(stopCode, containers, reason)
    expect(end.succeeded).toBe(false)
    expect(end.cause).toMatch(cause)
  })
})

describe('networkOf', () => {
  const network = { awsvpcConfiguration: { subnets: ['subnet-1'], securityGroups: ['sg-1'] } }
  const definition = { family: 'web', networkMode: 'awsvpc', containerDefinitions: [] } as TaskDefinitionInput

  test('takes launch type or capacity providers, never both', () => {
    const strategy = [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }]
    expect(
      networkOf({ launchType: 'FARGATE', platformVersion: '1.4.0', networkConfiguration: network }, definition),
    ).toEqual({
      launchType: 'FARGATE',
      platformVersion: '1.4.0',
      networkConfiguration: network,
    })
    expect(networkOf({ capacityProviderStrategy: strategy, networkConfiguration: network }, definition)).toEqual({
      capacityProviderStrategy: strategy,
      networkConfiguration: network,
    })
  })

  test('sends no network in other network modes, and needs one in awsvpc', () => {
    expect(networkOf({ launchType: 'EC2' }, { ...definition, networkMode: 'bridge' })).toEqual({ launchType: 'EC2' })
    expect(() => networkOf({ serviceName: 'web', launchType: 'EC2' }, definition)).toThrow(
      'Service "web" has no network configuration',
    )
  })

  test('finds the settings of task sets, and of volumes that are made at launch', () => {
    const taskSets = [
      { status: 'ACTIVE' },
      { status: 'PRIMARY', launchType: 'FARGATE' as const, networkConfiguration: network },
    ]
    expect(networkOf({ taskSets }, definition)).toMatchObject({ launchType: 'FARGATE', networkConfiguration: network })
    const service: Service = {
      networkConfiguration: network,
      deployments: [
        {
          status: 'PRIMARY',
          volumeConfigurations: [
            { name: 'data', managedEBSVolume: { roleArn: 'r', sizeInGiB: 10 } },
            { name: 'other' },
          ],
        },
      ],
    }
    const volumes = [{ name: 'data', configuredAtLaunch: true }]
    expect(networkOf(service, { ...definition, volumes }).volumeConfigurations).toEqual([
      {
        name: 'data',
        managedEBSVolume: { roleArn: 'r', sizeInGiB: 10, terminationPolicy: { deleteOnTermination: true } },
      },
    ])
  })
})

describe('logs', () => {
  const awslogs = (options: Record<string, string>) => ({
    name: 'web',
    logConfiguration: { logDriver: 'awslogs' as const, options },
  })

  test('the stream is named by prefix, container and task, or by the runtime id', () => {
    const options = { 'awslogs-group': '/app', 'awslogs-region': 'eu-central-1' }
    expect(logLocation(awslogs({ ...options, 'awslogs-stream-prefix': 'p' }), { taskArn })).toEqual({
      group: '/app',
      stream: 'p/web/0123456789abcdef0123456789abcdef',
      region: 'eu-central-1',
    })
    expect(logLocation(awslogs(options), { taskArn })).toBeUndefined()
    expect(logLocation(awslogs(options), { taskArn, containers: [{ name: 'web', runtimeId: 'abc' }] })).toMatchObject({
      stream: 'abc',
    })
  })

  test('other drivers are named', () => {
    const splunk = { name: 'web', logConfiguration: { logDriver: 'splunk' as const } }
    expect(logLocation(splunk, { taskArn })).toEqual({ unreadable: expect.stringContaining('logs through splunk') })
    expect(logLocation({ name: 'web' }, { taskArn })).toEqual({
      unreadable: expect.stringContaining('no log configuration'),
    })
  })
})

test.each([
  [
    { reason: 'RESOURCE:MEMORY', arn: 'arn:x' },
    /enough free memory.*\(RESOURCE:MEMORY\)\. Instance or resource: arn:x\./,
  ],
  [
    { reason: 'Capacity is unavailable at this time. Please try again later or in a different availability zone' },
    /Fargate has no capacity in the zones/,
  ],
  [{ reason: 'MISSING', arn: 'arn:x' }, /cluster prod or the container instance does not exist \(MISSING\)\.$/],
  [{ reason: 'SOMETHING NEW', detail: 'with detail' }, /^SOMETHING NEW\. with detail\.$/],
  [{}, /^no reason given\.$/],
])('a placement failure in words: %j', (failure, text) => {
  expect(placementFailureText(failure, 'prod')).toMatch(text)
})

describe('commandWords', () => {
  test.each([
    ['npm run migrate', ['npm', 'run', 'migrate']],
    ['  a   b\tc', ['a', 'b', 'c']],
    ['sh -c "migrate $URL && true"', ['sh', '-c', 'migrate $URL && true']],
    ['echo \'a "b"\' "c \\"d\\"" e\\ f \'\'', ['echo', 'a "b"', 'c "d"', 'e f', '']],
    ['a \\\n b', ['a', 'b']],
    ['["sh", "-c", "a; b"]', ['sh', '-c', 'a; b']],
    ['bin/rails db:migrate RAILS_ENV=production', ['bin/rails', 'db:migrate', 'RAILS_ENV=production']],
  ])('%j', (text, words) => {
    expect(commandWords(text, 'command')).toEqual(words)
  })

  test.each([
    ['a && b', '["sh","-c","a && b"]'],
    ['a\nb', '["sh","-c","a && b"]'],
    ['echo $HOME', 'uses "$"'],
    ['ls *.sql', 'uses "*"'],
    ['a "b', 'the quote " is not closed'],
    ['["a"', 'which is not JSON'],
    ['[1]', 'Valid: a JSON list of texts'],
    ['[]', 'Valid: a JSON list of texts'],
  ])('%j is refused', (text, message) => {
    expect(() => commandWords(text, 'command')).toThrow(message)
  })
})
