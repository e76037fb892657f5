import { killedAt } from '../../../scripts/attack/killed-early.ts'
import { stage } from './support.ts'

/** Moments of the first half second, in milliseconds: before main's first line, while it loads, reads, registers and starts its task. */
test.each([1, 20, 60, 120, 250, 400])(
  'killed after %d ms, post writes nothing but the stop of a task',
  async (moment) => {
    await using world = await stage()
    const { post, writes } = await killedAt(
      {
        simulator: world.simulator,
        main: (options) => world.run({}, options),
        post: ({ state }) => world.run({}, { entry: 'post', state }),
      },
      moment,
      'SIGKILL',
    )
    expect(post.exitCode).toBe(0)
    expect(writes.filter((call) => call !== 'ecs:StopTask')).toEqual([])
  },
)

test('post without a state of main does nothing', async () => {
  await using world = await stage()
  const before = world.simulator.calls.length
  expect(await world.run({}, { entry: 'post' })).toMatchObject({ exitCode: 0, log: '', annotations: [] })
  expect(world.simulator.calls.slice(before)).toEqual([])
})
