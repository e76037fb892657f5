import { level, name, type Stage, since, stage, withRecord } from './stage.ts'

let on: Stage
beforeEach(async () => {
  on = await stage()
})
afterEach(() => on[Symbol.asyncDispose]())

const schema = () => ({ level: level.two, digest: on.digests.good, since })
/** bad serves, good was before it on the same schema, old and oldest before the last migration. */
const history = () => ({
  schema: schema(),
  releases: [on.release('bad', 4), on.release('good', 3), on.release('old', 2), on.release('oldest', 1)],
})

describe('priority high', () => {
  test('puts the image of the last good release into a new revision of the present definition', async () => {
    await on.write(history())
    const run = await on.run(withRecord)
    expect(run.annotations.filter(({ level }) => level === 'error')).toEqual([])
    expect(run).toMatchObject({
      exitCode: 0,
      outputs: { from: on.digests.bad, to: on.digests.good, verdict: 'completed', 'task-definition': 'web:5' },
    })
    expect(await on.serves()).toEqual({ revision: 'web:5', digest: on.digests.good })
    expect(on.writes()).toEqual(['PutParameter', 'RegisterTaskDefinition', 'UpdateService', 'PutParameter'])
    const registered = on.calls().find(({ operation }) => operation === 'RegisterTaskDefinition')?.input
    expect(registered).toMatchObject({
      containerDefinitions: [{ environment: [{ name: 'LOG_LEVEL', value: 'debug' }] }],
    })
    expect(await on.read()).toMatchObject({
      schema: schema(),
      freeze: { by: expect.any(String), reason: 'incident 42', since: expect.any(String) },
      bad: [{ digest: on.digests.bad, reason: 'incident 42' }],
      releases: [
        {
          digest: on.digests.good,
          commit: on.commits.good,
          level: level.two,
          services: { web: 'web:5' },
          rollback: true,
        },
        { digest: on.digests.bad },
        { digest: on.digests.good },
        { digest: on.digests.old },
        { digest: on.digests.oldest },
      ],
    })
  })

  test('reports what changed, and how to lift the freeze', async () => {
    await on.write(history())
    const run = await on.run(withRecord, { github: { actor: 'octocat' } })
    expect(run.summary).toContain('### Rollback of shop in production: completed')
    expect(run.summary).toContain('By octocat: incident 42.')
    expect(run.summary).toContain('`web:4` → `web:5`')
    expect(run.summary).toContain(on.digests.bad.slice(7, 19))
    const notices = run.annotations.filter(({ level }) => level === 'notice').map(({ message }) => message)
    expect(notices.join('\n')).toMatch(
      /marked bad and will not be released again.*\nReleases are frozen\. To lift the freeze: aws ssm put-parameter/,
    )
  })

  test('reuses the revision that an earlier rollback has made', async () => {
    await on.write(history())
    await on.run(withRecord)
    await on.update('web', 'web:4')
    await on.settled()
    await on.write(history())
    const run = await on.run(withRecord)
    expect(run.outputs['task-definition']).toBe('web:5')
    expect(on.writes()).not.toContain('RegisterTaskDefinition')
  })

  test('skips a release that is marked bad, and one whose image is gone', async () => {
    const gone = { ...on.release('next', 7), digest: `sha256:${'d'.repeat(64)}` }
    await on.write({
      schema: schema(),
      bad: [{ digest: on.digests.next, since }],
      releases: [
        on.release('bad', 4, { at: '2026-10-09T08:00:00.000Z' }),
        on.release('next', 8),
        gone,
        on.release('good', 3),
      ],
    })
    const run = await on.run(withRecord)
    expect(run.outputs).toMatchObject({ to: on.digests.good, verdict: 'completed' })
    expect(run.log).toMatch(/The image shop@d{12} is not in ECR any more; .* Looking at the release before it\./)
  })

  test('takes what failed and is on record nowhere for the present release', async () => {
    await on.write({ schema: schema(), releases: [on.release('good', 3), on.release('old', 2)] })
    const run = await on.run(withRecord)
    expect(run.outputs).toMatchObject({ from: on.digests.bad, to: on.digests.good })
    expect((await on.read())?.bad).toEqual([expect.objectContaining({ digest: on.digests.bad })])
  })

  test('goes straight back where only the definition is another', async () => {
    await on.write({ schema: schema(), releases: [on.release('bad', 4), on.release('bad', 3)] })
    const run = await on.run(withRecord)
    expect(run.outputs).toMatchObject({ verdict: 'completed', 'task-definition': 'web:3' })
    expect((await on.read())?.bad).toEqual([])
  })

  test('takes several services back together', async () => {
    await on.write(history())
    const run = await on.run({ ...withRecord, service: 'web\nworker' })
    expect(run.outputs).toMatchObject({ verdict: 'completed', 'task-definition': 'web:5\nworker:5' })
    expect((await on.serves('worker')).digest).toBe(on.digests.good)
    expect((await on.read())?.releases[0]?.services).toEqual({ web: 'web:5', worker: 'worker:5' })
  })

  test('goes further back each time, never forward, and stops at the schema level', async () => {
    await on.write({
      ...history(),
      releases: [on.release('next', 8, { services: { web: 'web:4' } }), ...history().releases.slice(1)],
    })
    await on.run({ ...withRecord, to: on.digests.good, freeze: 'false' })
    expect((await on.serves()).digest).toBe(on.digests.good)
    const again = await on.run({ ...withRecord, freeze: 'false' })
    expect(again.outputs).toEqual({ verdict: 'refused' })
    expect(again.annotations.at(-1)?.message).toContain('0002_orders.sql')
    expect((await on.read())?.releases.map(({ digest }) => digest)).toEqual(
      (['good', 'next', 'good', 'old', 'oldest'] as const).map((image) => on.digests[image]),
    )
  })

  test('of two services at the same time, by two runs, loses neither', async () => {
    await on.write(history())
    const runs = await Promise.all(['web', 'worker'].map((service) => on.run({ ...withRecord, service })))
    expect(runs.map(({ outputs }) => outputs.verdict)).toEqual(['completed', 'completed'])
    const services = (await on.read())?.releases.slice(0, 2).map((release) => Object.keys(release.services)[0])
    expect(services?.sort()).toEqual(['web', 'worker'])
  })

  test('does not freeze where it is told not to, but marks the bad image', async () => {
    await on.write(history())
    await on.run({ ...withRecord, freeze: 'false' })
    expect(await on.read()).not.toHaveProperty('freeze')
    expect((await on.read())?.bad).toHaveLength(1)
  })

  test('overrules a release under way, without waiting for its lock', async () => {
    const attempt = { digest: on.digests.next, level: level.two, services: {}, since, run: 'run 9' }
    await on.write({ schema: schema(), releases: [on.release('bad', 4), on.release('good', 3)], attempt })
    await on.put(`${name}/lock`, { holder: { token: 't', run: 'run 9' }, since, until: '2099-01-01T00:00:00Z' })
    const run = await on.run(withRecord)
    // What is under way is the present release, so the newest good one is what serves already.
    expect(run.outputs).toMatchObject({ to: on.digests.bad, verdict: 'completed', 'task-definition': 'web:4' })
    expect(run.log).toContain('is under way (run 9); it is overruled')
    expect(await on.read()).toMatchObject({ attempt: { outcome: 'rolled-back' }, bad: [{ digest: on.digests.next }] })
  })

  test('does not take a release for under way whose runner was lost', async () => {
    const attempt = { digest: on.digests.next, level: level.two, services: {}, since, run: 'run 9' }
    await on.write({ ...history(), attempt })
    await on.put(`${name}/lock`, { holder: { token: 't', run: 'run 9' }, since, until: since })
    expect((await on.run(withRecord)).outputs.to).toBe(on.digests.good)
  })
})

describe('a named target', () => {
  test('by digest, which takes a mark away', async () => {
    await on.write({ ...history(), bad: [{ digest: on.digests.good, since }] })
    const run = await on.run({ ...withRecord, to: on.digests.good })
    expect(run.outputs).toMatchObject({ to: on.digests.good, verdict: 'completed' })
    expect((await on.read())?.bad.map(({ digest }) => digest)).toEqual([on.digests.bad])
  })

  test('by commit on record, also shortened', async () => {
    await on.write(history())
    expect((await on.run({ ...withRecord, to: on.commits.good.slice(0, 7) })).outputs.to).toBe(on.digests.good)
  })

  test('by commit that only ECR knows', async () => {
    await on.write(history())
    expect((await on.run({ ...withRecord, to: on.commits.next })).outputs.to).toBe(on.digests.next)
  })

  test('by task definition', async () => {
    await on.write(history())
    const run = await on.run({ ...withRecord, to: 'web:3' })
    expect(run.outputs).toMatchObject({ to: on.digests.good, 'task-definition': 'web:3' })
  })

  test.each([
    ['an image that is not there', { to: `sha256:${'e'.repeat(64)}` }, /is not in ECR any more.*Nothing was changed/],
    ['a commit that nobody knows', { to: 'abcdef1' }, /the record has no release of that commit/],
    ['a commit without an image', { to: 'f'.repeat(40) }, /\(tag sha-f{40}\) knows an image of commit/],
    ['a definition that does not exist', { to: 'web:99' }, /Task definition "web:99" does not exist/],
    ['a service that does not exist', { service: 'wep' }, /Service "wep" does not exist in cluster "production"/],
    ['a cluster that does not exist', { cluster: 'prod' }, /Cluster "prod" does not exist/],
    ['a container that does not exist', { container: 'wep' }, /has no container "wep"/],
  ])('%s: nothing is changed', async (_, inputs, message) => {
    await on.write(history())
    const run = await on.run({ ...withRecord, ...inputs })
    expect(run.exitCode).toBe(1)
    expect(run.annotations.at(-1)?.message).toMatch(message)
    expect(on.writes()).toEqual([])
  })
})

describe('across a schema level', () => {
  const refused = async (inputs: Record<string, string>, message: RegExp) => {
    const run = await on.run({ ...withRecord, ...inputs })
    expect(run).toMatchObject({ exitCode: 1, outputs: { verdict: 'refused' } })
    expect(run.annotations.at(-1)?.message).toMatch(message)
    expect(run.summary).toContain('### Rollback of shop in production refused')
    expect(on.writes()).toEqual([])
  }

  test.each(['high', 'panic', 'normal'])('is refused with priority %s, and nothing is changed', async (priority) => {
    await on.write({
      schema: schema(),
      snapshot: { id: 'snap-1', level: level.one, at: since },
      releases: [on.release('bad', 4), on.release('old', 2)],
    })
    if (priority === 'normal') {
      const run = await on.run({ ...withRecord, priority })
      expect(run.outputs.verdict).toBe('refused')
      // Only the lock was taken and given back.
      expect(on.writes()).toEqual(['PutParameter', 'PutParameter'])
      return
    }
    await refused(
      { priority },
      /^Refused: The database has schema level 2\..*does not know 1 migration that ran since: 0002_orders\.sql\. The snapshot .* is snap-1 .*across-schema: true/,
    )
  })

  test('is refused for a named image and definition that the record does not know', async () => {
    await on.write({ schema: schema(), releases: [on.release('bad', 4)] })
    await refused({ to: on.digests.old }, /0002_orders\.sql/)
    await refused({ to: 'web:1', priority: 'panic' }, /0002_orders\.sql/)
  })

  test('is refused while a migration is pending', async () => {
    await on.write({
      ...history(),
      pending: { level: level.two, digest: on.digests.bad, since, task: 'abc', run: 'run 9' },
    })
    await refused({}, /A migration to level 2\..* by run 9 \(task abc\) and its end is not known/)
  })

  test('is refused where the level of the database is unknown', async () => {
    await on.write({ releases: history().releases })
    await refused({}, /does not know yet which migrations the database has/)
  })

  test('goes when an operator says so', async () => {
    await on.write({ schema: schema(), releases: [on.release('bad', 4), on.release('old', 2)] })
    const run = await on.run({ ...withRecord, 'across-schema': 'true' })
    expect(run.outputs).toMatchObject({ to: on.digests.old, verdict: 'completed' })
    expect(run.log).toContain('across-schema overrides: The database has schema level')
    expect((await on.read())?.schema).toEqual(schema())
  })
})

describe('without a record', () => {
  const deployed = async (...revisions: number[]) => {
    for (const revision of revisions) {
      await on.update('web', `web:${revision}`)
      await on.settled()
    }
  }

  test('goes to what the present deployment has replaced', async () => {
    await deployed(3, 4)
    const run = await on.run({})
    expect(run.outputs).toMatchObject({ from: on.digests.bad, to: on.digests.good, verdict: 'completed' })
    expect(run.log).toContain("what ECS's list of deployments shows as deployed before")
    expect(on.calls().filter(({ service }) => service === 'ssm')).toEqual([])
    expect(run.annotations.map(({ message }) => message).join()).toContain(
      'no application was given, so nothing was frozen',
    )
  })

  test('panic goes straight onto its definition', async () => {
    await deployed(3, 4)
    expect((await on.run({ priority: 'panic' })).outputs).toMatchObject({
      'task-definition': 'web:3',
      verdict: 'completed',
    })
  })

  test('says so where ECS remembers nothing', async () => {
    const run = await on.run({})
    expect(run.exitCode).toBe(1)
    expect(run.annotations.at(-1)?.message).toContain('ECS remembers no earlier deployment of service "web"')
    expect(on.writes()).toEqual([])
  })

  test('a record that knows nothing older asks ECS as well', async () => {
    await deployed(3, 4)
    await on.write({ schema: schema(), releases: [on.release('bad', 4)] })
    const run = await on.run(withRecord)
    expect(run.outputs).toMatchObject({ to: on.digests.good, verdict: 'completed' })
    expect(run.log).toContain('asking ECS for its own list')
  })

  test('an application that has no record yet gets one, frozen', async () => {
    await deployed(3, 4)
    const run = await on.run({ ...withRecord, 'across-schema': 'true' })
    expect(run.outputs.verdict).toBe('completed')
    expect(await on.read()).toMatchObject({ freeze: { reason: 'incident 42' }, bad: [{ digest: on.digests.bad }] })
  })
})
