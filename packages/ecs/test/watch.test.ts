import { completedEvent, deploymentOld, deploymentOurs, service } from './observations.ts'
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

  test('an answer that stays is believed, though no event says why', async () => {
    const { outcomes, seconds } = await watchScripted({
      services: (call) => [call < 5 ? rolling : before],
      list: denied,
    })
    expect(outcomes[0]).toMatchObject({ verdict: 'rolled-back' })
    expect(seconds).toBeLessThan(8 + 20)
  })
})
