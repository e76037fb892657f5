import { StopServiceDeploymentCommand } from '@aws-sdk/client-ecs'
import fc from 'fast-check'
import { bounds } from '../src/ecs/deployments/plan.ts'
import { type Stage, stage } from './ecs-support.ts'

type Action =
  | { kind: 'deploy'; image: 'good' | 'crash' | 'missing' | 'sick' }
  | { kind: 'force' }
  | { kind: 'scale'; count: number }
  | { kind: 'stop' }
  | { kind: 'wait'; seconds: number }

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('deploy' as const),
      image: fc.constantFrom('good', 'crash', 'missing', 'sick'),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'force' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('scale' as const), count: fc.integer({ min: 0, max: 6 }) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'stop' as const }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 400 }) }),
  },
)

const percentages = fc.constantFrom([100, 200], [50, 100], [100, 150], [0, 100], [75, 175])
const TERMINAL = ['SUCCESSFUL', 'STOPPED', 'ROLLBACK_SUCCESSFUL', 'ROLLBACK_FAILED']
const check = { healthCheck: { command: ['CMD', 'true'] } }

async function perform(web: Stage, todo: Action): Promise<void> {
  if (todo.kind === 'wait') web.advance(todo.seconds)
  else if (todo.kind === 'scale') await web.update({ desiredCount: todo.count })
  else if (todo.kind === 'stop') {
    const [newest] = await web.deployments()
    if (!newest || TERMINAL.includes(newest.status ?? '')) return
    await web.ecs.send(new StopServiceDeploymentCommand({ serviceDeploymentArn: newest.serviceDeploymentArn }))
  } else {
    const change =
      todo.kind === 'force'
        ? { forceNewDeployment: true }
        : { taskDefinition: await web.revision(`example.com/web:${todo.image}`, check) }
    await web.update(change).catch((error: Error) => {
      if (!error.message.startsWith('5 active deployments exist')) throw error
    })
  }
}

async function expectSane(web: Stage): Promise<void> {
  const service = await web.service()
  const { deployments = [], events = [] } = service
  expect(deployments.filter(({ status }) => status === 'PRIMARY')).toHaveLength(1)
  expect(deployments[0]?.status).toBe('PRIMARY')
  expect(deployments.length).toBeLessThanOrEqual(5)
  expect(new Set(deployments.map(({ id }) => id)).size).toBe(deployments.length)
  expect(service.taskDefinition).toBe(deployments[0]?.taskDefinition)
  expect(events.length).toBeLessThanOrEqual(100)
  const times = events.map(({ createdAt }) => createdAt!.getTime())
  expect([...times].sort((a, b) => b - a)).toEqual(times)
  for (const { rolloutState, rolloutStateReason, id } of deployments) {
    if (rolloutState === 'COMPLETED') expect(rolloutStateReason).toBe(`ECS deployment ${id} completed.`)
  }
  const open = (await web.deployments()).filter(({ status }) => !TERMINAL.includes(status ?? ''))
  expect(open.length).toBeLessThanOrEqual(1)
}

test('whatever is done to a service, its answers stay sane, and a good deployment in the end puts it right', async () => {
  await fc.assert(
    fc.asyncProperty(
      percentages,
      fc.boolean(),
      fc.array(action, { minLength: 1, maxLength: 12 }),
      async (percents, rollback, actions) => {
        const [minimumHealthyPercent, maximumPercent] = percents
        const web = await stage(
          {
            behaviours: [
              { match: { image: '*:crash' }, behaviour: { exitsAfter: 3, exitCode: 1 } },
              { match: { image: '*:missing' }, behaviour: { failsToStart: 'CannotPullContainerError: not found' } },
              { match: { image: '*:sick' }, behaviour: { unhealthy: { kind: 'container', after: 20 } } },
            ],
            ecs: { serviceDeploymentListDelay: 0 },
          },
          {
            desiredCount: 3,
            deploymentConfiguration: {
              minimumHealthyPercent,
              maximumPercent,
              deploymentCircuitBreaker: { enable: true, rollback },
            },
          },
          check,
        )
        for (const todo of actions) {
          await perform(web, todo)
          await expectSane(web)
        }
        // Deployments that are still draining away may fill the five places for a while.
        web.advance(3000)
        await web.update({ desiredCount: 4, taskDefinition: await web.revision('example.com/web:good', check) })
        web.advance(2000)
        await expectSane(web)
        const { deployments } = await web.service()
        expect(deployments).toMatchObject([
          { rolloutState: 'COMPLETED', runningCount: 4, pendingCount: 0, desiredCount: 4 },
        ])
        expect((await web.deployments())[0]?.status).toBe('SUCCESSFUL')
        expect((await web.events()).at(-1)).toBe('has reached a steady state.')
      },
    ),
    { numRuns: 60 },
  )
})

test("healthy tasks never fall below the floor by the scheduler's own hand", async () => {
  await fc.assert(
    fc.asyncProperty(
      percentages,
      fc.integer({ min: 1, max: 5 }),
      fc.constantFrom('good', 'crash', 'missing', 'sick'),
      async (percents, desiredCount, image) => {
        const [minimumHealthyPercent = 0, maximumPercent = 0] = percents
        const { floor, ceiling } = bounds(desiredCount, minimumHealthyPercent, maximumPercent)
        const web = await stage(
          {
            behaviours: [
              { match: { image: '*:crash' }, behaviour: { exitsAfter: 3, exitCode: 1 } },
              { match: { image: '*:missing' }, behaviour: { failsToStart: 'CannotPullContainerError: not found' } },
              { match: { image: '*:sick' }, behaviour: { unhealthy: { kind: 'container', after: 20 } } },
            ],
          },
          {
            desiredCount,
            deploymentConfiguration: {
              minimumHealthyPercent,
              maximumPercent,
              deploymentCircuitBreaker: { enable: true, rollback: true },
            },
          },
          check,
        )
        await web.update({ taskDefinition: await web.revision(`example.com/web:${image}`, check) })
        for (let at = 0; at < 400; at += 5) {
          web.advance(5)
          const { runningCount = 0, pendingCount = 0 } = await web.service()
          expect(runningCount).toBeGreaterThanOrEqual(floor)
          expect(runningCount + pendingCount).toBeLessThanOrEqual(Math.max(ceiling, desiredCount))
        }
      },
    ),
    { numRuns: 25 },
  )
})
