import type { Simulator } from '@deploy-actions/aws-simulator'
import { killedAt } from '../../../scripts/attack/killed-early.ts'
import { called, counts, deploy, image, stage } from './stage.ts'

let simulator: Simulator
afterEach(() => simulator.close())
const inputs = { image: image('b') }

/** Moments of the first half second, in milliseconds: before main's first line, while it loads, reads, registers and updates. */
test.each([1, 20, 60, 120, 250, 400])('killed after %d ms, post writes nothing but an undo', async (moment) => {
  simulator = await stage({ speed: 4 })
  const { post, writes } = await killedAt(
    {
      simulator,
      main: (options) => deploy(simulator, inputs, options),
      post: ({ state }) => deploy(simulator, inputs, { entry: 'post', state }),
    },
    moment,
    'SIGKILL',
  )
  expect(post.exitCode).toBe(0)
  expect(writes.filter((call) => call !== 'ecs:StopServiceDeployment')).toEqual([])
})

test('post without a state of main does nothing, and says so only to who debugs', async () => {
  simulator = await stage()
  const post = await deploy(simulator, inputs, { entry: 'post' })
  expect(post).toMatchObject({ exitCode: 0, log: '', annotations: [] })
  const debugged = await deploy(simulator, inputs, { entry: 'post', env: { RUNNER_DEBUG: '1' } })
  expect(debugged.log).toContain('No deployment was left under way.')
  expect(simulator.calls).toEqual([])
})

test.each(['DescribeServices', 'DescribeTaskDefinition'])(
  'cancelled while %s is under way: nothing is registered or updated any more, and the step ends',
  async (operation) => {
    simulator = await stage({
      speed: 1,
      scenario: { faults: [{ service: 'ecs', operation, effect: { kind: 'delay', milliseconds: 4_000 } }] },
    })
    const cancel = new AbortController()
    void called(simulator, operation).then(() => cancel.abort())
    const run = await deploy(simulator, inputs, { signal: cancel.signal })
    expect(run).toMatchObject({ exitCode: 1, killed: false })
    expect(run.annotations.at(-1)?.message).toBe('The run was cancelled. Nothing was changed.')
    expect(counts(simulator)).not.toHaveProperty('ecs:RegisterTaskDefinition')
    expect(counts(simulator)).not.toHaveProperty('ecs:UpdateService')
  },
)

test('cancelled while a revision is being registered: the step says that it may be there, and updates nothing', async () => {
  simulator = await stage({
    speed: 1,
    scenario: {
      faults: [{ service: 'ecs', operation: 'RegisterTaskDefinition', effect: { kind: 'delay', milliseconds: 4_000 } }],
    },
  })
  const cancel = new AbortController()
  void called(simulator, 'RegisterTaskDefinition').then(() => cancel.abort())
  const run = await deploy(simulator, inputs, { signal: cancel.signal })
  expect(run.annotations.at(-1)?.message).toMatch(
    /cancelled.*No service was updated; a new revision .* may be registered/,
  )
  expect(counts(simulator)).not.toHaveProperty('ecs:UpdateService')
})
