import { describe, expect, test } from '@jest/globals'
import { container, definition, endsWell, levelOne, levelTwo, sidecar, stage, withRecord } from './support.ts'

describe('a migration that ends well', () => {
  test.concurrent('runs the image in the network of the service, shows its lines and passes its outputs on', async () => {
    await using world = await stage()
    world.migration(endsWell)
    const run = await world.run({ variables: 'LOG_LEVEL=debug\nURL=a=b', cpu: '512', memory: '1 GB' })

    expect(run.annotations).toEqual([])
    expect(run.exitCode).toBe(0)
    expect(run.outputs).toMatchObject({
      'exit-code': '0',
      migrated: 'true',
      'schema-level': '',
      'task-definition': 'web:2',
    })
    expect(run.outputs['task-arn']).toMatch(/^arn:aws:ecs:eu-central-1:123456789012:task\/staging\/[0-9a-f]{32}$/)
    expect(run.log).toMatch(
      /##\[group\]Migration of web: log of container web\n.*\napplying 0002_orders.sql\ndone\n.*##\[endgroup\]/s,
    )
    const [request] = world.inputsOf('RunTask')
    expect(request).toMatchObject({
      count: 1,
      launchType: 'FARGATE',
      networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1a'], securityGroups: ['sg-1'] } },
      overrides: {
        cpu: '512',
        memory: '1 GB',
        containerOverrides: [
          {
            name: 'web',
            command: ['npm', 'run', 'migrate'],
            environment: [
              { name: 'LOG_LEVEL', value: 'debug' },
              { name: 'URL', value: 'a=b' },
            ],
          },
        ],
      },
    })
    expect(String(request?.clientToken)).toMatch(/^[\x21-\x7e]{1,64}$/)
    expect(String(request?.startedBy)).toMatch(/^[\w/-]{1,36}$/)
    const [registered] = world.inputsOf('RegisterTaskDefinition')
    expect(registered).toMatchObject({
      family: 'web',
      containerDefinitions: [
        {
          image: `123456789012.dkr.ecr.eu-central-1.amazonaws.com/web@${world.digests.two}`,
          environment: [{ name: 'PORT' }],
        },
      ],
    })
    expect(run.summary).toContain('Exit code')
    expect(await world.record()).toBeUndefined()
  })

  test.concurrent('writes pending before the task and the level after it', async () => {
    await using world = await stage()
    world.migration(endsWell)
    await world.writeRecord({ schema: { level: levelOne, digest: world.digests.one, since: '2026-01-01T00:00:00Z' } })
    const run = await world.run({ ...withRecord, 'snapshot-id': 'before-two' })

    expect(run.exitCode).toBe(0)
    expect(run.log).toContain(`from schema level ${levelOne} to ${levelTwo}`)
    expect(run.log).toContain('0002_orders.sql')
    expect(run.outputs).toMatchObject({ migrated: 'true', 'schema-level': levelTwo })
    const order = world.simulator.calls
      .map(({ operation }) => operation)
      .filter((name) => /PutParameter|RunTask/.test(name))
    expect(order.slice(1)).toEqual(['PutParameter', 'RunTask', 'PutParameter', 'PutParameter'])
    const written = world.inputsOf('PutParameter').map(({ Value }) => JSON.parse(String(Value)))
    expect(written.at(-3)).toMatchObject({
      schema: { level: levelOne },
      pending: { level: levelTwo },
      snapshot: { id: 'before-two', level: levelOne },
    })
    expect(written.at(-2).pending.task).toMatch(/^[0-9a-f]{32}$/)
    expect(await world.record()).toMatchObject({ schema: { level: levelTwo, digest: world.digests.two } })
    expect((await world.record())?.pending).toBeUndefined()
  })

  test.concurrent('starts no task when the database has the level already', async () => {
    await using world = await stage()
    await world.writeRecord({ schema: { level: levelTwo, digest: world.digests.two, since: '2026-01-01T00:00:00Z' } })
    const run = await world.run(withRecord)

    expect(run.exitCode).toBe(0)
    expect(run.log).toContain('Nothing to migrate')
    expect(run.outputs).toMatchObject({ migrated: 'false', 'schema-level': levelTwo })
    expect(world.inputsOf('RunTask')).toEqual([])
    expect(world.inputsOf('RegisterTaskDefinition')).toEqual([])
  })

  test.concurrent('takes the sidecar that is killed at the end for what it is', async () => {
    await using world = await stage({ definition: definition([sidecar, container()]) })
    world.migration({ ...endsWell, sidecarExitCodes: { agent: 137 } })
    const run = await world.run()
    expect(run.exitCode).toBe(0)
    expect(run.outputs['exit-code']).toBe('0')
  })

  test.concurrent('waits for a task that ECS does not know yet', async () => {
    await using world = await stage()
    world.migration({ ...endsWell, missingFor: 60 })
    const run = await world.run()
    expect(run.exitCode).toBe(0)
    expect(run.log).toContain('is not known to ECS yet')
  })

  test.concurrent('needs no log line, and no log group that it may read', async () => {
    await using world = await stage()
    world.migration({ startsAfter: 2, exitsAfter: 2, exitCode: 0 })
    expect((await world.run()).exitCode).toBe(0)
    world.simulator.addFaults({ service: 'logs', operation: 'GetLogEvents', effect: { kind: 'deny' } })
    const run = await world.run({}, { github: { run_id: '2' } })
    expect(run.exitCode).toBe(0)
    expect(run.log).toContain('logs:GetLogEvents')
  })

  test.concurrent('keeps commands of the application away from the runner', async () => {
    await using world = await stage()
    world.migration({
      ...endsWell,
      log: [
        { after: 1, line: '::set-output name=migrated::no' },
        { after: 1, line: 'see ##[add-mask]done' },
      ],
    })
    const run = await world.run()
    expect(run.outputs.migrated).toBe('true')
    expect(run.masks).toEqual([])
    expect(run.log).toContain('set-output name=migrated')
  })

  test.concurrent('survives an answer to RunTask that is lost, without a second task', async () => {
    await using world = await stage({
      scenario: {
        faults: [{ service: 'ecs', operation: 'RunTask', times: 1, effect: { kind: 'drop', when: 'after' } }],
      },
    })
    world.migration(endsWell)
    const run = await world.run()
    expect(run.exitCode).toBe(0)
    const tokens = world.inputsOf('RunTask').map(({ clientToken }) => clientToken)
    expect(tokens).toHaveLength(2)
    expect(new Set(tokens).size).toBe(1)
    expect(await world.stoppedTasks()).toBe(1)
  })

  test.concurrent('rides out throttling', async () => {
    const throttled = { kind: 'error', name: 'ThrottlingException', message: 'Rate exceeded' } as const
    await using world = await stage({
      scenario: {
        faults: ['DescribeTasks', 'RunTask', 'RegisterTaskDefinition', 'GetLogEvents', 'DescribeServices'].map(
          (operation) => ({ operation, times: 2, effect: throttled }),
        ),
      },
    })
    world.migration(endsWell)
    const run = await world.run()
    expect(run.exitCode).toBe(0)
    expect(await world.stoppedTasks()).toBe(1)
  })
})

describe('a migration that fails', () => {
  test.concurrent('ends the step with the exit code, the last lines, and what it means', async () => {
    await using world = await stage()
    world.migration({ ...endsWell, exitCode: 3, log: [{ after: 1, line: 'relation "orders" already exists' }] })
    await world.writeRecord({ schema: { level: levelOne, digest: world.digests.one, since: '2026-01-01T00:00:00Z' } })
    const run = await world.run(withRecord)

    expect(run.exitCode).toBe(3)
    expect(run.outputs).toMatchObject({ 'exit-code': '3', migrated: 'false', 'schema-level': '' })
    expect(run.annotations).toHaveLength(1)
    const message = run.annotations[0]?.message ?? ''
    expect(message).toContain('exited with code 3')
    expect(message).toContain('relation "orders" already exists')
    expect(message).toContain('half migrated')
    expect(message).toContain('The record says pending')
    expect(await world.record()).toMatchObject({
      schema: { level: levelOne },
      pending: { level: levelTwo, digest: world.digests.two },
    })
  })

  test.concurrent('names the other container when that one took it down', async () => {
    await using world = await stage({ definition: definition([container(), { ...sidecar, essential: true }]) })
    world.migration({ ...endsWell, exitCode: 143, sidecarExitCodes: { agent: 1 } })
    const run = await world.run({ container: 'web' })
    expect(run.annotations[0]?.message).toContain('Container "agent" exited with code 1')
  })

  test.concurrent('that could not pull its image leaves the record as it was', async () => {
    await using world = await stage()
    world.migration({
      startsAfter: 5,
      failsToStart:
        'CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref web: not found',
    })
    await world.writeRecord({ schema: { level: levelOne, digest: world.digests.one, since: '2026-01-01T00:00:00Z' } })
    const run = await world.run(withRecord)

    expect(run.exitCode).toBe(1)
    expect(run.outputs).toMatchObject({ 'exit-code': '', 'schema-level': levelOne })
    expect(run.annotations[0]?.message).toContain('CannotPullContainerError')
    expect(run.annotations[0]?.message).toContain('The command never ran: the database is as it was')
    expect((await world.record())?.pending).toBeUndefined()
    expect(await world.record()).toMatchObject({ schema: { level: levelOne } })
  })

  test.concurrent('whose secrets are missing says where to look', async () => {
    await using world = await stage({
      definition: definition([container({ secrets: [{ name: 'DATABASE_URL', valueFrom: '/app/none' }] })]),
    })
    const run = await world.run()
    expect(run.annotations[0]?.message).toMatch(
      /ResourceInitializationError.*\/app\/none.*does not exist in this region/s,
    )
  })

  test.concurrent('that finds no place says so, and takes pending back', async () => {
    await using world = await stage()
    world.migration({ placementFailure: { reason: 'RESOURCE:MEMORY' } })
    const run = await world.run(withRecord)
    expect(run.exitCode).toBe(1)
    expect(run.annotations[0]?.message).toMatch(/enough free memory.*RESOURCE:MEMORY.*No task runs/s)
    expect((await world.record())?.pending).toBeUndefined()
  })

  test.concurrent('within its time is stopped, and both are said', async () => {
    await using world = await stage()
    world.migration({ startsAfter: 5, log: [{ after: 1, line: 'waiting for a lock' }] })
    const run = await world.run({ ...withRecord, timeout: '10s' })

    expect(run.exitCode).toBe(143)
    expect(run.annotations[0]?.message).toContain('did not end within 10s (input "timeout")')
    expect(run.annotations[0]?.message).toContain('was stopped')
    expect(run.annotations[0]?.message).toContain('waiting for a lock')
    expect(world.inputsOf('StopTask')).toHaveLength(1)
    expect(await world.record()).toMatchObject({ pending: { level: levelTwo } })
  })
})

describe('cancelling', () => {
  test.concurrent('stops the task in time and says what is left', async () => {
    await using world = await stage()
    world.migration({ startsAfter: 5, stopsAfter: 1 })
    const cancel = new AbortController()
    const run = await world.run(withRecord, {
      signal: cancel.signal,
      onLine: (line) => (line.includes('RUNNING') ? cancel.abort() : undefined),
    })
    expect(run.cancelled).toBe(true)
    expect(run.killed).toBe(false)
    expect(run.log).toContain('Asked ECS to stop task')
    expect(run.annotations[0]?.message).toMatch(/The run was cancelled.*The record says pending/s)
    expect(world.inputsOf('StopTask')).toEqual([
      expect.objectContaining({ reason: 'Migration of shop: the run was cancelled' }),
    ])
  })

  test.concurrent('ends within the grace of the runner when the task does not stop at once', async () => {
    await using world = await stage()
    world.migration({ startsAfter: 5, stopsAfter: 100_000 })
    const cancel = new AbortController()
    const run = await world.run(
      {},
      {
        signal: cancel.signal,
        onLine: (line) => (line.includes('RUNNING') ? cancel.abort() : undefined),
      },
    )
    expect(run.killed).toBe(false)
    expect(world.inputsOf('StopTask')).toHaveLength(1)
  })

  test.concurrent('leaves the stop to post when main is killed', async () => {
    await using world = await stage()
    world.migration({ startsAfter: 5 })
    world.simulator.addFaults({ operation: 'StopTask', effect: { kind: 'drop', when: 'before' } })
    const cancel = new AbortController()
    const main = await world.run(
      {},
      {
        signal: cancel.signal,
        grace: { interrupt: 0, terminate: 0 },
        onLine: (line) => (line.includes('RUNNING') ? cancel.abort() : undefined),
      },
    )
    expect(main.killed).toBe(true)
    expect(await world.stoppedTasks()).toBe(0)
    world.simulator.clearFaults()
    const post = await world.run({}, { entry: 'post', state: main.state })
    expect(post.exitCode).toBe(0)
    expect(post.annotations[0]?.message).toContain('is being stopped')
    expect(await world.stoppedTasks()).toBe(1)
  })

  test.concurrent('leaves to post even a task whose start main did not live to see', async () => {
    await using world = await stage()
    world.migration({ startsAfter: 100 })
    world.simulator.addFaults({ operation: 'StopTask', effect: { kind: 'drop', when: 'before' } })
    const cancel = new AbortController()
    const main = await world.run(
      {},
      {
        signal: cancel.signal,
        grace: { interrupt: 0, terminate: 0 },
        onLine: (line) => (/^Task .* started/.test(line) ? cancel.abort() : undefined),
      },
    )
    world.simulator.clearFaults()
    const { region, cluster } = JSON.parse(main.state.task ?? '')
    const startedBy = world.inputsOf('RunTask')[0]?.startedBy
    const early = JSON.stringify({ region, cluster, startedBy, since: new Date().toISOString() })
    const post = await world.run({}, { entry: 'post', state: { ...main.state, task: early } })
    expect(post.annotations[0]?.message).toContain('is being stopped')
    expect(await world.stoppedTasks()).toBe(1)
  })

  test.concurrent('leaves nothing to post after an ordinary end', async () => {
    await using world = await stage()
    world.migration(endsWell)
    const main = await world.run()
    const before = world.simulator.calls.length
    const post = await world.run({}, { entry: 'post', state: main.state })
    expect(post.exitCode).toBe(0)
    expect(world.simulator.calls).toHaveLength(before)
  })
})
