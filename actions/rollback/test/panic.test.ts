import { level, name, type Stage, since, withRecord, withStage } from './stage.ts'

const history = (on: Stage) => ({
  schema: { level: level.two, digest: on.digests.good, since },
  releases: [on.release('bad', 4), on.release('good', 3), on.release('old', 2)],
})
const panic = { ...withRecord, priority: 'panic' }

test.concurrent('goes straight back, freezing first, with at most six calls before the update', () =>
  withStage(async (on) => {
    await on.write(history(on))
    const run = await on.run(panic)
    expect(run.outputs).toMatchObject({
      from: on.digests.bad,
      to: on.digests.good,
      verdict: 'completed',
      'task-definition': 'web:3',
    })
    const operations = on.calls().map(({ operation }) => operation)
    const before = operations.slice(0, operations.indexOf('UpdateService'))
    expect(before.length).toBeLessThanOrEqual(6)
    expect(before).toContain('PutParameter')
    expect(on.writes()[0]).toBe('PutParameter')
    expect(operations.slice(before.length)).toContain('DescribeImages')
    expect(await on.read()).toMatchObject({
      freeze: { reason: 'incident 42' },
      bad: [{ digest: on.digests.bad }],
      releases: [{ digest: on.digests.good, services: { web: 'web:3' }, number: 3 }, {}, {}, {}],
    })
    expect(run.annotations.map(({ message }) => message).join()).toContain('The whole task definition went back')
  }))

test.concurrent('several services go at once, with no more calls before the first update', () =>
  withStage(async (on) => {
    await on.write(history(on))
    const run = await on.run({ ...panic, service: 'web,worker' })
    expect(run.outputs['task-definition']).toBe('web:3\nworker:3')
    const operations = on.calls().map(({ operation }) => operation)
    expect(operations.indexOf('UpdateService')).toBeLessThanOrEqual(6)
  }))

test.concurrent('a definition that was deregistered is registered again', () =>
  withStage(async (on) => {
    await on.write(history(on))
    await on.deregister('web:3')
    const run = await on.run(panic)
    expect(run.outputs).toMatchObject({ verdict: 'completed', 'task-definition': 'web:5' })
    expect(run.log).toContain(
      'web:3 was deregistered (INACTIVE) and cannot be deployed; web:5 was registered with the same content',
    )
    expect((await on.read())?.releases[0]?.services).toEqual({ web: 'web:5' })
  }))

describe('onto a task definition that the record does not know, the guard is asked', () => {
  test.concurrent.each(['pending', 'unknown', 'begun'])('while the schema is %s', (what) =>
    withStage(async (on) => {
      const first = { digest: on.digests.bad, level: level.two, since }
      await on.write({
        releases: [on.release('bad', 4)],
        ...(what === 'pending' && { pending: first }),
        ...(what === 'begun' && {
          schema: { level: 'none', since },
          intent: { ...first, kind: 'release', number: 5, target: {}, services: {}, outcome: 'failed' },
        }),
      })
      const run = await on.run({ ...panic, to: 'web:1' })
      expect(run).toMatchObject({ exitCode: 1, outputs: { verdict: 'refused' } })
      expect(on.writes()).toEqual([])
    }),
  )

  test.concurrent('and one of the right schema is recorded with the digest that it pins', () =>
    withStage(async (on) => {
      await on.write({
        schema: { level: level.two, digest: on.digests.good, since },
        releases: [on.release('bad', 4)],
      })
      const run = await on.run({ ...panic, to: 'web:3' })
      expect(run.outputs).toMatchObject({ to: on.digests.good, verdict: 'completed' })
      expect(await on.read()).toMatchObject({ releases: [{ digest: on.digests.good, level: level.two }, {}] })
    }))

  test.concurrent('on a database without migrations the digest is learnt beside the deployment, and recorded', () =>
    withStage(async (on) => {
      await on.write({ schema: { level: 'none', since }, releases: [on.release('bad', 4, { level: 'none' })] })
      const run = await on.run({ ...panic, to: 'web:3' })
      expect(run.outputs).toMatchObject({ to: on.digests.good, verdict: 'completed' })
      expect(run.log).not.toContain('does not list this rollback')
      expect((await on.read())?.releases[0]).toMatchObject({ digest: on.digests.good, services: { web: 'web:3' } })
    }))
})

test.concurrent('a record that cannot be written does not hold it up, and is tried again', () =>
  withStage(async (on) => {
    await on.write(history(on))
    on.simulator.addFaults({ service: 'ssm', operation: 'PutParameter', times: 1, effect: { kind: 'deny' } })
    const run = await on.run(panic)
    expect(run.outputs.verdict).toBe('completed')
    expect(run.log).toContain('releases are not frozen yet; going back first. The role may not call ssm:PutParameter')
    expect(await on.read()).toMatchObject({ freeze: { reason: 'incident 42' }, bad: [{ digest: on.digests.bad }] })
  }))

describe('a record that cannot be read', () => {
  const unreadable = {
    throttled: async (on: Stage) => {
      await on.write(history(on))
      on.simulator.addFaults({
        service: 'ssm',
        operation: 'GetParameter',
        effect: { kind: 'error', name: 'ThrottlingException' },
      })
    },
    damaged: (on: Stage) => on.put(name, { format: 1, releases: 'none' }),
  }
  const kinds = [
    ['throttled', 'Rate exceeded'],
    ['damaged', 'is damaged'],
  ] as const

  test.concurrent.each(kinds)('%s: the guard cannot be asked, and the message names the way out', (kind, why) =>
    withStage(async (on) => {
      await unreadable[kind](on)
      const run = await on.run(panic)
      expect(run.exitCode).toBe(1)
      const message = run.annotations.at(-1)?.message ?? ''
      expect(message).toContain(`The record ${name} could not be read: `)
      expect(message).toContain(why)
      expect(message).toMatch(/guard cannot be asked .*Nothing was changed\..*panic with across-schema: true/)
      expect(message).not.toMatch(/defect/)
      expect(on.writes()).toEqual([])
    }),
  )

  test.concurrent.each(kinds)("%s: across-schema goes back by ECS's own list", (kind, why) =>
    withStage(async (on) => {
      for (const revision of [3, 4]) {
        await on.update('web', `web:${revision}`)
        await on.settled()
      }
      await unreadable[kind](on)
      const run = await on.run({ ...panic, 'across-schema': 'true' })
      expect(run).toMatchObject({ exitCode: 0, outputs: { verdict: 'completed', 'task-definition': 'web:3' } })
      expect(run.log).toContain(why)
      const writes = on.calls().map(({ operation }) => operation)
      expect(writes.slice(0, writes.indexOf('UpdateService'))).not.toContain('PutParameter')
      expect(run.annotations.map(({ message }) => message).join()).toContain('releases are not frozen')
    }),
  )
})

test.concurrent('a record that can never be written is said at the end too', () =>
  withStage(async (on) => {
    await on.write(history(on))
    on.simulator.addFaults({ service: 'ssm', operation: 'PutParameter', effect: { kind: 'deny' } })
    const run = await on.run(panic)
    expect(run).toMatchObject({ exitCode: 0, outputs: { verdict: 'completed' } })
    expect(run.annotations.map(({ message }) => message).join()).toContain(
      'releases are not frozen, and the bad image is not marked',
    )
  }))

test.concurrent('an image that is gone is said beside it', () =>
  withStage(async (on) => {
    const gone = `sha256:${'d'.repeat(64)}`
    await on.write({
      schema: history(on).schema,
      releases: [on.release('bad', 4), { ...on.release('good', 3), digest: gone }],
    })
    const run = await on.run(panic)
    expect(run.annotations).toContainEqual(
      expect.objectContaining({
        level: 'error',
        message: expect.stringContaining('shop@dddddddddddd is not in ECR'),
      }),
    )
  }))

test.concurrent('a release of which no definition is known gets one registered', () =>
  withStage(async (on) => {
    await on.write({ ...history(on), releases: [on.release('bad', 4), on.release('good', 3, { services: {} })] })
    const run = await on.run(panic)
    expect(run.outputs).toMatchObject({ verdict: 'completed', 'task-definition': 'web:5' })
    expect(run.log).toContain('no task definition of that release is known')
  }))
