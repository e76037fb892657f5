import { level, type Stage, since, withRecord, withStage } from './stage.ts'

const history = (on: Stage) => ({
  schema: { level: level.two, digest: on.digests.good, since },
  releases: [on.release('bad', 4), on.release('good', 3), on.release('old', 2)],
})
const wayBack = (on: Stage) => ({
  kind: 'rollback' as const,
  number: 10,
  release: 3,
  digest: on.digests.good,
  level: level.two,
  target: { web: on.digests.good },
  services: {},
  since,
  run: 'run 10',
})
const marked = async (on: Stage) => (await on.read())?.bad.map(({ digest }) => digest)

describe('a way back that has not ended', () => {
  test.concurrent.each(['high', 'panic'])('is joined by the next one, priority %s: not two releases back', (priority) =>
    withStage(async (on) => {
      const bad = [{ digest: on.digests.bad, since }]
      await on.write({ ...history(on), counter: 10, bad, intent: wayBack(on) })
      const run = await on.run({ ...withRecord, priority })
      expect(run.outputs).toMatchObject({ to: on.digests.good, verdict: 'completed' })
      expect(run.log).toContain('where a way back goes that has not ended (run 10)')
      expect(await marked(on)).toEqual([on.digests.bad])
      expect(await on.read()).toMatchObject({ counter: 10, intent: { number: 10, completed: expect.any(String) } })
    }),
  )

  test.concurrent('and has reached the service already: the good release stays, and is not marked', () =>
    withStage(async (on) => {
      const bad = [{ digest: on.digests.bad, since }]
      await on.write({ ...history(on), counter: 10, bad, intent: { ...wayBack(on), target: { web: 'web:3' } } })
      await on.update('web', 'web:3')
      await on.settled()
      const run = await on.run(withRecord)
      expect(run.outputs).toMatchObject({ to: on.digests.good, verdict: 'completed', 'task-definition': 'web:3' })
      expect(await marked(on)).toEqual([on.digests.bad])
      expect((await on.read())?.releases[0]).toMatchObject({ number: 3, services: { web: 'web:3' } })
    }))
})

test.concurrent('the intent, the freeze and the mark are on record before the update, in one write', () =>
  withStage(async (on) => {
    await on.write(history(on))
    await on.run({ ...withRecord, priority: 'panic' })
    const [put] = on.calls().filter(({ operation }) => operation === 'PutParameter')
    const written = JSON.parse((put!.input as { Value: string }).Value)
    expect(written).toMatchObject({
      counter: 10,
      intent: { kind: 'rollback', number: 10, release: 3, digest: on.digests.good, target: { web: 'web:3' } },
      freeze: { reason: 'incident 42' },
      bad: [{ digest: on.digests.bad }],
    })
  }))

describe('what others write between the look and the write', () => {
  const meanwhile = async (on: Stage, more: object) => {
    await on.write(history(on))
    on.simulator.addFaults({
      service: 'ssm',
      operation: 'PutParameter',
      contains: 'rollback',
      times: 1,
      effect: { kind: 'delay', milliseconds: 1500 },
    })
    const running = on.run(withRecord)
    const has = () => on.calls().some(({ operation }) => operation === 'PutParameter')
    while (!has()) await new Promise((done) => setTimeout(done, 20))
    await on.write({ ...history(on), ...more })
    return running
  }

  test.concurrent('a migration that has begun is seen: the way back is refused, and the record is as it was', () =>
    withStage(async (on) => {
      const pending = { level: level.two, digest: on.digests.bad, since, run: 'run 9' }
      const run = await meanwhile(on, { pending })
      expect(run).toMatchObject({ exitCode: 1, outputs: { verdict: 'refused' } })
      expect(run.annotations.at(-1)?.message).toMatch(/^Refused: A migration to level 2\..* by run 9/)
      expect(on.calls().map(({ operation }) => operation)).not.toContain('UpdateService')
    }))

  test.concurrent('another release that has ended well makes another one the release before: looked at again', () =>
    withStage(async (on) => {
      const run = await meanwhile(on, {
        bad: [{ digest: on.digests.good, since }],
        releases: [on.release('bad', 4), on.release('next', 3, { number: 2 })],
      })
      expect(run.outputs).toMatchObject({ to: on.digests.next, verdict: 'completed' })
    }))
})

test.concurrent('onto another definition of the same image, panic marks nothing', () =>
  withStage(async (on) => {
    const services = { web: 'web:4' }
    await on.write({ schema: { level: 'none', since }, releases: [on.release('bad', 4, { level: 'none', services })] })
    const run = await on.run({ ...withRecord, priority: 'panic', to: 'worker:4' })
    expect(run.outputs).toMatchObject({ verdict: 'completed', 'task-definition': 'worker:4' })
    expect(await marked(on)).toEqual([])
  }))

test.concurrent('what serves is marked bad: there is something to take back, whatever ended badly since', () =>
  withStage(async (on) => {
    const failed = { ...wayBack(on), kind: 'release' as const, digest: on.digests.next, outcome: 'failed' as const }
    await on.write({ ...history(on), counter: 10, bad: [{ digest: on.digests.bad, since }], intent: failed })
    expect((await on.run(withRecord)).outputs).toMatchObject({ to: on.digests.good, verdict: 'completed' })
  }))
