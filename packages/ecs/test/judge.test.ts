import type { Deployment, DeploymentLifecycleHookStatus, ServiceDeployment } from '@aws-sdk/client-ecs'
import { judge } from '../src/deployments/judge.ts'
import type { Observation } from '../src/deployments/types.ts'
import {
  at,
  completedEvent,
  definition,
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
  started,
} from './observations.ts'

interface Row {
  case: string
  seen: Partial<Observation>
  /** A verdict, or the phase of one that goes on. */
  is: string
  says?: RegExp
}

const pause = serviceDeployment('IN_PROGRESS', {
  lifecycleStage: 'POST_SCALE_UP',
  lifecycleHookDetails: [
    { hookId: 'h1', targetType: 'PAUSE', status: 'AWAITING_ACTION', expiresAt: at(86_400), timeoutAction: 'ROLLBACK' },
  ],
})
const behind = {
  serviceDeployment: serviceDeployment('IN_PROGRESS'),
  service: service([deploymentOurs({ rolloutState: 'COMPLETED' })]),
  events: [completedEvent()],
}
const back = { service: service([deploymentOld({ status: 'PRIMARY' })]) }
const sentBack = (status: DeploymentLifecycleHookStatus) => ({
  ...serviceDeployment('ROLLBACK_SUCCESSFUL', { stoppedAt: at(200) }),
  lifecycleHookDetails: [{ ...pause.lifecycleHookDetails![0], status }],
})
const noRollback = { deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: false } } }
const rollbackReason = 'Service deployment rolled back because the circuit breaker threshold was exceeded.'
const triggered: ServiceDeployment = {
  deploymentCircuitBreaker: { status: 'TRIGGERED', failureCount: 3, threshold: 3 },
}

const rows: Row[] = [
  // Where the service deployment decides.
  { case: 'pending', seen: { serviceDeployment: serviceDeployment('PENDING') }, is: 'rolling' },
  {
    case: 'in progress, everything running',
    seen: { serviceDeployment: serviceDeployment('IN_PROGRESS') },
    is: 'rolling',
  },
  {
    case: 'successful while the old tasks still drain',
    seen: { serviceDeployment: serviceDeployment('SUCCESSFUL') },
    is: 'completed',
    says: /4 tasks of the earlier release still drain/,
  },
  {
    case: 'successful, and one old answer of DescribeServices',
    seen: {
      serviceDeployment: serviceDeployment('SUCCESSFUL'),
      lastRolloutState: 'IN_PROGRESS',
      service: service([deploymentOld({ status: 'PRIMARY' })]),
    },
    is: 'completed',
  },
  {
    case: 'successful by status, but failed by its event',
    seen: {
      serviceDeployment: serviceDeployment('SUCCESSFUL'),
      service: service([deploymentOld({ status: 'PRIMARY' })]),
      events: [failedEvent(), rollbackEvent()],
    },
    is: 'rolled-back',
  },
  {
    case: 'successful with a desired count of 0',
    seen: {
      serviceDeployment: serviceDeployment('SUCCESSFUL'),
      service: service([deploymentOurs({ desiredCount: 0, runningCount: 0 })], { desiredCount: 0, runningCount: 0 }),
    },
    is: 'completed',
    says: /desired count is 0/,
  },
  {
    case: 'rolled back by the breaker',
    seen: {
      serviceDeployment: serviceDeployment('ROLLBACK_SUCCESSFUL', { statusReason: rollbackReason, ...triggered }),
      service: service([deploymentOld({ status: 'PRIMARY' })]),
    },
    is: 'rolled-back',
    says: /rolled back to web:41\. .*circuit breaker/,
  },
  {
    case: 'rolling back',
    seen: { serviceDeployment: serviceDeployment('ROLLBACK_IN_PROGRESS', { statusReason: rollbackReason }) },
    is: 'rolling-back',
  },
  {
    case: 'rollback without a candidate',
    seen: {
      serviceDeployment: serviceDeployment('ROLLBACK_FAILED', {
        statusReason: 'No rollback candidate was found to run the rollback.',
      }),
      service: service([deploymentOurs({ rolloutState: 'FAILED' })], { runningCount: 0 }),
    },
    is: 'failed',
    says: /No rollback candidate.*0 of 4 tasks run/,
  },
  {
    case: 'breaker without rollback',
    seen: {
      serviceDeployment: serviceDeployment('STOPPED', triggered),
      service: service([deploymentOurs({ rolloutState: 'FAILED', runningCount: 0 }), deploymentOld()], noRollback),
    },
    is: 'failed',
    says: /Rollback on failure is off.*4 of web:41 still run/,
  },
  {
    case: 'alarm without rollback',
    seen: {
      serviceDeployment: serviceDeployment('STOPPED', {
        alarms: { status: 'TRIGGERED', alarmNames: ['5xx'], triggeredAlarmNames: ['5xx'] },
      }),
      service: service([deploymentOurs(), deploymentOld()], noRollback),
    },
    is: 'failed',
    says: /alarm 5xx went off/,
  },
  {
    case: 'stopped on request and rolled back',
    seen: {
      serviceDeployment: serviceDeployment('ROLLBACK_SUCCESSFUL'),
      statuses: ['IN_PROGRESS', 'ROLLBACK_REQUESTED', 'ROLLBACK_IN_PROGRESS', 'ROLLBACK_SUCCESSFUL'],
      service: service([deploymentOld({ status: 'PRIMARY' })]),
    },
    is: 'stopped',
    says: /on request.*web:41/,
  },
  {
    case: 'sent back at a PAUSE hook that still waits: by what is not told',
    seen: { ...back, serviceDeployment: sentBack('AWAITING_ACTION') },
    is: 'stopped',
    says: /sent back at its PAUSE hook, by the answer ROLLBACK or by StopServiceDeployment, and ECS rolled back to web:41/,
  },
  {
    case: 'sent back by the answer to a PAUSE hook',
    seen: { ...back, serviceDeployment: sentBack('FAILED') },
    is: 'stopped',
    says: /answered with ROLLBACK/,
  },
  {
    case: 'stopped on request after its PAUSE hook was passed',
    seen: { ...back, serviceDeployment: sentBack('SUCCEEDED') },
    is: 'stopped',
    says: /on request \(StopServiceDeployment\)/,
  },
  {
    case: 'rolled back because nobody answered the PAUSE hook in time',
    seen: { ...back, serviceDeployment: sentBack('TIMED_OUT') },
    is: 'rolled-back',
  },
  {
    case: 'stopped on request without rollback',
    seen: { serviceDeployment: serviceDeployment('STOPPED', { stoppedAt: at(250) }) },
    is: 'stopped',
    says: /tasks of both releases may run/,
  },
  {
    case: 'STOPPED a moment ago without a word of why: waits for DescribeServices to show a successor',
    seen: { serviceDeployment: serviceDeployment('STOPPED'), statusSince: at(299) },
    is: 'settling',
  },
  { case: 'STOPPED for no known reason', seen: { serviceDeployment: serviceDeployment('STOPPED') }, is: 'stopped' },
  ...(['STOPPED', 'SUCCESSFUL', 'IN_PROGRESS'] as const).map((status) => ({
    case: `superseded, its service deployment ${status}`,
    seen: {
      serviceDeployment: serviceDeployment(status),
      service: service([deploymentLater(), deploymentOurs({ status: 'ACTIVE' }), deploymentOld()]),
    },
    is: 'superseded',
    says: /7000000000000000001 with web:43/,
  })),
  {
    case: 'finished before a later one began',
    seen: {
      serviceDeployment: serviceDeployment('SUCCESSFUL', { finishedAt: at(55) }),
      service: service([deploymentLater(), deploymentOurs({ status: 'ACTIVE' })]),
    },
    is: 'completed',
    says: /newer deployment.*web:43/,
  },
  {
    case: 'rolling back when a later one took over',
    seen: {
      serviceDeployment: serviceDeployment('ROLLBACK_IN_PROGRESS', { statusReason: rollbackReason }),
      service: service([deploymentLater()]),
    },
    is: 'failed',
    says: /circuit breaker.*7000000000000000001/,
  },
  ...['PENDING', 'IN_PROGRESS'].map((status) => ({
    case: `failed by its event, replaced before the service deployment shows more than ${status}`,
    seen: {
      serviceDeployment: serviceDeployment(status),
      service: service([deploymentLater(), deploymentOld()]),
      lastRolloutState: 'FAILED',
      events: [failedEvent()],
    },
    is: 'failed',
    says: new RegExp(`deployment failed.*${later} with web:43 has taken over`),
  })),
  {
    case: 'completed, and none of the four tasks runs',
    seen: {
      serviceDeployment: serviceDeployment('SUCCESSFUL'),
      service: service([deploymentOurs({ rolloutState: 'COMPLETED', runningCount: 0 })]),
    },
    is: 'completed',
    says: /But 0 of 4 tasks run/,
  },
  {
    case: 'superseded by one that failed and was rolled back in its turn',
    seen: {
      serviceDeployment: serviceDeployment('STOPPED'),
      service: service([deploymentOld({ status: 'PRIMARY' })]),
      events: [failedEvent(later), rollbackEvent()],
    },
    is: 'superseded',
    says: /7000000000000000001/,
  },
  {
    case: 'failed by rolloutState, service deployment behind',
    seen: {
      serviceDeployment: serviceDeployment('IN_PROGRESS'),
      service: service([deploymentOurs({ rolloutState: 'FAILED' }), deploymentOld()]),
    },
    is: 'settling',
  },
  { case: 'a PAUSE hook', seen: { serviceDeployment: pause }, is: 'paused', says: /POST_SCALE_UP/ },
  {
    case: 'bake time with everything running',
    seen: {
      serviceDeployment: serviceDeployment('IN_PROGRESS', { lifecycleStage: 'BAKE_TIME' }),
      service: service([deploymentOurs()]),
    },
    is: 'baking',
  },
  {
    case: 'shifting traffic',
    seen: { serviceDeployment: serviceDeployment('IN_PROGRESS', { lifecycleStage: 'PRODUCTION_TRAFFIC_SHIFT' }) },
    is: 'shifting',
  },
  {
    case: 'a stage the API has no name for yet',
    seen: { serviceDeployment: serviceDeployment('IN_PROGRESS', { lifecycleStage: 'PRE_ORBIT' as never }) },
    is: 'rolling',
  },
  {
    case: 'a status the API has no name for yet',
    seen: { serviceDeployment: serviceDeployment('REFLECTING') },
    is: 'rolling',
  },
  {
    case: 'a status the API has no name for yet, with the deployment completed',
    seen: {
      serviceDeployment: serviceDeployment('REFLECTED'),
      service: service([deploymentOurs({ rolloutState: 'COMPLETED' })]),
      events: [completedEvent()],
    },
    is: 'completed',
  },
  {
    case: 'a status the API has no name for yet, rolled back',
    seen: {
      serviceDeployment: serviceDeployment('REFLECTED'),
      service: service([deploymentOld({ status: 'PRIMARY' })]),
      events: [failedEvent(), rollbackEvent()],
    },
    is: 'rolled-back',
  },
  {
    case: 'a status the API has no name for yet, at a PAUSE hook',
    seen: { serviceDeployment: { ...pause, status: 'REFLECTING' as never } },
    is: 'paused',
  },
  {
    case: 'completed a moment ago, the service deployment behind',
    seen: { ...behind, completedSince: at(299) },
    is: 'rolling',
  },
  { case: 'completed, the service deployment behind for minutes', seen: behind, is: 'completed' },
  {
    case: 'completed by rolloutState while it bakes',
    seen: {
      ...behind,
      service: service([deploymentOurs({ rolloutState: 'COMPLETED' })], {
        deploymentConfiguration: { strategy: 'BLUE_GREEN' },
      }),
    },
    is: 'rolling',
  },
  {
    case: 'failed and back on the old one, the service deployment behind for minutes',
    seen: {
      serviceDeployment: serviceDeployment('IN_PROGRESS'),
      service: service([deploymentOld({ status: 'PRIMARY' })]),
      events: [failedEvent(), rollbackEvent()],
    },
    is: 'rolled-back',
  },
  {
    case: 'failed without rollback, the service deployment behind for minutes',
    seen: {
      serviceDeployment: serviceDeployment('IN_PROGRESS'),
      service: service([deploymentOurs({ rolloutState: 'FAILED' }), deploymentOld()], noRollback),
    },
    is: 'failed',
  },
  {
    case: 'failed and back on the old one a moment ago, the service deployment behind',
    seen: {
      serviceDeployment: serviceDeployment('IN_PROGRESS'),
      primarySince: at(280),
      service: service([deploymentOld({ status: 'PRIMARY' })]),
      events: [failedEvent(), rollbackEvent()],
    },
    is: 'settling',
  },
  // Where DescribeServices and events decide.
  {
    case: "UpdateService's own answer: nothing desired, nothing running",
    seen: {
      access: 'pending',
      seen: false,
      now: at(0),
      service: service([deploymentOurs({ desiredCount: 0, runningCount: 0 }), deploymentOld()]),
    },
    is: 'rolling',
  },
  { case: 'in progress with all counts met', seen: { service: service([deploymentOurs()]) }, is: 'rolling' },
  {
    case: 'completed',
    seen: { service: service([deploymentOurs({ rolloutState: 'COMPLETED' })]) },
    is: 'completed',
    says: /^web:42 is deployed\.$/,
  },
  { case: 'completed by event', seen: { events: [completedEvent()] }, is: 'completed' },
  {
    case: 'an answer from before the update',
    seen: {
      access: 'pending',
      seen: false,
      now: at(3),
      lastRolloutState: undefined,
      service: service([deploymentOld({ status: 'PRIMARY' })]),
    },
    is: 'starting',
  },
  {
    case: 'an answer from before the update, on a runner whose clock is hours ahead',
    seen: {
      seen: false,
      since: at(9000),
      now: at(9003),
      primarySince: at(9001),
      lastRolloutState: undefined,
      service: service([deploymentOld({ status: 'PRIMARY' })]),
    },
    is: 'starting',
  },
  {
    case: 'rolling back',
    seen: {
      service: service([
        deploymentOld({ status: 'PRIMARY', rolloutState: 'IN_PROGRESS' }),
        deploymentOurs({ status: 'ACTIVE', rolloutState: 'FAILED' }),
      ]),
      events: [failedEvent(), rollbackEvent()],
    },
    is: 'rolling-back',
  },
  {
    case: 'rolled back: the old id is PRIMARY again and ours is gone',
    seen: { service: service([deploymentOld({ status: 'PRIMARY' })]), events: [failedEvent(), rollbackEvent()] },
    is: 'rolled-back',
    says: /web:41 \(ecs-svc\/1485800978477494678\): tasks failed to start/,
  },
  {
    case: 'rolled back under a new id',
    seen: {
      service: service([deploymentLater({ taskDefinition: definition(41), rolloutState: 'COMPLETED' })]),
      events: [failedEvent(), event(101, `rolling back to deployment ${later}.`)],
    },
    is: 'rolled-back',
  },
  {
    case: 'the old one holds the service and no event says why',
    seen: { service: service([deploymentOld({ status: 'PRIMARY' })]) },
    is: 'rolled-back',
    says: /events do not say why/,
  },
  {
    case: 'the old one is PRIMARY while ours is still listed as in progress',
    seen: { service: service([deploymentOld({ status: 'PRIMARY' }), deploymentOurs({ status: 'ACTIVE' })]) },
    is: 'settling',
  },
  {
    case: 'one old answer, with the service deployment still to come',
    seen: {
      access: 'pending',
      now: at(60),
      primarySince: at(30),
      service: service([deploymentOld({ status: 'PRIMARY' })]),
    },
    is: 'settling',
  },
  {
    case: 'one old answer, with the API denied',
    seen: { now: at(4), primarySince: at(4), service: service([deploymentOld({ status: 'PRIMARY' })]) },
    is: 'settling',
  },
  {
    case: 'the old one holds the service, and events prove why at once',
    seen: {
      now: at(4),
      primarySince: at(4),
      service: service([deploymentOld({ status: 'PRIMARY' })]),
      events: [failedEvent(ours, 3), rollbackEvent(3)],
    },
    is: 'rolled-back',
  },
  {
    case: 'rolled back for a hook, reported without an id',
    seen: {
      service: service([deploymentOld({ status: 'PRIMARY' })]),
      events: [
        event(90, 'deployment failed: Service deployment rolled back because PRE_SCALE_UP lifecycle hook(s) failed.'),
      ],
    },
    is: 'rolled-back',
    says: /PRE_SCALE_UP/,
  },
  {
    case: 'breaker without rollback',
    seen: {
      service: service([deploymentOurs({ rolloutState: 'FAILED' }), deploymentOld()], noRollback),
      events: [failedEvent()],
    },
    is: 'failed',
  },
  {
    case: 'failed just now, rollback about to begin',
    seen: {
      failedSince: at(299),
      // AWS's clock is an hour behind ours here: its times must not be measured against ours.
      service: service([deploymentOurs({ rolloutState: 'FAILED', updatedAt: at(-3300) }), deploymentOld()]),
    },
    is: 'rolling-back',
  },
  {
    case: 'failed with nothing to go back to',
    seen: { service: service([deploymentOurs({ rolloutState: 'FAILED', updatedAt: at(299) })]) },
    is: 'failed',
    says: /no earlier deployment to roll back to/,
  },
  {
    case: 'the rollback failed as well',
    seen: {
      service: service([deploymentOld({ status: 'PRIMARY', rolloutState: 'FAILED' })]),
      events: [failedEvent(), rollbackEvent()],
    },
    is: 'failed',
    says: /rollback to web:41.*failed as well/,
  },
  {
    case: 'superseded, still listed',
    seen: { service: service([deploymentLater(), deploymentOurs({ status: 'ACTIVE' }), deploymentOld()]) },
    is: 'superseded',
  },
  {
    case: 'superseded and gone',
    seen: { service: service([deploymentLater({ rolloutState: 'COMPLETED' })]), events: [completedEvent(later)] },
    is: 'superseded',
  },
  {
    case: 'superseded by the release of before, deployed by hand',
    seen: { service: service([deploymentLater({ taskDefinition: definition(41) })]) },
    is: 'superseded',
    says: /web:41/,
  },
  {
    case: 'superseded by a deployment that was rolled back to the old one',
    seen: {
      service: service([deploymentOld({ status: 'PRIMARY' })]),
      events: [failedEvent(later), rollbackEvent()],
    },
    is: 'superseded',
  },
  {
    case: 'completed, then deployed over',
    seen: { service: service([deploymentLater()]), events: [completedEvent()] },
    is: 'completed',
    says: /newer deployment/,
  },
  {
    case: 'failed, then deployed over',
    seen: { service: service([deploymentLater()]), events: [failedEvent()] },
    is: 'failed',
  },
  {
    case: 'gone for good, the state last seen being FAILED',
    seen: { service: service([deploymentOld({ status: 'PRIMARY' })]), lastRolloutState: 'FAILED' },
    is: 'rolled-back',
  },
  {
    case: 'no breaker: failing for ever',
    seen: { service: service([deploymentOurs({ failedTasks: 27, runningCount: 0 }), deploymentOld()]) },
    is: 'rolling',
  },
  {
    case: 'a Classic Load Balancer, which has no rolloutState: steady since',
    seen: {
      lastRolloutState: undefined,
      service: service([deploymentOurs({ rolloutState: undefined })]),
      events: [event(200, 'has reached a steady state.')],
    },
    is: 'completed',
  },
  {
    case: 'a Classic Load Balancer: counts met, but not called steady',
    seen: { lastRolloutState: undefined, service: service([deploymentOurs({ rolloutState: undefined })]) },
    is: 'rolling',
  },
  { case: 'deployments not listed', seen: { service: service([]) }, is: 'starting' },
  { case: 'not described yet', seen: { service: undefined }, is: 'starting' },
  { case: 'missing for a moment', seen: { missingSince: at(298) }, is: 'rolling' },
  { case: 'missing for good', seen: { missingSince: at(280) }, is: 'failed', says: /no longer exists/ },
  { case: 'deleted', seen: { service: service([], { status: 'INACTIVE' }) }, is: 'failed', says: /deleted/ },
]

test.each(rows)('$case → $is', ({ seen, is, says }) => {
  const judgement = judge(observation(seen))
  expect(judgement.ended ? judgement.verdict : judgement.phase).toBe(is)
  if (says) expect(judgement.reason).toMatch(says)
  expect(judgement.reason).not.toMatch(/undefined|null|\{|\s\s|\.\./)
})

test('names who took over', () => {
  const judgement = judge(observation({ service: service([deploymentLater()]) }))
  expect(judgement).toMatchObject({ verdict: 'superseded', supersededBy: later })
})

test('a paused hook carries what is needed to answer it', () => {
  expect(judge(observation({ serviceDeployment: pause }))).toMatchObject({
    hook: { hookId: 'h1', stage: 'POST_SCALE_UP', expiresAt: at(86_400), timeoutAction: 'ROLLBACK' },
  })
})

describe('nothing changed, as the revision asked for is what ECS is rolling back to', () => {
  const running = {
    ...started,
    deploymentId: old,
    previousDeploymentId: old,
    taskDefinition: definition(41),
    previousTaskDefinition: definition(41),
    createdAt: at(-864_000),
    created: false,
  }
  const longAgo = serviceDeployment('SUCCESSFUL', { createdAt: at(-864_000), finishedAt: at(-863_000) })
  test.each<[Deployment['rolloutState'], string]>([
    ['IN_PROGRESS', 'rolling'],
    ['COMPLETED', 'completed'],
    ['FAILED', 'failed'],
    [undefined, 'completed'],
  ])('its rolloutState %s → %s', (rolloutState, is) => {
    const deployments = [
      deploymentOld({ status: 'PRIMARY', rolloutState, runningCount: 0 }),
      deploymentOurs({ status: 'ACTIVE', rolloutState: 'FAILED' }),
    ]
    const judgement = judge(
      observation({
        started: running,
        serviceDeployment: longAgo,
        lastRolloutState: rolloutState,
        service: service(deployments),
      }),
    )
    expect(judgement.ended ? judgement.verdict : judgement.phase).toBe(is)
  })
})

test('what ran already and still runs is completed', () => {
  const running = {
    ...started,
    deploymentId: old,
    previousDeploymentId: old,
    taskDefinition: definition(41),
    created: false,
  }
  expect(
    judge(observation({ started: running, service: service([deploymentOld({ status: 'PRIMARY' })]) })),
  ).toMatchObject({ verdict: 'completed' })
  expect(ours).not.toBe(old)
})
