import fc from 'fast-check'
import { judge } from '../src/deployments/judge.ts'
import type { Observation } from '../src/deployments/types.ts'
import {
  at,
  completedEvent,
  deploymentLater,
  deploymentOld,
  deploymentOurs,
  event,
  failedEvent,
  later,
  observation,
  old,
  ours,
  rollbackEvent,
  service,
  serviceDeployment,
} from './observations.ts'

const counts = fc.record({
  desiredCount: fc.nat(5),
  runningCount: fc.nat(5),
  pendingCount: fc.nat(5),
  failedTasks: fc.nat(30),
})
const rolloutState = fc.constantFrom('IN_PROGRESS', 'COMPLETED', 'FAILED')
const status = fc.constantFrom('ACTIVE', 'DRAINING')
const holder = fc.constantFrom('ours', 'old', 'later')

/** Every way a list of deployments can look: one of the three holds the service, the others may be there or not, with any counts. */
const deployments = fc
  .record({
    holder,
    listed: fc.subarray(['ours', 'old', 'later']),
    ours: fc.record({ counts, rolloutState, status }),
    old: fc.record({ counts, rolloutState, status }),
    later: fc.record({ counts, rolloutState, status }),
  })
  .map((drawn) => {
    const make = { ours: deploymentOurs, old: deploymentOld, later: deploymentLater }
    const names = (['ours', 'old', 'later'] as const).filter(
      (name) => name === drawn.holder || drawn.listed.includes(name),
    )
    return names.map((name) =>
      make[name]({
        ...drawn[name].counts,
        rolloutState: drawn[name].rolloutState as 'COMPLETED',
        status: name === drawn.holder ? 'PRIMARY' : drawn[name].status,
      }),
    )
  })

const events = fc
  .subarray([
    () => failedEvent(),
    () => failedEvent(later),
    () => completedEvent(),
    () => completedEvent(later),
    () => rollbackEvent(),
    () => event(150, 'has reached a steady state.'),
    () => event(120, 'has started 2 tasks: (task 8378fd0fc0d744109128c8d6a0b71524) (task 1).'),
  ])
  .map((makers) => makers.map((make) => make()))

const serviceDeploymentStatus = fc.constantFrom(
  'PENDING',
  'IN_PROGRESS',
  'SUCCESSFUL',
  'STOPPED',
  'STOP_REQUESTED',
  'ROLLBACK_REQUESTED',
  'ROLLBACK_IN_PROGRESS',
  'ROLLBACK_SUCCESSFUL',
  'ROLLBACK_FAILED',
)

const observed: fc.Arbitrary<Observation> = fc
  .record({
    deployments,
    events,
    status: fc.option(serviceDeploymentStatus, { nil: undefined }),
    seen: fc.boolean(),
    seconds: fc.integer({ min: 0, max: 3600 }),
    rollsBack: fc.boolean(),
    access: fc.constantFrom('pending' as const, 'denied' as const, 'absent' as const),
  })
  .map((drawn) =>
    observation({
      service: service(drawn.deployments, {
        deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: drawn.rollsBack } },
      }),
      events: drawn.events,
      serviceDeployment: drawn.status ? serviceDeployment(drawn.status) : undefined,
      access: drawn.status ? 'linked' : drawn.access,
      seen: drawn.seen,
      lastRolloutState: undefined,
      statusSince: at(drawn.seconds),
      now: at(drawn.seconds),
    }),
  )

const primaryOf = (seen: Observation) => seen.service?.deployments?.find(({ status }) => status === 'PRIMARY')?.id
const verdictOf = (seen: Observation) => {
  const judgement = judge(seen)
  return judgement.ended ? judgement.verdict : undefined
}
const says = (seen: Observation, text: string) => seen.events.some(({ message }) => message?.includes(text))
const check = (property: (seen: Observation) => boolean | undefined) =>
  fc.assert(
    fc.property(observed, (seen) => property(seen) !== false),
    { numRuns: 3000 },
  )

test('rolled-back needs the word of the service deployment, or the service back on the earlier deployment', () => {
  check((seen) => {
    if (verdictOf(seen) !== 'rolled-back') return undefined
    return seen.serviceDeployment?.status === 'ROLLBACK_SUCCESSFUL' || primaryOf(seen) === old
  })
})

test('that our deployment is no longer listed never makes it rolled back while a later one holds the service', () => {
  check((seen) => {
    const listed = seen.service?.deployments?.some(({ id }) => id === ours)
    if (listed || primaryOf(seen) !== later || seen.serviceDeployment?.status?.startsWith('ROLLBACK')) return undefined
    return verdictOf(seen) !== 'rolled-back'
  })
})

test('completed is never said of a deployment that ECS rolled back', () => {
  check((seen) => {
    const status = seen.serviceDeployment?.status
    if (status?.startsWith('ROLLBACK') || status === 'STOP_REQUESTED') return verdictOf(seen) !== 'completed'
    const failed =
      says(seen, `(deployment ${ours}) deployment failed`) && !says(seen, `(deployment ${ours}) deployment completed`)
    const own = seen.service?.deployments?.find(({ id }) => id === ours)
    if (failed && own?.rolloutState !== 'COMPLETED' && primaryOf(seen) === old) return verdictOf(seen) !== 'completed'
    return undefined
  })
})

test('completed needs a word of success: the service deployment, rolloutState or the event', () => {
  check((seen) => {
    if (verdictOf(seen) !== 'completed') return undefined
    const own = seen.service?.deployments?.find(({ id }) => id === ours)
    return (
      seen.serviceDeployment?.status === 'SUCCESSFUL' ||
      own?.rolloutState === 'COMPLETED' ||
      says(seen, `(deployment ${ours}) deployment completed`)
    )
  })
})

test('task counts decide nothing', () => {
  fc.assert(
    fc.property(observed, fc.array(counts, { minLength: 3, maxLength: 3 }), (seen, other) => {
      const recounted = {
        ...seen,
        service: {
          ...seen.service,
          deployments: seen.service?.deployments?.map((one, index) => ({ ...one, ...other[index] })),
        },
      }
      expect(verdictOf(recounted)).toBe(verdictOf(seen))
    }),
    { numRuns: 2000 },
  )
})

test('the order of events and deployments decides nothing', () => {
  fc.assert(
    fc.property(observed, (seen) => {
      const deployments = [...(seen.service?.deployments ?? [])].reverse()
      const turned = { ...seen, events: [...seen.events].reverse(), service: { ...seen.service, deployments } }
      expect(judge(turned)).toEqual(judge(seen))
    }),
    { numRuns: 2000 },
  )
})

test('a verdict once given stands, however long one looks at the same', () => {
  fc.assert(
    fc.property(observed, fc.nat(100_000), (seen, seconds) => {
      const first = judge(seen)
      fc.pre(first.ended)
      expect(judge({ ...seen, now: new Date(seen.now.getTime() + seconds * 1000) })).toEqual(first)
    }),
    { numRuns: 2000 },
  )
})
