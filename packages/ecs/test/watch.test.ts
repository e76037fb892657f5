import { completedEvent, deploymentOld, deploymentOurs, failedEvent, rollbackEvent, service } from './observations.ts'
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
    expect(seconds).toBeLessThan(8 + 20)
  })
})
