import { describe, expect, test } from '@jest/globals'
import { endsWell, levelOne, levelTwo, type Stage, stage, withRecord } from './support.ts'

const ready = (world: Stage) =>
  world.writeRecord({ schema: { level: levelOne, digest: world.digests.one, since: '2026-01-01T00:00:00Z' } })

describe('wrong inputs end the step before any call', () => {
  const wrong: [Record<string, string>, RegExp][] = [
    [{ cluster: '' }, /"cluster" is required/],
    [{ cluster: 'a b' }, /"cluster" is "a b". Valid: the name of an ECS cluster .* or its ARN/],
    [{ service: '' }, /"service" is required/],
    [{ service: 'web, a/b' }, /"service" holds "a\/b"/],
    [{ command: '' }, /"command" is required/],
    [{ command: 'npm run migrate && true' }, /"command" uses "&"/],
    [{ command: '["npm", 1]' }, /"command" is/],
    [{ digest: 'sha256:123' }, /"digest" is "sha256:123". Valid: sha256/],
    [{ digest: '' }, /"repository" is "web", but "digest" is empty/],
    [{ repository: 'UPPER' }, /"repository" is "UPPER"/],
    [{ registry: '12' }, /"registry" is "12"/],
    [{ timeout: 'soon' }, /"timeout" is "soon"/],
    [{ timeout: '1s' }, /at least 10s/],
    [{ cpu: 'much' }, /"cpu" is "much"/],
    [{ memory: '1 MB' }, /"memory" is "1 MB"/],
    [{ variables: 'NAME' }, /"variables" is "NAME"/],
    [{ variables: `A=${'x'.repeat(8200)}` }, /ECS takes 8192/],
    [{ application: 'shop' }, /"environment" is required/],
    [{ environment: 'staging' }, /"application" is required together with "environment"/],
    [{ ...withRecord, application: 'a/b' }, /"application" is "a\/b"/],
    [{ ...withRecord, order: 'loose' }, /"order" is "loose"/],
    [{ 'parameters-path': 'app' }, /"parameters-path" is "app"/],
    [{ 'status-command': 'x' }, /"status-command" is set without "application"/],
  ]
  test('each names the input, the value and what is valid', async () => {
    await using world = await stage()
    const before = world.simulator.calls.length
    for (const [inputs, message] of wrong) {
      const run = await world.run(inputs)
      expect(run.exitCode).toBe(1)
      expect(run.annotations.map((annotation) => annotation.message).join()).toMatch(message)
    }
    const without = await world.run({}, { env: { AWS_REGION: '', AWS_DEFAULT_REGION: '' } })
    expect(without.annotations[0]?.message).toMatch(/No AWS region: input "region"/)
    expect(world.simulator.calls).toHaveLength(before)
  })
})

describe('a role that lacks a right', () => {
  const beforeTheTask: [string, string][] = [
    ['ecs', 'DescribeServices'],
    ['ecs', 'DescribeTasks'],
    ['ecs', 'ListTasks'],
    ['ecs', 'DescribeTaskDefinition'],
    ['ecs', 'RegisterTaskDefinition'],
    ['ecs', 'RunTask'],
    ['ssm', 'GetParameter'],
    ['ssm', 'PutParameter'],
    ['ecr', 'BatchGetImage'],
    ['ecr', 'GetDownloadUrlForLayer'],
  ]
  test.concurrent.each(beforeTheTask)('%s:%s fails before anything runs and names it', async (service, operation) => {
    await using world = await stage()
    world.migration(endsWell)
    await ready(world)
    world.simulator.addFaults({ service, operation, effect: { kind: 'deny' } })
    const run = await world.run(withRecord)

    expect(run.exitCode).toBe(1)
    expect(run.annotations).toHaveLength(1)
    expect(run.annotations[0]?.message).toContain(`${service}:${operation}`)
    expect(await world.pending()).toBeUndefined()
    expect(await world.stoppedTasks()).toBe(0)
  })

  test.concurrent('ecs:StopTask says at the timeout that the task goes on', async () => {
    await using world = await stage()
    world.migration({ startsAfter: 5, exitsAfter: 2000 })
    world.simulator.addFaults({ operation: 'StopTask', effect: { kind: 'deny' } })
    const run = await world.run({ ...withRecord, timeout: '10s' })
    expect(run.exitCode).toBe(1)
    expect(run.annotations[0]?.message).toMatch(/could not be stopped, so it goes on.*ecs:StopTask.*says pending/s)
    expect(JSON.parse(run.state.task ?? '')).toMatchObject({ cluster: 'staging', taskArn: run.outputs['task-arn'] })
  })

  test.concurrent('ecs:DescribeTasks lost on the way says that the task goes on', async () => {
    await using world = await stage()
    world.migration(endsWell)
    world.simulator.addFaults({ operation: 'DescribeTasks', skip: 2, effect: { kind: 'deny' } })
    const run = await world.run(withRecord)
    expect(run.exitCode).toBe(1)
    expect(run.annotations[0]?.message).toMatch(
      /cannot be watched any more.*ecs:DescribeTasks.*goes on.*record says pending/s,
    )
    expect(world.inputsOf('StopTask')).toEqual([])
  })

  test.concurrent('ssm:PutParameter lost on the way tells success and the record apart', async () => {
    await using world = await stage()
    world.migration(endsWell)
    await ready(world)
    world.simulator.addFaults({ operation: 'PutParameter', skip: 2, effect: { kind: 'deny' } })
    const run = await world.run(withRecord)
    expect(run.exitCode).toBe(1)
    expect(run.annotations[0]?.message).toMatch(/migrations are applied.*still says pending.*ssm:PutParameter/s)
    expect(await world.pending()).toBeDefined()
  })

  test.concurrent('ecs:TagResource costs the tags and one warning', async () => {
    await using world = await stage()
    world.migration(endsWell)
    world.simulator.addFaults({
      operation: 'RegisterTaskDefinition',
      contains: '"tags"',
      effect: {
        kind: 'error',
        name: 'AccessDeniedException',
        message:
          'User: arn:aws:sts::123456789012:assumed-role/deploy/x is not authorized to perform: ecs:TagResource on resource: arn:aws:ecs:eu-central-1:123456789012:task-definition/web:* because no identity-based policy allows the ecs:TagResource action',
      },
    })
    const run = await world.run()
    expect(run.exitCode).toBe(0)
    expect(run.annotations.map(({ level }) => level)).toEqual(['warning'])
    expect(run.annotations[0]?.message).toContain('ecs:TagResource')
  })
})

describe('the guard', () => {
  test.concurrent('refuses an image that knows less than the database', async () => {
    await using world = await stage()
    await world.writeRecord({ schema: { level: levelTwo, digest: world.digests.two, since: '2026-01-01T00:00:00Z' } })
    const run = await world.run({ ...withRecord, digest: world.digests.one })
    expect(run.exitCode).toBe(1)
    expect(run.annotations[0]?.message).toContain('0002_orders.sql')
    expect(world.inputsOf('RunTask')).toEqual([])
  })

  test.concurrent('keeps to a freeze, also to one that comes while it prepares', async () => {
    await using world = await stage()
    const freeze = { by: 'op', reason: 'incident', since: '2026-01-01T00:00:00Z' }
    await world.writeRecord({ freeze })
    const run = await world.run(withRecord)
    expect(run.exitCode).toBe(1)
    expect(run.annotations[0]?.message).toContain('Releases are frozen')

    await world.writeRecord({})
    let late: Promise<void> | undefined
    world.simulator.addFaults({ operation: 'RegisterTaskDefinition', effect: { kind: 'delay', milliseconds: 1500 } })
    const second = await world.run(withRecord, {
      onLine: (line) => {
        if (line.includes('0002_orders')) late ??= world.writeRecord({ freeze })
      },
    })
    await late
    expect(second.exitCode).toBe(1)
    expect(second.annotations[0]?.message).toContain('Releases are frozen')
    expect(world.inputsOf('RunTask')).toEqual([])
    expect(await world.pending()).toBeUndefined()
  })

  test.concurrent('keeps a digest that is marked bad away from the database', async () => {
    await using world = await stage()
    await world.writeRecord({ bad: [{ digest: world.digests.two, since: '2026-01-01T00:00:00Z', reason: 'crash' }] })
    const run = await world.run(withRecord)
    expect(run.exitCode).toBe(1)
    expect(run.annotations[0]?.message).toContain('marked bad')
    expect(world.inputsOf('RunTask')).toEqual([])
  })

  test.concurrent('lets an image without migrations pass without a task', async () => {
    await using world = await stage()
    const run = await world.run({ ...withRecord, digest: world.digests.bare })
    expect(run.exitCode).toBe(0)
    expect(run.outputs).toMatchObject({ migrated: 'false', 'schema-level': 'none' })
  })

  test.concurrent('migrates again after a migration of unknown end', async () => {
    await using world = await stage()
    world.migration(endsWell)
    await world.writeRecord({
      schema: { level: levelOne, digest: world.digests.one, since: '2026-01-01T00:00:00Z' },
      pending: { level: levelTwo, digest: world.digests.two, since: '2026-01-02T00:00:00Z' },
    })
    const run = await world.run(withRecord)
    expect(run.exitCode).toBe(0)
    expect(await world.record()).toMatchObject({ schema: { level: levelTwo } })
    expect(await world.pending()).toBeUndefined()
  })

  test.concurrent('keeps an earlier pending when its own task never starts', async () => {
    await using world = await stage()
    world.migration({ placementFailure: { reason: 'RESOURCE:CPU' } })
    const pending = { level: levelTwo, digest: world.digests.two, since: '2026-01-02T00:00:00Z' }
    await world.writeRecord({
      schema: { level: levelOne, digest: world.digests.one, since: '2026-01-01T00:00:00Z' },
      pending,
    })
    const run = await world.run(withRecord)
    expect(run.exitCode).toBe(1)
    expect(await world.pending()).toEqual(pending)
  })
})
