import type { Service } from '@aws-sdk/client-ecs'
import {
  completedEvent,
  deploymentOld,
  deploymentOurs,
  failedEvent,
  rollbackEvent,
  service,
  serviceDeployment,
  started,
} from './observations.ts'
import { awsError, watchScripted } from './scripted.ts'

const rolling = service([deploymentOurs(), deploymentOld()])
const before = service([deploymentOld({ status: 'PRIMARY' })])
const completed = service([deploymentOurs({ rolloutState: 'COMPLETED' })], { events: [completedEvent()] })
const denied = () => awsError('AccessDeniedException')

describe('old answers of DescribeServices', () => {
  test.each([2, 3, 7])('answer %i is from before the update: no verdict from it', async (old) => {
    const { outcomes } = await watchScripted({
      services: (call) => [call === old ? before : call < 12 ? rolling : completed],
    })
    expect(outcomes[0]).toMatchObject({ verdict: 'completed' })
  })

  test('the same with the service deployments denied', async () => {
    const { outcomes } = await watchScripted({
      services: (call) => [call % 4 === 2 ? before : call < 12 ? rolling : completed],
      list: denied,
    })
    expect(outcomes[0]).toMatchObject({ verdict: 'completed' })
  })

  test.each([-600, 0, 300, 86_400])('a runner whose clock is %i s ahead', async (seconds) => {
    const { outcomes } = await watchScripted(
      { services: (call) => [call < 4 ? before : call < 12 ? rolling : completed], list: denied },
      { clockAheadMs: seconds * 1000 },
    )
    expect(outcomes[0]).toMatchObject({ verdict: 'completed' })
  })

  test('a failure a moment ago, on a runner whose clock is ahead: the rollback is waited for', async () => {
    const failed = service([deploymentOurs({ rolloutState: 'FAILED' }), deploymentOld()], { events: [failedEvent()] })
    const back = service([deploymentOld({ status: 'PRIMARY' })], { events: [failedEvent(), rollbackEvent()] })
    const { outcomes } = await watchScripted(
      { services: (call) => [call < 4 ? rolling : call < 10 ? failed : back], list: denied },
      { clockAheadMs: 300_000 },
    )
    expect(outcomes[0]).toMatchObject({ verdict: 'rolled-back' })
  })

  test('an answer that stays is believed, though no event says why', async () => {
    const { outcomes, seconds } = await watchScripted({
      services: (call) => [call < 5 ? rolling : before],
      list: denied,
    })
    expect(outcomes[0]).toMatchObject({ verdict: 'rolled-back' })
    expect(seconds).toBeLessThan(8 + 50)
  })

  test('old answers for 25 s, with the service deployments denied, are no way back', async () => {
    const { outcomes } = await watchScripted({
      services: (call) => [call < 5 ? rolling : call < 5 + 17 ? before : call < 40 ? rolling : completed],
      list: denied,
    })
    expect(outcomes[0]).toMatchObject({ verdict: 'completed' })
  })

  test('a rollback that begins 75 s after the failure is still seen', async () => {
    const failed = service([deploymentOurs({ rolloutState: 'FAILED' }), deploymentOld()], { events: [failedEvent()] })
    const back = service([deploymentOld({ status: 'PRIMARY' })], { events: [failedEvent(), rollbackEvent()] })
    const { outcomes, seconds } = await watchScripted({
      services: (call) => [call < 4 ? rolling : call < 54 ? failed : back],
      list: denied,
    })
    expect(seconds).toBeGreaterThan(75)
    expect(outcomes[0]).toMatchObject({ verdict: 'rolled-back' })
  })
})

describe('when the service deployments cannot be read', () => {
  const arn = serviceDeployment('IN_PROGRESS').serviceDeploymentArn!
  const listed = [{ serviceDeploymentArn: arn, targetServiceRevisionArn: 'revision/5434307699940903438' }]
  const current = (one: Service) => ({ ...one, currentServiceDeployment: arn })

  test.each(['ClientException', 'InternalError', 'UnknownOperationException'])(
    '%s at every call: DescribeServices decides',
    async (name) => {
      const { outcomes, warnings } = await watchScripted({
        services: (call) => [current(call < 12 ? rolling : completed)],
        list: () => awsError(name),
        serviceDeployments: () => awsError(name),
      })
      expect(outcomes[0]).toMatchObject({ verdict: 'completed' })
      expect(warnings).toEqual([
        expect.stringMatching(/does not tell about the service deployment \(x\), so it is judged/),
      ])
    },
  )

  test('a deleted service is said to be deleted', async () => {
    const { outcomes, seconds } = await watchScripted({
      services: (call) => [call < 5 ? current(rolling) : service([], { status: 'INACTIVE' })],
      serviceDeployments: (call) =>
        call < 4 ? [serviceDeployment('IN_PROGRESS')] : awsError('ServiceNotFoundException'),
    })
    expect(outcomes[0]).toMatchObject({ verdict: 'failed', reason: expect.stringContaining('deleted') })
    expect(seconds).toBeLessThan(30)
  })

  test('the last status seen does not stand in the way of an end', async () => {
    const { outcomes } = await watchScripted({
      services: (call) => [current(call < 12 ? rolling : before)],
      serviceDeployments: (call) => (call < 4 ? [serviceDeployment('IN_PROGRESS')] : awsError('ClientException')),
    })
    expect(outcomes[0]).toMatchObject({ verdict: 'rolled-back' })
  })

  test('a few failures are sat out, with one question a poll all the same', async () => {
    const { outcomes, warnings, calls } = await watchScripted({
      services: () => [current(rolling)],
      list: () => listed,
      serviceDeployments: (call) =>
        call % 5 === 0 ? [serviceDeployment(call < 20 ? 'IN_PROGRESS' : 'SUCCESSFUL')] : awsError('ClientException'),
    })
    expect(outcomes[0]).toMatchObject({ verdict: 'completed' })
    expect(warnings).toEqual([])
    expect(calls.DescribeServiceDeploymentsCommand).toBeLessThanOrEqual(calls.DescribeServicesCommand!)
  })

  test('when no call comes through at all, nothing is held against them', async () => {
    const cut = (call: number) => call > 3 && call < 30
    const { outcomes, warnings } = await watchScripted({
      services: (call) => (cut(call) ? awsError('TimeoutError') : [current(rolling)]),
      serviceDeployments: (call) =>
        cut(call) ? awsError('TimeoutError') : [serviceDeployment(call < 40 ? 'IN_PROGRESS' : 'SUCCESSFUL')],
    })
    expect(outcomes[0]).toMatchObject({ verdict: 'completed', serviceDeploymentArn: arn })
    expect(warnings).toEqual([expect.stringContaining('Watching is disturbed')])
  })

  test('one bad service does not blind the watch of the others', async () => {
    const worker = { ...started, service: 'worker', serviceArn: `${started.serviceArn}er` }
    const { outcomes } = await watchScripted(
      {
        services: (call) => [
          current(rolling),
          { ...(call < 20 ? rolling : completed), serviceArn: worker.serviceArn, currentServiceDeployment: 'bad' },
        ],
        list: () => [],
        serviceDeployments: (call, arns) =>
          arns.includes('bad')
            ? awsError('ClientException')
            : [serviceDeployment(call < 30 ? 'IN_PROGRESS' : 'SUCCESSFUL')],
      },
      { deployments: [started, worker] },
    )
    expect(outcomes.map(({ verdict }) => verdict)).toEqual(['completed', 'completed'])
    expect(outcomes.map(({ serviceDeploymentArn }) => serviceDeploymentArn)).toEqual([arn, undefined])
  })
})

describe('what no wait can mend ends the watch', () => {
  test.each([
    ['ExpiredTokenException', /credentials expired/],
    ['CredentialsProviderError', /No AWS credentials/],
    ['UnrecognizedClientException', /does not accept the credentials/],
    ['InvalidClientTokenId', /does not accept the credentials/],
    ['AccessDeniedException', /may not call ecs:DescribeServices/],
  ])('%s', async (name, reason) => {
    const { outcomes, seconds } = await watchScripted({
      services: (call) => (call > 4 ? awsError(name) : [rolling]),
      serviceDeployments: (call) => (call > 4 ? awsError(name) : []),
    })
    expect(outcomes[0]).toMatchObject({
      verdict: 'unknown',
      interrupted: 'credentials',
      reason: expect.stringMatching(reason),
    })
    expect(seconds).toBeLessThan(20)
  })

  test('credentials that are out of reach for a moment do not', async () => {
    const { outcomes } = await watchScripted({
      services: (call) => (call % 3 ? awsError('CredentialsProviderError') : [call < 20 ? rolling : completed]),
    })
    expect(outcomes[0]).toMatchObject({ verdict: 'completed' })
  })

  test('a deleted cluster', async () => {
    const { outcomes, seconds } = await watchScripted({
      services: (call) => (call > 4 ? awsError('ClusterNotFoundException') : [rolling]),
      list: (call) => (call > 4 ? awsError('ClusterNotFoundException') : []),
    })
    expect(outcomes[0]).toMatchObject({ verdict: 'failed', reason: expect.stringContaining('the whole cluster') })
    expect(seconds).toBeLessThan(30)
  })
})

test.each([86_400_000 * 60, Number.MAX_SAFE_INTEGER])(
  'a timeout of %i ms, longer than a timer takes',
  async (timeoutMs) => {
    const { outcomes, warnings } = await watchScripted({ services: () => [completed] }, { timeoutMs })
    expect(outcomes[0]).toMatchObject({ verdict: 'completed' })
    expect(warnings).toEqual([])
  },
)

test('completed, and nothing runs: said aloud', async () => {
  const empty = service([deploymentOurs({ rolloutState: 'COMPLETED', runningCount: 0 })], {
    events: [completedEvent()],
    desiredCount: 4,
  })
  const { outcomes, warnings } = await watchScripted({ services: () => [empty] })
  expect(outcomes[0]).toMatchObject({ verdict: 'completed' })
  expect(warnings).toEqual([expect.stringMatching(/But 0 of 4 tasks run/)])
})
