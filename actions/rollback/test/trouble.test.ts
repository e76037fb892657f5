import { level, name, type Stage, since, stage, withRecord } from './stage.ts'

const history = (on: Stage) => ({
  schema: { level: level.two, digest: on.digests.good, since },
  releases: [on.release('bad', 4), on.release('good', 3)],
})

describe('a right that is missing', () => {
  test.concurrent.each([
    ['ssm:GetParameter', []],
    ['ssm:PutParameter', []],
    ['ecs:DescribeServices', []],
    ['ecs:DescribeTaskDefinition', []],
    ['ecs:RegisterTaskDefinition', ['PutParameter', 'PutParameter']],
    ['ecs:UpdateService', ['PutParameter', 'RegisterTaskDefinition', 'PutParameter']],
  ])('%s is named, and what was changed until then is known', async (right, writes) => {
    await using on = await stage()
    await on.write(history(on))
    const [service, operation] = right.split(':')
    on.simulator.addFaults({ service, operation, effect: { kind: 'deny' } })
    const run = await on.run(withRecord)
    expect(run.exitCode).toBe(1)
    expect(run.annotations.map(({ message }) => message).join()).toContain(`The role may not call ${right}`)
    expect(on.writes()).toEqual(writes)
  })

  test.concurrent('to look at images lets the way back go on unchecked', async () => {
    await using on = await stage()
    await on.write(history(on))
    on.simulator.addFaults({ service: 'ecr', operation: 'DescribeImages', effect: { kind: 'deny' } })
    const run = await on.run(withRecord)
    expect(run.outputs.verdict).toBe('completed')
    expect(run.log).toContain(
      'Whether the image is still there was not checked. The role may not call ecr:DescribeImages',
    )
  })
})

test.concurrent('throttling is waited out', async () => {
  await using on = await stage()
  await on.write(history(on))
  on.simulator.addFaults({ times: 6, effect: { kind: 'error', name: 'ThrottlingException' } })
  expect((await on.run(withRecord)).outputs.verdict).toBe('completed')
})

describe('a deployment that is running', () => {
  test.concurrent.each([
    ['high', 'web:5'],
    ['panic', 'web:3'],
  ])('is replaced with priority %s', async (priority, revision) => {
    await using on = await stage({ startAt: 3, speed: 40 })
    await on.write({ ...history(on), releases: [on.release('good', 3)] })
    on.simulator.addBehaviours({ match: { digest: on.digests.bad }, behaviour: { exitsAfter: 1, exitCode: 1 } })
    await on.update('web', 'web:4')
    const run = await on.run({ ...withRecord, priority })
    expect(run.outputs).toMatchObject({ from: on.digests.bad, to: on.digests.good, verdict: 'completed' })
    expect(run.outputs['task-definition']).toBe(revision)
    expect((await on.read())?.bad).toEqual([expect.objectContaining({ digest: on.digests.bad })])
  })

  test.concurrent('is stopped where ECS takes no more', async () => {
    await using on = await stage({ startAt: 3, speed: 40 })
    await on.write({ ...history(on), releases: [on.release('good', 3)] })
    await on.update('web', 'web:4')
    on.simulator.addFaults({
      service: 'ecs',
      operation: 'UpdateService',
      times: 2,
      effect: {
        kind: 'error',
        name: 'InvalidParameterException',
        message: '5 active deployments exist, unable to create new deployment.',
      },
    })
    const run = await on.run(withRecord)
    expect(run.log).toContain('five deployments are active')
    expect(on.calls().map(({ operation }) => operation)).toContain('StopServiceDeployment')
    expect(run.outputs).toMatchObject({ to: on.digests.good, verdict: 'completed' })
  })
})

test.concurrent('a damaged record is said, and nothing is changed', async () => {
  await using on = await stage()
  await on.put(name, { format: 1, releases: 'none' })
  const run = await on.run(withRecord)
  expect(run.exitCode).toBe(1)
  expect(run.annotations[0]?.message).toContain('is damaged')
  expect(on.writes()).toEqual([])
})

test.concurrent('a way back that fails says why, stays frozen, and is no release that ended well; what serves still is not bad', async () => {
  await using on = await stage({
    scenario: {
      behaviours: [
        { match: { label: `io.github.deploy-actions.schema-level=${level.two}`, family: 'web' }, behaviour: {} },
      ],
    },
  })
  await on.write(history(on))
  on.simulator.addBehaviours({
    match: { digest: on.digests.good },
    behaviour: { exitsAfter: 2, exitCode: 3, log: [{ line: 'no database' }] },
  })
  const run = await on.run(withRecord)
  expect(run).toMatchObject({ exitCode: 1, outputs: { verdict: 'rolled-back' } })
  expect(run.annotations.at(-1)?.message).toMatch(
    /^The way back did not complete\.\nweb: [0-9a-f]{12} \(web:4\) still serves\./,
  )
  const notices = run.annotations.filter(({ level }) => level === 'notice').map(({ message }) => message)
  expect(notices[0]).toMatch(/^web: [0-9a-f]{12} \(web:4\) still serves\. Go back to another release/)
  expect(notices[1]).toMatch(/^Releases are frozen/)
  expect(run.summary).toContain('still serves')
  expect(run.log).toContain('exit code 3')
  expect(run.log).toContain('no database')
  expect(await on.read()).toMatchObject({
    freeze: { reason: 'incident 42' },
    // It serves still, so it is not bad.
    bad: [],
    intent: { kind: 'rollback', outcome: 'failed' },
    releases: [{ digest: on.digests.bad }, {}],
  })
})

test.concurrent('of two services that go back together one that fails makes the verdict', async () => {
  await using on = await stage()
  await on.write(history(on))
  on.simulator.addBehaviours({
    match: { digest: on.digests.good, service: 'worker' },
    behaviour: { exitsAfter: 2, exitCode: 1 },
  })
  const run = await on.run({ ...withRecord, service: 'web,worker' })
  expect(run).toMatchObject({ exitCode: 1, outputs: { verdict: 'rolled-back' } })
  expect(run.annotations.at(-1)?.message).toMatch(/\nworker: .* still serves\./)
  expect(run.annotations.at(-1)?.message).not.toMatch(/\nweb: /)
  expect((await on.serves('web')).digest).toBe(on.digests.good)
  expect((await on.read())?.releases).toHaveLength(2)
})

test.concurrent('a timeout leaves the way back running and says so', async () => {
  await using on = await stage({ speed: 1 })
  await on.write(history(on))
  const run = await on.run({ ...withRecord, timeout: '10s' })
  expect(run).toMatchObject({ exitCode: 1, outputs: { verdict: 'timed-out' } })
  expect((await on.serves()).digest).toBe(on.digests.good)
})

test.concurrent('a cancel leaves the way back running and ends in time', async () => {
  await using on = await stage({ speed: 1 })
  await on.write(history(on))
  const cancel = new AbortController()
  const run = await on.run(withRecord, {
    signal: cancel.signal,
    onLine: (line) => {
      if (line.includes('has begun')) setTimeout(() => cancel.abort(), 500)
    },
  })
  expect(run).toMatchObject({ exitCode: 1, killed: false, cancelled: true })
  expect(run.log).toContain('The run was cancelled')
  expect((await on.serves()).digest).toBe(on.digests.good)
})

describe('priority normal', () => {
  test.concurrent('waits for the release that holds the lock', async () => {
    await using on = await stage()
    await on.write(history(on))
    await on.put(`${name}/lock`, { holder: { token: 't', run: 'run 9' }, since, until: '2099-01-01T00:00:00Z' })
    const run = await on.run(
      { ...withRecord, priority: 'normal' },
      {
        onLine: (line) => {
          if (line.includes('Waiting for the lock')) void on.put(`${name}/lock`, { since })
        },
      },
    )
    expect(run.outputs.verdict).toBe('completed')
    expect(run.log).toContain('run 9 holds it since')
    expect((await on.serves()).digest).toBe(on.digests.good)
  })

  test.concurrent('waits for the deployment that is running', async () => {
    await using on = await stage({ startAt: 3, speed: 60 })
    await on.write(history(on))
    await on.update('web', 'web:4')
    const run = await on.run({ ...withRecord, priority: 'normal' })
    expect(run.log).toMatch(/web: deployment ecs-svc\/\d+ of web:\d+ is in progress .* Waiting until it has ended/)
    expect(run.outputs).toMatchObject({ from: on.digests.bad, to: on.digests.good, verdict: 'completed' })
  })

  test.concurrent('gives up in time, with nothing changed', async () => {
    await using on = await stage()
    await on.write(history(on))
    await on.put(`${name}/lock`, { holder: { token: 't', run: 'run 9' }, since, until: '2099-01-01T00:00:00Z' })
    const run = await on.run({ ...withRecord, priority: 'normal', timeout: '10s' })
    expect(run.exitCode).toBe(1)
    expect(run.annotations.at(-1)?.message).toMatch(
      /run 9 still holds the lock\. Nothing was changed\. With priority: high/,
    )
    expect(on.writes()).toEqual([])
  })
})

describe('a wrong input fails before any call', () => {
  test.concurrent.each([
    [{ service: '' }, 'Input "service" is required'],
    [{ priority: 'urgent' }, 'Input "priority" is "urgent". Valid: high, panic, normal.'],
    [{ to: 'sha256:123' }, 'Input "to" is "sha256:123". Valid: previous, a digest'],
    [{ application: 'shop' }, 'Input "environment" is required together with "application"'],
  ])('%j', async (inputs, message) => {
    await using on = await stage()
    const before = on.simulator.calls.length
    const run = await on.run(inputs as Record<string, string>)
    expect(run.exitCode).toBe(1)
    expect(run.annotations).toEqual([expect.objectContaining({ message: expect.stringContaining(message) })])
    expect(on.simulator.calls).toHaveLength(before)
  })

  test.concurrent('no region', async () => {
    await using on = await stage()
    const before = on.simulator.calls.length
    const run = await on.run({}, { env: { AWS_REGION: '', AWS_DEFAULT_REGION: '' } })
    expect(run.annotations[0]?.message).toContain('No AWS region')
    expect(on.simulator.calls).toHaveLength(before)
  })
})

describe('answers of UpdateService that are lost', () => {
  const lost = (when: 'before' | 'after', contains?: string) => ({
    service: 'ecs',
    operation: 'UpdateService',
    times: 20,
    ...(contains && { contains }),
    effect: { kind: 'drop', when } as const,
  })

  test.concurrent('both services went back all the same, and the way back is watched to its end', async () => {
    await using on = await stage()
    await on.write(history(on))
    on.simulator.addFaults(lost('after'))
    const run = await on.run({ ...withRecord, service: 'web,worker' })
    expect(run).toMatchObject({ exitCode: 0, outputs: { verdict: 'completed' } })
    for (const service of ['web', 'worker']) {
      expect(run.log).toMatch(new RegExp(`${service}: the answer of UpdateService was lost .*, the deployment was not`))
      expect((await on.serves(service)).digest).toBe(on.digests.good)
    }
  })

  test.concurrent('one service that cannot be reached does not hold up the other', async () => {
    await using on = await stage()
    await on.write(history(on))
    on.simulator.addFaults(lost('before', '"worker'))
    const run = await on.run({ ...withRecord, service: 'web,worker' })
    expect(run).toMatchObject({ exitCode: 1, outputs: { verdict: 'unknown' } })
    expect((await on.serves('web')).digest).toBe(on.digests.good)
    expect(run.annotations.at(-1)?.message).toMatch(/worker: .* may still serve\.\n.*no clear answer/s)
    expect(run.log).not.toMatch(/defect of the action/)
  })
})
