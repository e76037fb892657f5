import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { commit, level, lock, name, type Stage, since, stage } from './stage.ts'

let on: Stage
beforeEach(async () => {
  on = await stage()
})
afterEach(() => on[Symbol.asyncDispose]())

const established = (which: 'two' | 'three') => ({ level: level[which], digest: on.digests[which], since })
const under = { kind: 'release' as const, number: 2, target: {} }
const good = (which: 'plain' | 'two', more = {}) => ({
  number: 1,
  digest: on.digests[which],
  commit: 'a'.repeat(40),
  level: which === 'two' ? level.two : 'none',
  services: { web: 'shop:1' },
  at: since,
  ...more,
})

describe('a release that may begin', () => {
  test('the first one starts the record, and an application without migrations is known to have none', async () => {
    const main = await on.run()
    expect(main.exitCode).toBe(0)
    expect(main.outputs).toEqual({
      'schema-level': 'none',
      'database-level': 'none',
      'will-migrate': 'false',
      migrations: '',
      previous: '',
      commits: '',
      'compare-url': '',
      proceed: 'true',
    })
    expect(main.annotations).toEqual([
      expect.objectContaining({
        level: 'notice',
        message: expect.stringContaining(`${name} is started with this release`),
      }),
    ])
    expect(await on.read()).toMatchObject({
      format: 1,
      schema: { level: 'none' },
      releases: [],
      intent: {
        digest: on.digests.plain,
        commit,
        level: 'none',
        services: {},
        runOrder: expect.stringMatching(/\.yml#\d+$/),
      },
    })
    expect(await on.read(lock)).toMatchObject({ holder: { what: commit.slice(0, 7) }, until: expect.any(String) })
  })

  test('the first one of an application with migrations will migrate', async () => {
    const main = await on.run({ digest: on.digests.two })
    expect(main.outputs).toMatchObject({
      'schema-level': level.two,
      'database-level': '',
      'will-migrate': 'true',
      migrations: '0001_init.sql\n0002_orders.sql',
    })
    expect(await on.read()).not.toHaveProperty('schema')
  })

  test('says which migrations will run, and what was released before', async () => {
    await on.write({ schema: established('two'), releases: [good('two')] })
    const main = await on.run({ digest: on.digests.three })
    expect(main.outputs).toMatchObject({
      'will-migrate': 'true',
      migrations: '0003_prices.sql',
      'database-level': level.two,
      previous: on.digests.two,
    })
    expect(main.log).toContain(`1 to migrate: from ${level.two} to ${level.three}.`)
    expect(main.summary).toContain('- `0003_prices.sql`')
    // Each of the two images is read once, however often the gate is asked.
    const downloads = on.simulator.calls.filter(({ operation }) => operation === 'GetDownloadUrlForLayer')
    expect(downloads).toHaveLength(2)
  })

  test('of the level that the database has will not migrate', async () => {
    await on.write({ schema: established('two') })
    const main = await on.run({ digest: on.digests.two })
    expect(main.outputs).toMatchObject({ 'will-migrate': 'false', migrations: '', proceed: 'true' })
    expect(main.log).toContain(`Nothing to migrate: the image expects ${level.two}, the database has ${level.two}.`)
  })

  test('whose predecessor was killed says what that one reached', async () => {
    const intent = {
      ...under,
      digest: on.digests.two,
      level: level.two,
      services: { web: 'shop:7' },
      since,
      run: 'run 7',
    }
    await on.write({ schema: established('two'), intent })
    const main = await on.run({ digest: on.digests.two })
    expect(main.exitCode).toBe(0)
    expect(main.log).toMatch(/that began on .* \(run 7\) never reported its end; .* What it reached: web on shop:7\./)
  })

  test('whose predecessor was killed after its services had completed finds it on record as a release', async () => {
    const services = { web: 'shop:7' }
    const intent = {
      ...under,
      digest: on.digests.two,
      level: level.two,
      services,
      since,
      run: 'run 7',
      completed: since,
    }
    await on.write({ schema: established('two'), releases: [good('two')], intent })
    const main = await on.run({ digest: on.digests.two })
    expect(main.outputs.previous).toBe(on.digests.two)
    expect(main.log).toContain('it is on record as a release that ended well from now on')
    expect((await on.read())?.releases).toMatchObject([{ services, at: since, run: 'run 7' }, good('two')])
  })

  test('whose commit may pass a freeze passes it', async () => {
    await on.write({ schema: established('two'), freeze: { by: 'ops', reason: 'incident', since, pass: commit } })
    expect((await on.run({ digest: on.digests.two })).exitCode).toBe(0)
  })

  test('does not care for a freeze that has ended by itself', async () => {
    await on.write({ freeze: { by: 'ops', reason: 'holidays', since, until: '2026-10-02T08:00:00Z' } })
    expect((await on.run()).exitCode).toBe(0)
  })

  test('goes across a schema level when an operator says so', async () => {
    await on.write({ schema: established('three') })
    const main = await on.run({ digest: on.digests.two, 'across-schema': 'true' })
    expect(main.outputs).toMatchObject({ proceed: 'true', 'will-migrate': 'false' })
    expect(main.annotations).toContainEqual(
      expect.objectContaining({
        level: 'warning',
        message: expect.stringMatching(/^across-schema overrides: .*0003_prices/),
      }),
    )
  })
})

describe('a release that may not begin changes nothing', () => {
  const refused = async (inputs: Record<string, string>, message: RegExp) => {
    const before = on.writes().length
    const main = await on.run(inputs)
    expect(main.exitCode).toBe(1)
    expect(main.annotations.at(-1)).toMatchObject({ level: 'error', message: expect.stringMatching(message) })
    expect(on.writes()).toHaveLength(before)
    return main
  }

  test('frozen', async () => {
    await on.write({ freeze: { by: 'ops', reason: 'incident 42 <img src=x>', since } })
    const { summary } = await refused(
      {},
      /^Releases are frozen since 2026-10-01T08:00:00\.000Z by ops: incident 42 .*\..*To lift the freeze: aws ssm/,
    )
    expect(summary).toMatch(/^### ❌ Release of shop to production: refused\n\nReleases are frozen .* \\<img src=x>/)
  })

  test('frozen, with a command that lets this very commit pass', async () => {
    await on.write({ freeze: { by: 'ops', reason: 'incident 42', since }, schema: { level: 'none', since } })
    const main = await refused({}, /To let one commit pass and keep the freeze/)
    const filter = /jq -c '(\.freeze\.pass = "[0-9a-f]{40}")'/.exec(main.annotations.at(-1)?.message ?? '')?.[1]
    expect(filter).toBe(`.freeze.pass = "${commit}"`)
    const state = (await on.read())!
    // What jq makes of it.
    await on.write({ ...state, freeze: { ...state.freeze!, pass: JSON.parse(filter!.split(' = ')[1]!) } })
    expect((await on.run()).outputs).toMatchObject({ proceed: 'true' })
  })

  test('an image marked bad', async () => {
    await on.write({ bad: [{ digest: on.digests.plain, since, by: 'ops', reason: 'crashes' }] })
    await refused({}, /was marked bad on .* by ops: crashes\..*Push a fix/)
  })

  test('an older schema, naming what the image does not know', async () => {
    await on.write({ schema: established('three'), snapshot: { id: 'snap-1', level: level.two, at: since } })
    await refused(
      { digest: on.digests.two },
      /does not know 1 migration that ran since: 0003_prices\.sql\. The snapshot .* is snap-1/,
    )
    await refused({}, /does not know 3 migrations/)
  })

  test('an edited past, naming the file', async () => {
    await on.write({ schema: established('two') })
    await refused({ digest: on.digests.edited }, /Changed after they ran: 0001_init\.sql\./)
  })

  test('a migration of unknown end that this image does not know', async () => {
    await on.write({
      schema: { level: 'none', since },
      pending: { level: level.three, digest: on.digests.three, since },
    })
    await refused({ digest: on.digests.two }, /may have applied 0003_prices\.sql, which this image does not know/)
    await refused({}, /may have applied 0001_init\.sql, 0002_orders\.sql, 0003_prices\.sql/)
    expect((await on.run({ digest: on.digests.three })).outputs).toMatchObject({ 'will-migrate': 'true' })
  })

  test('which a squash may be', async () => {
    await on.write({ schema: established('two') })
    const main = await on.run({ digest: on.digests.edited, 'accept-history': 'true' })
    expect(main.outputs).toMatchObject({ proceed: 'true', 'will-migrate': 'true', migrations: '0003_prices.sql' })
  })

  test('labels that are damaged', async () => {
    await refused(
      { digest: on.digests.damaged },
      /^shop@[0-9a-f]{12}: The label .*schema-level of the image is "seventeen"/,
    )
  })

  test('an image that is not there', async () => {
    await refused({ digest: `sha256:${'0'.repeat(64)}` }, /Repository "shop" has no image sha256:0+\. Push it first/)
  })

  test('a repository that is not there', async () => {
    await refused({ repository: 'shopp' }, /shopp/)
  })
})

describe('an image that has to have been released to staging before', () => {
  const staging = '/deploy-actions/shop/staging'
  const attempt = () => ({
    ...under,
    digest: on.digests.plain,
    level: 'none',
    services: { web: 'shop:1' },
    since,
    run: 'run 7',
  })

  test.each<[string, () => Parameters<Stage['write']>[0] | undefined, RegExp]>([
    [
      'was not',
      () => ({ releases: [good('two')] }),
      /has not completed in staging: it is not among the last 1 releases/,
    ],
    [
      'failed there',
      () => ({ intent: { ...attempt(), outcome: 'failed' } }),
      /staging: its release there ended as failed \(run 7\)/,
    ],
    ['is on its way there', () => ({ intent: attempt() }), /staging: its release there has not completed \(run 7\)/],
    [
      'was marked bad there',
      () => ({ releases: [good('plain')], bad: [{ digest: on.digests.plain, since, reason: 'slow' }] }),
      /marked bad in staging on .*: slow\./,
    ],
    [
      'has nowhere to be looked up',
      () => undefined,
      /There is no record \/deploy-actions\/shop\/staging: shop was never released there/,
    ],
  ])('%s', async (_, state, message) => {
    const found = state()
    if (found) await on.write(found, staging)
    const before = on.writes().length
    const refused = await on.run({ 'tested-in': 'staging', 'on-untested': 'refuse' })
    expect(refused).toMatchObject({ exitCode: 1, outputs: { proceed: 'false' } })
    expect(refused.annotations.at(-1)?.message).toMatch(message)
    expect(refused.annotations.at(-1)?.message).toMatch(
      /Nothing was changed\. Release it to staging first; .*on-untested: warn/,
    )
    expect(on.writes()).toHaveLength(before)
    const warned = await on.run({ 'tested-in': 'staging' })
    expect(warned).toMatchObject({ exitCode: 0, outputs: { proceed: 'true' } })
    expect(warned.annotations[0]).toMatchObject({
      level: 'warning',
      title: 'Untested',
      message: expect.stringMatching(message),
    })
  })

  test.each<[string, () => Promise<void>]>([
    ['was', () => on.write({ releases: [good('two'), good('plain')] }, staging)],
    [
      'completed there, and its job was killed',
      () => on.write({ intent: { ...attempt(), completed: since } }, staging),
    ],
    ['has served here before', () => on.write({ releases: [good('plain')], schema: { level: 'none', since } })],
  ])('%s: nothing to say', async (_, write) => {
    await write()
    const main = await on.run({ 'tested-in': 'staging', 'on-untested': 'refuse' })
    expect(main).toMatchObject({ exitCode: 0, outputs: { proceed: 'true' } })
    expect(main.log).not.toContain('staging')
  })

  test('a record that cannot be read is a warning, or refuses', async () => {
    on.simulator.addFaults({ service: 'ssm', operation: 'GetParameter', contains: staging, effect: { kind: 'deny' } })
    const warned = await on.run({ 'tested-in': 'staging' })
    expect(warned.exitCode).toBe(0)
    expect(warned.annotations[0]?.message).toMatch(
      /released to staging cannot be told\. The role may not call ssm:GetParameter/,
    )
    const refused = await on.run({ 'tested-in': 'staging', 'on-untested': 'refuse' }, { github: { run_attempt: '2' } })
    expect(refused.exitCode).toBe(1)
  })
})

describe('superseded', () => {
  const newer = async () => {
    const main = await on.run()
    const order = (await on.read())!.intent!.runOrder!
    const [file, number] = order.split('#')
    return { run: main, order: `${file}#${Number(number) + 1}`, older: `${file}#${Number(number) - 1}` }
  }

  test('when a run that was triggered later has been released', async () => {
    const { order } = await newer()
    await on.write({ releases: [good('plain', { runOrder: order, commit: 'b'.repeat(40) })] })
    const main = await on.run()
    expect(main.exitCode).toBe(1)
    expect(main.outputs).toEqual({ proceed: 'false' })
    expect(main.annotations.at(-1)?.message).toMatch(
      new RegExp(`^Superseded: run ${order} of commit b{40} was triggered after this one`),
    )
  })

  test('may also end the step green', async () => {
    const { order } = await newer()
    await on.write({ releases: [good('plain', { runOrder: order })] })
    const main = await on.run({ 'on-superseded': 'skip' })
    expect(main).toMatchObject({ exitCode: 0, outputs: { proceed: 'false' } })
    expect(main.annotations).toEqual([expect.objectContaining({ level: 'notice', title: 'Superseded' })])
  })

  test('not by a release that was marked bad, an older one, or one of another workflow', async () => {
    const { order, older, run } = await newer()
    await on.post(run, 'failure')
    for (const state of [
      { releases: [good('two', { runOrder: order })], bad: [{ digest: on.digests.two, since }] },
      { releases: [good('two', { runOrder: older })] },
      { releases: [good('two', { runOrder: 'other.yml#99999' })] },
    ]) {
      await on.write({ schema: { level: 'none', since }, ...state })
      const main = await on.run()
      expect(main.outputs.proceed).toBe('true')
      await on.post(main, 'failure')
    }
  })
})

describe('its turn', () => {
  test('is waited for, and what the one before has written counts', async () => {
    const first = await on.run()
    let told = ''
    const second = on.run(
      { 'lock-timeout': '2m', digest: on.digests.plain },
      {
        github: { run_id: '2' },
        onLine: (line) => {
          told += line
        },
      },
    )
    while (!told.includes('Waiting for the lock')) await new Promise((resolve) => setTimeout(resolve, 20))
    await on.write({ freeze: { by: 'ops', reason: 'meanwhile', since } })
    await on.post(first, 'failure')
    const main = await second
    expect(told).toContain('holds it since')
    expect(main.exitCode).toBe(1)
    expect(main.annotations.at(-1)?.message).toContain('frozen')
    expect(await on.read(lock)).not.toHaveProperty('holder')
  })

  test('is waited for while the one before migrates, also where this image could not follow a lost migration', async () => {
    const first = await on.run({ digest: on.digests.three })
    const { intent } = (await on.read())!
    const pending = { level: level.three, digest: on.digests.three, since, run: intent!.run }
    await on.write({ schema: established('two'), intent, pending })
    let told = ''
    const second = on.run(
      { 'lock-timeout': '2m', digest: on.digests.two },
      {
        github: { run_id: '2' },
        onLine: (line) => {
          told += line
        },
      },
    )
    while (!told.includes('Waiting for the lock')) await new Promise((resolve) => setTimeout(resolve, 20))
    await on.write({ schema: established('two'), intent })
    await on.post(first, 'failure')
    expect((await second).outputs).toMatchObject({ proceed: 'true' })
  })

  test('that does not come in time is said, with who holds the lock and how to break it', async () => {
    await on.run({}, { github: { actor: 'hubot' } })
    const main = await on.run({}, { github: { run_id: '2' } })
    expect(main.exitCode).toBe(1)
    expect(main.annotations[0]?.message).toMatch(
      /^Waited 0s \(lock-timeout\) .* still holds the lock, until .*If that run no longer exists: aws ssm delete-parameter --name \/deploy-actions\/shop\/production\/lock$/,
    )
    expect(await on.read()).toMatchObject({ intent: { digest: on.digests.plain } })
  })

  test('a cancel while waiting is clean', async () => {
    const first = await on.run()
    const before = on.writes().length
    const cancel = new AbortController()
    const main = await on.run(
      { 'lock-timeout': '5m' },
      {
        github: { run_id: '2' },
        signal: cancel.signal,
        onLine: (line) => {
          if (line.includes('Waiting for the lock')) cancel.abort()
        },
      },
    )
    expect(main).toMatchObject({ exitCode: 1, killed: false })
    expect(main.annotations.at(-1)?.message).toContain(
      'Cancelled before this release had its turn. Nothing was changed.',
    )
    await on.post(main, 'cancelled', { github: { run_id: '2' } })
    expect(on.writes()).toHaveLength(before)
    expect(await on.read(lock)).toMatchObject({ holder: { token: JSON.parse(first.state.ticket!).token } })
  })

  test('a run that is repeated after its runner was lost has it at once', async () => {
    await on.run()
    const main = await on.run({}, { github: { run_attempt: '2' } })
    expect(main.exitCode).toBe(0)
    expect(main.log).toContain('was left behind by')
    expect((await on.read())?.intent?.run).toMatch(/\/attempts\/2$/)
  })

  test('of two that begin at the same time one waits', async () => {
    const runs = await Promise.all([1, 2].map((id) => on.run({}, { github: { run_id: String(id) } })))
    expect(runs.map(({ exitCode }) => exitCode).sort()).toEqual([0, 1])
  })
})

describe('when the job has ended', () => {
  const deployed = async () => {
    const state = (await on.read())!
    await on.write({ ...state, intent: { ...state.intent!, services: { web: 'shop:8' } } })
  }

  test('a success with a completed service is a release that ended well', async () => {
    await on.write({ releases: [good('two')], schema: { level: 'none', since } })
    const main = await on.run()
    await deployed()
    const post = await on.post(main, 'success')
    expect(post.exitCode).toBe(0)
    const state = await on.read()
    expect(state).not.toHaveProperty('intent')
    expect(state?.releases).toEqual([
      {
        number: 1,
        digest: on.digests.plain,
        commit,
        level: 'none',
        services: { web: 'shop:8' },
        at: expect.any(String),
        run: expect.stringContaining('/actions/runs/'),
        runOrder: expect.any(String),
      },
      good('two'),
    ])
    expect(await on.read(lock)).not.toHaveProperty('holder')
    expect(post.log).toContain('The lock of shop in production is free again.')
  })

  test.each([
    ['failure', 'failed'],
    ['cancelled', 'cancelled'],
  ] as const)('a %s is no release', async (status, outcome) => {
    const main = await on.run()
    await deployed()
    await on.post(main, status)
    expect(await on.read()).toMatchObject({ releases: [], intent: { outcome, services: { web: 'shop:8' } } })
    expect(await on.read(lock)).not.toHaveProperty('holder')
  })

  test.each(['failure', 'cancelled'] as const)(
    'a %s after everything had completed is a release that serves',
    async (status) => {
      await on.write({ releases: [good('plain')], schema: { level: 'none', since } })
      const main = await on.run()
      const state = (await on.read())!
      const completed = '2026-11-01T08:00:00.000Z'
      await on.write({ ...state, intent: { ...state.intent!, services: { web: 'shop:8' }, completed } })
      const post = await on.post(main, status)
      expect(post.log).toContain(`The job ended as ${status}, but deploy-service had completed all services by then`)
      const after = await on.read()
      expect(after).not.toHaveProperty('intent')
      expect(after?.releases).toMatchObject([{ services: { web: 'shop:8' }, at: completed }, good('plain')])
    },
  )

  test('a success in which nothing was deployed is no release', async () => {
    const main = await on.run()
    const post = await on.post(main, 'success')
    expect(post.annotations[0]?.message).toContain('nothing is recorded as a release')
    expect((await on.read())?.releases).toEqual([])
  })

  test('what an operator rolled back meanwhile stays rolled back', async () => {
    const main = await on.run()
    const state = (await on.read())!
    const { run, number, digest } = state.intent!
    const leaving = { run, number }
    const wayBack = {
      ...under,
      kind: 'rollback' as const,
      number: 3,
      digest,
      level: 'none',
      services: {},
      since,
      by: 'ada',
      leaving,
    }
    await on.write({ ...state, intent: wayBack })
    const post = await on.post(main, 'success')
    expect(post.annotations[0]?.message).toMatch(
      /^An operator \(ada\) went back on .* while this release was under way/,
    )
    expect(await on.read()).toMatchObject({ releases: [], intent: wayBack })
    expect(await on.read(lock)).not.toHaveProperty('holder')
  })

  test('a lock that another run has taken over is left to it', async () => {
    const main = await on.run()
    await on.run({}, { github: { run_attempt: '2' } })
    const before = await on.read(lock)
    await on.post(main, 'failure')
    expect(await on.read(lock)).toEqual(before)
    expect((await on.read())?.intent).not.toHaveProperty('outcome')
  })

  test('the lock is given back even when the outcome cannot be written', async () => {
    const main = await on.run()
    on.simulator.addFaults({
      service: 'ssm',
      operation: 'PutParameter',
      contains: 'Releases of',
      effect: { kind: 'deny' },
    })
    const post = await on.post(main, 'failure')
    expect(post.exitCode).toBe(0)
    expect(post.annotations[0]).toMatchObject({
      level: 'warning',
      message: expect.stringContaining('ssm:PutParameter'),
    })
    expect(await on.read(lock)).not.toHaveProperty('holder')
  })
})

describe('a last step with mode: end', () => {
  let temp: string
  beforeEach(() => {
    temp = mkdtempSync(path.join(tmpdir(), 'runner-temp-'))
  })
  afterEach(() => rmSync(temp, { recursive: true, force: true }))
  const end = (jobStatus: 'success' | 'failure' | 'cancelled', env = {}) =>
    on.run({ mode: 'end', environment: '', repository: '', digest: '' }, { temp, jobStatus, env })

  test.each([
    ['success', { releases: [expect.objectContaining({ services: { web: 'shop:8' } })] }],
    ['failure', { releases: [], intent: expect.objectContaining({ outcome: 'failed' }) }],
    ['cancelled', { releases: [], intent: expect.objectContaining({ outcome: 'cancelled' }) }],
  ] as const)(
    'records a %s and gives the lock back; post then has nothing to do, and needs no credentials',
    async (status, expected) => {
      const main = await on.run({}, { temp })
      const state = (await on.read())!
      await on.write({ ...state, intent: { ...state.intent!, services: { web: 'shop:8' } } })
      expect((await end(status)).exitCode).toBe(0)
      expect(await on.read()).toMatchObject(expected)
      expect(await on.read(lock)).not.toHaveProperty('holder')
      const before = on.simulator.calls.length
      // What the cleanup of a second aws-actions/configure-aws-credentials leaves behind.
      const env = {
        AWS_ACCESS_KEY_ID: '',
        AWS_SECRET_ACCESS_KEY: '',
        AWS_SESSION_TOKEN: '',
        AWS_REGION: '',
        AWS_DEFAULT_REGION: '',
      }
      const post = await on.post(main, status, { temp, env })
      expect(post).toMatchObject({ exitCode: 0, annotations: [] })
      expect(on.simulator.calls).toHaveLength(before)
    },
  )

  test('does nothing in a job that has begun no release, and never ends that of another job', async () => {
    await on.run({})
    const before = on.writes().length
    const run = await end('failure')
    expect(run).toMatchObject({ exitCode: 0, annotations: [] })
    expect(run.log).toContain('No release of this job is left to be ended.')
    expect(on.writes()).toHaveLength(before)
  })

  test('that cannot write fails, and post tries again', async () => {
    const main = await on.run({}, { temp })
    on.simulator.addFaults({ service: 'ssm', operation: 'PutParameter', times: 2, effect: { kind: 'deny' } })
    expect((await end('failure')).exitCode).toBe(1)
    await on.post(main, 'failure', { temp })
    expect(await on.read()).toMatchObject({ intent: { outcome: 'failed' } })
    expect(await on.read(lock)).not.toHaveProperty('holder')
  })
})

describe('trouble', () => {
  test.each(['ssm:GetParameter', 'ssm:PutParameter', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'])(
    'without the right to %s the step says so',
    async (right) => {
      const [service, operation] = right.split(':')
      on.simulator.addFaults({ service, operation, effect: { kind: 'deny' } })
      const main = await on.run({ digest: on.digests.two })
      expect(main.exitCode).toBe(1)
      expect(main.annotations[0]?.message).toContain(`The role may not call ${right}`)
      expect(on.writes()).toEqual([])
    },
  )

  test('when the record cannot be written the lock is given back', async () => {
    on.simulator.addFaults({
      service: 'ssm',
      operation: 'PutParameter',
      contains: 'Releases of',
      effect: { kind: 'deny' },
    })
    const main = await on.run()
    expect(main.exitCode).toBe(1)
    expect(await on.read(lock)).not.toHaveProperty('holder')
  })

  test('throttling is waited out', async () => {
    on.simulator.addFaults({ times: 4, effect: { kind: 'error', name: 'ThrottlingException' } })
    const main = await on.run()
    expect(main.exitCode).toBe(0)
    expect(main.log).toContain('AWS is throttling (Rate exceeded)')
  })

  test('a damaged record says how to see its history', async () => {
    await on.write({ releases: {} as never })
    const main = await on.run()
    expect(main.annotations[0]?.message).toMatch(
      /is damaged .*get-parameter-history --name \/deploy-actions\/shop\/production/s,
    )
  })

  test('the record stays below what SSM takes', async () => {
    const services = Object.fromEntries(
      Array.from({ length: 40 }, (_, index) => [`service-${index}`, `family-${index}:1`]),
    )
    const releases = Array.from({ length: 4 }, (_, index) =>
      good('two', { services, commit: String(index).repeat(40) }),
    )
    await on.write({ releases: releases.slice(0, 3), schema: { level: 'none', since } })
    const main = await on.run()
    expect(main.exitCode).toBe(0)
    expect(JSON.stringify(await on.read()).length).toBeLessThanOrEqual(8192)
    expect((await on.read())?.releases[0]).toEqual(releases[0])
  })
})

describe('a wrong input fails before any call', () => {
  test.each([
    [{ environment: '' }, 'Input "environment" is required'],
    [{ digest: 'sha256:123' }, 'Input "digest" is "sha256:123". Valid: sha256: followed by 64 hex digits'],
    [{ 'tested-in': 'production' }, 'Input "tested-in" is "production", the environment that is released to'],
    [{ region: 'Frankfurt' }, 'Input "region" is "Frankfurt". Valid: an AWS region'],
  ])('%j', async (inputs, message) => {
    const before = on.simulator.calls.length
    const main = await on.run(inputs)
    expect(main.exitCode).toBe(1)
    expect(main.annotations).toEqual([
      expect.objectContaining({ level: 'error', message: expect.stringContaining(message) }),
    ])
    expect(on.simulator.calls).toHaveLength(before)
  })

  test('no region', async () => {
    const before = on.simulator.calls.length
    const main = await on.run({}, { env: { AWS_REGION: '', AWS_DEFAULT_REGION: '' } })
    expect(main.annotations[0]?.message).toContain('No AWS region')
    expect(on.simulator.calls).toHaveLength(before)
  })
})
