import { killedAt } from '../../../scripts/attack/killed-early.ts'
import { lock, stage } from './stage.ts'

/** Moments of the first half second, in milliseconds: before main's first line, while it loads, takes the lock and writes the record. */
test.each([1, 20, 60, 120, 250, 400])(
  'killed after %d ms, post ends what was begun and begins nothing',
  async (moment) => {
    await using world = await stage()
    const { main, post, writes } = await killedAt(
      {
        simulator: world.simulator,
        main: (options) => world.run({}, options),
        post: (run) => world.post(run, 'cancelled'),
      },
      moment,
      'SIGKILL',
    )
    expect(post.exitCode).toBe(0)
    if (!main.state.ticket) expect(writes).toEqual([])
    const record = await world.read()
    if (record?.intent) expect(record.intent.outcome).toBe('cancelled')
    expect((await world.read<{ holder?: unknown }>(lock))?.holder).toBeUndefined()
  },
)
