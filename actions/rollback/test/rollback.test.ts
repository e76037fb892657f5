import { migrationsStartedBy } from '@deploy-actions/release'
import { level, name, type Stage, since, withRecord, withStage } from './stage.ts'

const schema = (on: Stage) => ({ level: level.two, digest: on.digests.good, since })
/** bad serves, good was before it on the same schema, old and oldest before the last migration. */
const history = (on: Stage) => ({
  schema: schema(on),
  releases: [on.release('bad', 4), on.release('good', 3), on.release('old', 2), on.release('oldest', 1)],
})

describe('priority high', () => {
  test.concurrent('puts the image of the last good release into a new revision of the present definition', () =>
    withStage(async (on) => {
      await on.write(history(on))
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
        schema: schema(on),
        freeze: { by: expect.any(String), reason: 'incident 42', since: expect.any(String) },
        bad: [{ digest: on.digests.bad, reason: 'incident 42' }],
        releases: [
          {
            digest: on.digests.good,
            commit: on.commits.good,
            level: level.two,
            services: { web: 'web:5' },
            number: 3,
          },
          { digest: on.digests.bad },
          { digest: on.digests.good },
          { digest: on.digests.old },
          { digest: on.digests.oldest },
        ],
      })
    }))

  test.concurrent('reports what changed, and how to lift the freeze', () =>
    withStage(async (on) => {
      await on.write(history(on))
      const run = await on.run(withRecord, { github: { actor: 'octocat' } })
      expect(run.summary).toContain('### ✅ Rollback of shop in production: completed')
      expect(run.summary).toContain('By octocat: incident 42.')
      expect(run.summary).toContain('`web:4` → `web:5`')
      expect(run.summary).toContain(on.digests.bad.slice(7, 19))
      const notices = run.annotations.filter(({ level }) => level === 'notice').map(({ message }) => message)
      expect(notices.join('\n')).toMatch(
        /marked bad and will not be released again.*\nReleases are frozen\. To lift the freeze: aws ssm put-parameter/,
      )
    }))

  test.concurrent('reuses the revision that an earlier rollback has made', () =>
    withStage(async (on) => {
      await on.write(history(on))
      await on.run(withRecord)
      await on.update('web', 'web:4')
      await on.settled()
      await on.write(history(on))
      const run = await on.run(withRecord)
      expect(run.outputs['task-definition']).toBe('web:5')
      expect(on.writes()).not.toContain('RegisterTaskDefinition')
    }))

  test.concurrent('skips a release that is marked bad, and one whose image is gone', () =>
    withStage(async (on) => {
      const gone = { ...on.release('next', 7), digest: `sha256:${'d'.repeat(64)}` }
      await on.write({
        schema: schema(on),
        bad: [{ digest: on.digests.next, since }],
        releases: [on.release('bad', 4, { number: 9 }), on.release('next', 8), gone, on.release('good', 3)],
      })
      const run = await on.run(withRecord)
      expect(run.outputs).toMatchObject({ to: on.digests.good, verdict: 'completed' })
      expect(run.log).toMatch(/Image shop@d{12} is not in ECR .* Looking at the release before it\./)
    }))

  test.concurrent('takes what failed and is on record nowhere for the present release', () =>
    withStage(async (on) => {
      await on.write({ schema: schema(on), releases: [on.release('good', 3), on.release('old', 2)] })
      const run = await on.run(withRecord)
      expect(run.outputs).toMatchObject({ from: on.digests.bad, to: on.digests.good })
      expect((await on.read())?.bad).toEqual([expect.objectContaining({ digest: on.digests.bad })])
    }))

  test.concurrent('goes straight back where only the definition is another', () =>
    withStage(async (on) => {
      await on.write({ schema: schema(on), releases: [on.release('bad', 4), on.release('bad', 3)] })
      const run = await on.run(withRecord)
      expect(run.outputs).toMatchObject({ verdict: 'completed', 'task-definition': 'web:3' })
      expect((await on.read())?.bad).toEqual([])
    }))

  test.concurrent('takes several services back together', () =>
    withStage(async (on) => {
      await on.write(history(on))
      const run = await on.run({ ...withRecord, service: 'web\nworker' })
      expect(run.outputs).toMatchObject({ verdict: 'completed', 'task-definition': 'web:5\nworker:5' })
      expect((await on.serves('worker')).digest).toBe(on.digests.good)
      expect((await on.read())?.releases[0]?.services).toEqual({ web: 'web:5', worker: 'worker:5' })
    }))

  test.concurrent('goes further back each time, never forward, and stops at the schema level', () =>
    withStage(async (on) => {
      await on.write({
        ...history(on),
        releases: [on.release('next', 8, { services: { web: 'web:4' } }), ...history(on).releases.slice(1)],
      })
      await on.run({ ...withRecord, to: on.digests.good, freeze: 'false' })
      expect((await on.serves()).digest).toBe(on.digests.good)
      const again = await on.run({ ...withRecord, freeze: 'false' })
      expect(again.outputs).toEqual({ verdict: 'refused' })
      expect(again.annotations.at(-1)?.message).toContain('0002_orders.sql')
      expect((await on.read())?.releases.map(({ digest }) => digest)).toEqual(
        (['good', 'next', 'good', 'old', 'oldest'] as const).map((image) => on.digests[image]),
      )
    }))

  test.concurrent('of two services at the same time, by two runs, loses neither', () =>
    withStage(async (on) => {
      await on.write(history(on))
      const runs = await Promise.all(['web', 'worker'].map((service) => on.run({ ...withRecord, service })))
      expect(runs.map(({ outputs }) => outputs.verdict)).toEqual(['completed', 'completed'])
      const state = await on.read()
      expect(Object.keys(state?.releases[0]?.services ?? {}).sort()).toEqual(['web', 'worker'])
      expect(state).toMatchObject({ counter: 10, intent: { kind: 'rollback', completed: expect.any(String) } })
    }))

  test.concurrent('does not freeze where it is told not to, but marks the bad image', () =>
    withStage(async (on) => {
      await on.write(history(on))
      await on.run({ ...withRecord, freeze: 'false' })
      expect(await on.read()).not.toHaveProperty('freeze')
      expect((await on.read())?.bad).toHaveLength(1)
    }))

  const underWay = (on: Stage, more: object = {}) => ({
    kind: 'release' as const,
    number: 9,
    digest: on.digests.next,
    commit: on.commits.next,
    level: level.two,
    target: {},
    services: {},
    since,
    run: 'run 9',
    ...more,
  })

  test.concurrent('overrules a release under way that has updated nothing yet, without waiting for its lock', () =>
    withStage(async (on) => {
      await on.write({ ...history(on), intent: underWay(on) })
      await on.put(`${name}/lock`, { holder: { token: 't', run: 'run 9' }, since, until: '2099-01-01T00:00:00Z' })
      const run = await on.run(withRecord)
      // What serves is what is taken back. What never came into service is not bad.
      expect(run.outputs).toMatchObject({ from: on.digests.bad, to: on.digests.good, verdict: 'completed' })
      expect(run.log).toContain('is under way (run 9); it is overruled')
      expect(await on.read()).toMatchObject({
        intent: { kind: 'rollback', leaving: { number: 9, run: 'run 9' } },
        bad: [{ digest: on.digests.bad }],
        freeze: {},
      })
    }))

  test.concurrent('of a release that is about to be updated, or whose runner was lost after ECS went back, leaves what serves', () =>
    withStage(async (on) => {
      await on.write({ ...history(on), intent: underWay(on, { target: { web: 'web:9' } }) })
      const run = await on.run(withRecord)
      expect(run.outputs).toMatchObject({ to: on.digests.bad, verdict: 'completed', 'task-definition': 'web:4' })
      expect(await on.read()).toMatchObject({ bad: [], freeze: {}, intent: { leaving: { number: 9 } } })
    }))

  test.concurrent.each(['high', 'panic'])(
    'where ECS has gone back already, %s leaves the good release alone',
    (priority) =>
      withStage(async (on) => {
        await on.write({ ...history(on), intent: underWay(on, { outcome: 'failed' }) })
        const run = await on.run({ ...withRecord, priority })
        expect(run.exitCode).toBe(1)
        expect(run.annotations.at(-1)?.message).toMatch(
          new RegExp(
            `nothing to take back: the release of .* \\(commit 5555555\\) did not end well, and .* \\(commit 4444444\\) serves, .*the release before it is ${on.digests.good}`,
          ),
        )
        expect(on.writes()).toEqual([])
        expect((await on.run({ ...withRecord, priority, to: on.digests.good })).outputs.verdict).toBe('completed')
      }),
  )

  test.concurrent('does not take a release for under way whose runner was lost', () =>
    withStage(async (on) => {
      await on.write({ ...history(on), intent: underWay(on) })
      await on.put(`${name}/lock`, { holder: { token: 't', run: 'run 9' }, since, until: since })
      expect((await on.run(withRecord)).outputs.to).toBe(on.digests.good)
    }))
})

describe('a named target', () => {
  test.concurrent('by digest, which takes a mark away', () =>
    withStage(async (on) => {
      await on.write({ ...history(on), bad: [{ digest: on.digests.good, since }] })
      const run = await on.run({ ...withRecord, to: on.digests.good })
      expect(run.outputs).toMatchObject({ to: on.digests.good, verdict: 'completed' })
      expect((await on.read())?.bad.map(({ digest }) => digest)).toEqual([on.digests.bad])
    }))

  test.concurrent('by commit on record, also shortened', () =>
    withStage(async (on) => {
      await on.write(history(on))
      expect((await on.run({ ...withRecord, to: on.commits.good.slice(0, 7) })).outputs.to).toBe(on.digests.good)
    }))

  test.concurrent('by commit that only ECR knows', () =>
    withStage(async (on) => {
      await on.write(history(on))
      expect((await on.run({ ...withRecord, to: on.commits.next })).outputs.to).toBe(on.digests.next)
    }))

  test.concurrent('by task definition', () =>
    withStage(async (on) => {
      await on.write(history(on))
      const run = await on.run({ ...withRecord, to: 'web:3' })
      expect(run.outputs).toMatchObject({ to: on.digests.good, 'task-definition': 'web:3' })
    }))

  test.concurrent.each([
    ['an image that is not there', { to: `sha256:${'e'.repeat(64)}` }, /is not in ECR .*Nothing was changed/],
    ['a commit that nobody knows', { to: 'abcdef1' }, /the record has no release of that commit/],
    ['a commit without an image', { to: 'f'.repeat(40) }, /\(tag sha-f{40}\) knows an image of commit/],
    ['a definition that does not exist', { to: 'web:99' }, /Task definition "web:99" does not exist/],
    ['a service that does not exist', { service: 'wep' }, /Service "wep" does not exist in cluster "production"/],
    ['a cluster that does not exist', { cluster: 'prod' }, /Cluster "prod" does not exist/],
    ['a container that does not exist', { container: 'wep' }, /has no container "wep"/],
  ])('%s: nothing is changed', (_, inputs, message) =>
    withStage(async (on) => {
      await on.write(history(on))
      const run = await on.run({ ...withRecord, ...inputs })
      expect(run.exitCode).toBe(1)
      expect(run.annotations.at(-1)?.message).toMatch(message)
      expect(on.writes()).toEqual([])
    }),
  )
})

describe('across a schema level', () => {
  const refused = async (on: Stage, inputs: Record<string, string>, message: RegExp) => {
    const run = await on.run({ ...withRecord, ...inputs })
    expect(run).toMatchObject({ exitCode: 1, outputs: { verdict: 'refused' } })
    expect(run.annotations.at(-1)?.message).toMatch(message)
    expect(run.summary).toContain('### ❌ Rollback of shop in production: refused')
    expect(on.writes()).toEqual([])
  }

  test.concurrent.each(['high', 'panic', 'normal'])('is refused with priority %s, and nothing is changed', (priority) =>
    withStage(async (on) => {
      await on.write({
        schema: schema(on),
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
        on,
        { priority },
        /^Refused: The database has schema level 2\..*does not know 1 migration that ran since: 0002_orders\.sql\. The snapshot .* is snap-1 .*across-schema: true/,
      )
    }),
  )

  test.concurrent('is refused for a named image and definition that the record does not know', () =>
    withStage(async (on) => {
      await on.write({ schema: schema(on), releases: [on.release('bad', 4)] })
      await refused(on, { to: on.digests.old }, /0002_orders\.sql/)
      await refused(on, { to: 'web:1', priority: 'panic' }, /0002_orders\.sql/)
    }))

  test.concurrent('is refused while a migration is pending', () =>
    withStage(async (on) => {
      await on.write({
        ...history(on),
        pending: { level: level.two, digest: on.digests.bad, since, task: 'abc', run: 'run 9' },
      })
      await refused(on, {}, /A migration to level 2\..* by run 9 \(task abc\) and its end is not known/)
    }))

  test.concurrent('is refused while a migration is running, which is not called lost', () =>
    withStage(async (on) => {
      await on.write({ ...history(on), pending: { level: level.two, digest: on.digests.bad, since, run: 'run 9' } })
      await on.put(`${name}/lock`, { holder: { token: 't', run: 'run 9' }, since, until: '2099-01-01T00:00:00Z' })
      await refused(
        on,
        {},
        /is running now, since .*\. Wait for its end, or cancel that run: run 9\. .*across-schema: true/,
      )
    }))

  test.concurrent('an operator may stop a migration that was started a moment ago', () =>
    withStage(async (on) => {
      await on.write({ ...history(on), pending: { level: level.two, digest: on.digests.bad, since, run: 'run 9' } })
      const startedBy = migrationsStartedBy('shop', 'production')
      await on.runTask('worker:3', startedBy)
      const run = await on.run({ ...withRecord, 'across-schema': 'true' })
      expect(run.outputs.verdict).toBe('completed')
      expect(run.log).toMatch(/Stopped the migration task [0-9a-f]{32}\./)
      const operations = on.calls().map(({ operation }) => operation)
      expect(operations.indexOf('StopTask')).toBeLessThan(operations.indexOf('UpdateService'))
      expect(operations.indexOf('PutParameter')).toBeLessThan(operations.indexOf('StopTask'))
    }))

  test.concurrent('is refused where the level of the database is unknown', () =>
    withStage(async (on) => {
      await on.write({ releases: history(on).releases })
      await refused(on, {}, /does not know yet which migrations the database has/)
    }))

  test.concurrent('goes when an operator says so', () =>
    withStage(async (on) => {
      await on.write({ schema: schema(on), releases: [on.release('bad', 4), on.release('old', 2)] })
      const run = await on.run({ ...withRecord, 'across-schema': 'true' })
      expect(run.outputs).toMatchObject({ to: on.digests.old, verdict: 'completed' })
      expect(run.log).toContain('across-schema overrides: The database has schema level')
      expect((await on.read())?.schema).toEqual(schema(on))
    }))
})

describe('without a record', () => {
  const deployed = async (on: Stage, ...revisions: number[]) => {
    for (const revision of revisions) {
      await on.update('web', `web:${revision}`)
      await on.settled()
    }
  }

  test.concurrent('goes to what the present deployment has replaced', () =>
    withStage(async (on) => {
      await deployed(on, 3, 4)
      const run = await on.run({})
      expect(run.outputs).toMatchObject({ from: on.digests.bad, to: on.digests.good, verdict: 'completed' })
      expect(run.log).toContain("what ECS's list of deployments shows as deployed before")
      expect(on.calls().filter(({ service }) => service === 'ssm')).toEqual([])
      expect(run.annotations.map(({ message }) => message).join()).toContain(
        'no application was given, so nothing was frozen',
      )
    }))

  test.concurrent('panic goes straight onto its definition', () =>
    withStage(async (on) => {
      await deployed(on, 3, 4)
      expect((await on.run({ priority: 'panic' })).outputs).toMatchObject({
        'task-definition': 'web:3',
        verdict: 'completed',
      })
    }))

  test.concurrent('says so where ECS remembers nothing', () =>
    withStage(async (on) => {
      const run = await on.run({})
      expect(run.exitCode).toBe(1)
      expect(run.annotations.at(-1)?.message).toContain('ECS remembers no earlier deployment of service "web"')
      expect(on.writes()).toEqual([])
    }))

  test.concurrent('a record that knows nothing older asks ECS as well', () =>
    withStage(async (on) => {
      await deployed(on, 3, 4)
      await on.write({ schema: schema(on), releases: [on.release('bad', 4)] })
      const run = await on.run(withRecord)
      expect(run.outputs).toMatchObject({ to: on.digests.good, verdict: 'completed' })
      expect(run.log).toContain('asking ECS for its own list')
    }))

  test.concurrent('an application that has no record yet gets one, frozen', () =>
    withStage(async (on) => {
      await deployed(on, 3, 4)
      const run = await on.run({ ...withRecord, 'across-schema': 'true' })
      expect(run.outputs.verdict).toBe('completed')
      expect(await on.read()).toMatchObject({ freeze: { reason: 'incident 42' }, bad: [{ digest: on.digests.bad }] })
    }))
})
