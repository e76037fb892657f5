import { describe, expect, test } from '@jest/globals'
import { endsWell, levelOne, levelTwo, stage, withRecord } from './support.ts'

const since = '2026-01-01T00:00:00Z'

describe('one at a time', () => {
  test.concurrent('a repeated job follows the task that still runs', async () => {
    await using world = await stage()
    world.migration({ ...endsWell, exitsAfter: 150 })
    // Of a runner that is lost no StopTask comes.
    world.simulator.addFaults({ operation: 'StopTask', effect: { kind: 'drop', when: 'before' } })
    const cancel = new AbortController()
    const killed = await world.run(withRecord, {
      signal: cancel.signal,
      grace: { interrupt: 0, terminate: 0 },
      onLine: (line) => (line.includes('RUNNING') ? cancel.abort() : undefined),
    })
    expect(killed.killed).toBe(true)
    const again = await world.run(withRecord, { github: { run_attempt: '2' } })
    expect(again.log).toContain('following it instead of starting another')
    expect(again.exitCode).toBe(0)
    expect(again.outputs).toMatchObject({ migrated: 'true', 'schema-level': levelTwo })
    expect(world.inputsOf('RunTask')).toHaveLength(1)
  })

  test.concurrent('another release waits for the migration that runs, and asks the record again', async () => {
    await using world = await stage()
    world.migration({ ...endsWell, exitsAfter: 120 })
    let second: Promise<Awaited<ReturnType<typeof world.run>>> | undefined
    const one = await world.run(
      { ...withRecord, digest: world.digests.one },
      {
        github: { run_id: '1' },
        onLine(line) {
          if (line.includes('PROVISIONING')) second ??= world.run(withRecord, { github: { run_id: '2' } })
        },
      },
    )
    const two = await second!
    expect([...one.annotations, ...two.annotations]).toEqual([])
    expect([one.exitCode, two.exitCode]).toEqual([0, 0])
    expect(two.log).toContain('Another migration runs')
    expect(two.log).toContain(`from schema level ${levelOne} to ${levelTwo}`)
    expect(await world.record()).toMatchObject({ schema: { level: levelTwo } })
  })

  test.concurrent('of two that begin at the same moment only one does', async () => {
    await using world = await stage()
    world.migration(endsWell)
    await world.writeRecord({ schema: { level: levelOne, digest: world.digests.one, since } })
    const runs = await Promise.all([
      world.run(withRecord, { github: { run_id: '1' } }),
      world.run(withRecord, { github: { run_id: '2' } }),
    ])
    const started = await world.stoppedTasks()
    expect(started).toBe(1)
    expect(runs.some(({ exitCode }) => exitCode === 0)).toBe(true)
    for (const { exitCode, annotations } of runs)
      if (exitCode !== 0) expect(annotations[0]?.message).toContain('at this moment')
  })
})

describe('one at a time without a record', () => {
  test.concurrent('of two that start at the same moment one gives way', async () => {
    await using world = await stage()
    world.migration({ ...endsWell, startsAfter: 60, exitsAfter: 40 })
    const runs = await Promise.all([
      world.run({ digest: world.digests.one }, { github: { run_id: '1' } }),
      world.run({ digest: world.digests.two }, { github: { run_id: '2' } }),
    ])
    expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 0])
    const spans = await world.spans()
    expect(spans.length).toBe(2)
    // The second began after the first had ended.
    expect(spans[1]!.started).toBeGreaterThanOrEqual(spans[0]!.ended)
  })
})

describe('a status command', () => {
  const status = { ...withRecord, 'status-command': 'npm run applied' }
  const shows = (...lines: string[]) => ({
    match: { kind: 'run-task' as const, command: 'npm run applied' },
    behaviour: { startsAfter: 5, exitsAfter: 5, exitCode: 0, log: lines.map((line) => ({ after: 1, line })) },
  })

  test.concurrent('that shows everything applied makes the task needless after an unknown end', async () => {
    await using world = await stage()
    world.simulator.addBehaviours(shows('version', '0001_init', '0002_orders'))
    await world.writeRecord({
      schema: { level: levelOne, digest: world.digests.one, since },
      pending: { level: levelTwo, digest: world.digests.two, since },
    })
    const run = await world.run(status)
    expect(run.exitCode).toBe(0)
    expect(run.outputs).toMatchObject({ migrated: 'false', 'schema-level': levelTwo })
    expect(world.inputsOf('RunTask')).toHaveLength(1)
    expect(await world.pending()).toBeUndefined()
  })

  test.concurrent('unmasks a command that exits with 0 and applies nothing', async () => {
    await using world = await stage()
    world.migration(endsWell)
    world.simulator.addBehaviours(shows('0001'))
    await world.writeRecord({ schema: { level: levelOne, digest: world.digests.one, since } })
    const run = await world.run(status)
    expect(run.exitCode).toBe(1)
    expect(run.annotations[0]?.message).toMatch(
      /exited with code 0, but the database has schema level .*0002_orders.sql/s,
    )
    expect(await world.record()).toMatchObject({ schema: { level: levelOne } })
    expect(await world.pending()).toBeUndefined()
  })

  test.concurrent('brings the record back to certainty after a failure', async () => {
    await using world = await stage()
    world.migration({ ...endsWell, exitCode: 4 })
    world.simulator.addBehaviours(shows('1.c40fd5b7', levelOne))
    await world.writeRecord({ schema: { level: levelOne, digest: world.digests.one, since } })
    const run = await world.run(status)
    expect(run.exitCode).toBe(4)
    expect(run.outputs['schema-level']).toBe(levelOne)
    expect(await world.pending()).toBeUndefined()
  })

  test.concurrent('that fails itself proves nothing', async () => {
    await using world = await stage()
    world.migration({ ...endsWell, exitCode: 4 })
    world.simulator.addBehaviours({
      match: { kind: 'run-task', command: 'npm run applied' },
      behaviour: { startsAfter: 5, exitsAfter: 5, exitCode: 1 },
    })
    await world.writeRecord({ schema: { level: levelOne, digest: world.digests.one, since } })
    const run = await world.run(status)
    expect(run.exitCode).toBe(4)
    expect(run.annotations[0]?.message).toContain('The status command has proven nothing')
    expect(await world.pending()).toBeDefined()
  })
})

describe('the revision', () => {
  test.concurrent('is the one that is there when nothing changes', async () => {
    await using world = await stage()
    world.migration(endsWell)
    const once = await world.run()
    const again = await world.run({}, { github: { run_id: '2' } })
    expect([once, again].map(({ outputs }) => outputs['task-definition'])).toEqual(['web:2', 'web:2'])
    expect(world.inputsOf('RegisterTaskDefinition')).toHaveLength(1)
  })

  test.concurrent('of the service runs as it is without an image', async () => {
    await using world = await stage()
    world.migration(endsWell)
    const run = await world.run({ repository: '', digest: '' })
    expect(run.outputs).toMatchObject({ 'exit-code': '0', 'task-definition': 'web:1' })
    expect(world.inputsOf('RegisterTaskDefinition')).toEqual([])
  })

  test.concurrent('refers to the parameters below a path', async () => {
    await using world = await stage({
      scenario: {
        seed: {
          parameters: [
            { name: '/app/staging/DATABASE_URL', type: 'SecureString', value: 'postgres://secret' },
            { name: '/app/staging/LEVEL', type: 'String', value: 'info' },
          ],
        },
      },
    })
    world.migration(endsWell)
    const run = await world.run({ 'parameters-path': '/app/staging' })
    expect(run.exitCode).toBe(0)
    const [registered] = world.inputsOf('RegisterTaskDefinition')
    expect(registered).toMatchObject({
      containerDefinitions: [
        {
          secrets: [
            { name: 'DATABASE_URL', valueFrom: '/app/staging/DATABASE_URL' },
            { name: 'LEVEL', valueFrom: '/app/staging/LEVEL' },
          ],
        },
      ],
    })
    expect(JSON.stringify(world.simulator.calls)).not.toContain('postgres://secret')
  })
})
