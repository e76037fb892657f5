import { DescribeImagesCommand, ECRClient } from '@aws-sdk/client-ecr'
import { GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import type { Fault, Simulator } from '@deploy-actions/aws-simulator'
import { emptyState, type Migration, type RecordState, schemaLabels, schemaLevel } from '@deploy-actions/release'
import { counts, deploy, host, stage } from './stage.ts'

const first: Migration[] = [{ name: '0001_init.sql', hash: '111111111111' }]
const second: Migration[] = [...first, { name: '0002_orders.sql', hash: '222222222222' }]
const levelOne = schemaLevel(first).text
const levelTwo = schemaLevel(second).text
const parameter = '/deploy-actions/shop/prod'
const release = { application: 'shop', environment: 'prod', repository: 'shop' }
const commit = '0123456789abcdef0123456789abcdef01234567'

let simulator: Simulator
let ssm: SSMClient
let digests: { one: string; two: string }
afterEach(() => simulator.close())

/** The service runs image `one` (one migration) as `web:1`; image `two` brings a second migration. */
async function begin(
  state: (digests: { one: string; two: string }) => Partial<RecordState> | undefined,
  faults: Fault[] = [],
  speed = 60,
) {
  const images = [
    { repository: 'shop', tags: ['one'], labels: schemaLabels(first), content: 'one' },
    { repository: 'shop', tags: ['two'], labels: schemaLabels(second), content: 'two' },
  ]
  const probe = await stage({ scenario: { seed: { images } } })
  digests = await digestsOf(probe.url)
  await probe.close()
  simulator = await stage({
    speed,
    container: { image: `${host}/shop@${digests.one}` },
    scenario: { seed: { images }, faults },
  })
  ssm = new SSMClient(clientConfig(simulator.url))
  const record = state(digests)
  if (record)
    await ssm.send(
      new PutParameterCommand({
        Name: parameter,
        Type: 'String',
        Value: JSON.stringify({ format: 1, ...emptyState, ...record }),
      }),
    )
  return digests
}

const at = '2026-11-01T07:00:00.000Z'
const schema = (level: string, digest: string) => ({ schema: { level, digest, since: at } })
const released = (digest: string, level: string, services = { web: 'web:1' }) => ({ digest, level, services, at })
const stored = async () =>
  JSON.parse((await ssm.send(new GetParameterCommand({ Name: parameter }))).Parameter?.Value ?? '{}') as RecordState

test('image and database agree: deployed, and the release under way is told', async () => {
  const { two } = await begin(({ one, two: next }) => ({
    ...schema(levelTwo, next),
    releases: [released(one, levelOne)],
    attempt: { digest: next, level: levelTwo, services: {}, since: at },
  }))
  const run = await deploy(simulator, { ...release, digest: two })
  expect(run).toMatchObject({ exitCode: 0, outputs: { verdict: 'completed' } })
  expect((await stored()).attempt).toMatchObject({ services: { web: 'web:2' }, completed: expect.any(String) })
  const register = simulator.calls.find(({ operation }) => operation === 'RegisterTaskDefinition')?.input as {
    tags: object[]
  }
  expect(register.tags).toContainEqual({ key: 'deploy-actions:schema-level', value: levelTwo })
})

test('the image knows more than the database: migrate first, nothing changed', async () => {
  const { two } = await begin(({ one }) => ({ ...schema(levelOne, one), releases: [released(one, levelOne)] }))
  const run = await deploy(simulator, { ...release, digest: two })
  expect(run.exitCode).toBe(1)
  expect(run.annotations[0]?.message).toMatch(
    /may not serve yet.*0002_orders\.sql.*run-migrations.*Nothing was changed/s,
  )
  expect(counts(simulator)).not.toHaveProperty('ecs:UpdateService')
  expect(counts(simulator)).not.toHaveProperty('ecs:RegisterTaskDefinition')
})

test('a freeze refuses; the one commit that may pass does', async () => {
  const { one } = await begin(({ one: digest }) => ({
    ...schema(levelOne, digest),
    releases: [],
    freeze: { by: 'ada', reason: 'bad release', since: at, pass: commit },
  }))
  const refused = await deploy(
    simulator,
    { ...release, digest: one, 'force-new-deployment': 'true' },
    { github: { sha: commit.replace('0', 'f') } },
  )
  expect(refused.annotations[0]?.message).toMatch(/Releases are frozen since .* by ada: bad release/)
  expect(counts(simulator)).not.toHaveProperty('ecs:UpdateService')
  const passed = await deploy(simulator, { ...release, digest: one, 'force-new-deployment': 'true' })
  expect(passed).toMatchObject({ exitCode: 0, outputs: { verdict: 'completed' } })
})

test('frozen after this release has migrated: that is said as well', async () => {
  const { two } = await begin(({ one, two: next }) => ({
    ...schema(levelTwo, next),
    releases: [released(one, levelOne)],
    freeze: { by: 'ada', reason: 'stop', since: at },
  }))
  const run = await deploy(simulator, { ...release, digest: two })
  expect(run.annotations.at(-1)?.message).toContain(
    `the database has been migrated to schema ${levelTwo} for this image already, while what serves expects ${levelOne}`,
  )
})

test('a record that may not be written takes nothing from the verdict', async () => {
  const { one } = await begin(
    ({ one: digest }) => ({
      ...schema(levelOne, digest),
      releases: [released(digest, levelOne)],
      attempt: { digest, level: levelOne, services: {}, since: at },
    }),
    [{ service: 'ssm', operation: 'PutParameter', contains: 'web:2', effect: { kind: 'deny' } }],
  )
  const run = await deploy(simulator, { ...release, digest: one, variables: 'LOG_LEVEL=debug' })
  expect(run).toMatchObject({ exitCode: 0, outputs: { verdict: 'completed' } })
  expect(run.annotations.map(({ message }) => message).join()).toMatch(
    /the record could not be told\. .*may not call ssm:PutParameter/,
  )
})

test('a freeze that comes while the step works is seen right before the update', async () => {
  const { one } = await begin(
    ({ one: digest }) => ({ ...schema(levelOne, digest), releases: [] }),
    [{ service: 'ecs', operation: 'RegisterTaskDefinition', effect: { kind: 'delay', milliseconds: 1500 } }],
  )
  let frozen: Promise<unknown> | undefined
  const freeze = async () => {
    const state = { ...(await stored()), freeze: { by: 'ada', reason: 'stop', since: at } }
    await ssm.send(
      new PutParameterCommand({ Name: parameter, Type: 'String', Overwrite: true, Value: JSON.stringify(state) }),
    )
  }
  const run = await deploy(
    simulator,
    { ...release, digest: one, variables: 'LOG_LEVEL=debug' },
    {
      onLine: (line) => {
        if (line.includes('web runs web:1')) frozen ??= new Promise((done) => setTimeout(done, 700)).then(freeze)
      },
    },
  )
  await frozen
  expect(run.annotations[0]?.message).toMatch(/frozen.*by ada/)
  expect(counts(simulator)).not.toHaveProperty('ecs:UpdateService')
})

test('an operator who goes back while the deployment runs is not passed over: the step fails', async () => {
  const { two } = await begin(({ one, two: next }) => ({
    ...schema(levelTwo, next),
    releases: [released(one, levelOne)],
    attempt: { digest: next, level: levelTwo, services: {}, since: at },
  }))
  let overruled: Promise<unknown> | undefined
  const goBack = async () => {
    const state = await stored()
    const bad = [{ digest: two, since: at, by: 'ada', reason: 'crashes' }]
    const Value = JSON.stringify({ ...state, bad, attempt: { ...state.attempt, outcome: 'rolled-back' } })
    await ssm.send(new PutParameterCommand({ Name: parameter, Type: 'String', Overwrite: true, Value }))
  }
  const run = await deploy(
    simulator,
    { ...release, digest: two },
    {
      onLine: (line) => {
        if (line.includes('web:1 → web:2')) overruled ??= goBack()
      },
    },
  )
  await overruled
  expect(run).toMatchObject({ exitCode: 1, outputs: { verdict: 'completed' } })
  expect(run.annotations.at(-1)?.message).toMatch(
    /^An operator went back \(ada on .*: crashes\) while .*run rollback again/,
  )
  expect((await stored()).attempt).toMatchObject({ services: {}, outcome: 'rolled-back' })
})

test('this release has migrated: a timeout leaves the deployment and says why', async () => {
  const { two } = await begin(
    ({ one, two: next }) => ({ ...schema(levelTwo, next), releases: [released(one, levelOne)] }),
    [],
    10,
  )
  const run = await deploy(simulator, { ...release, digest: two, timeout: '10s' })
  expect(run).toMatchObject({ exitCode: 1, outputs: { verdict: 'timed-out' } })
  expect(run.annotations.at(-1)?.message).toMatch(/not rolled back, because the guard forbids it: .*0002_orders\.sql/)
  expect(counts(simulator)).not.toHaveProperty('ecs:StopServiceDeployment')
})

test("ECS's own rollback past a migration is reported as what it is", async () => {
  const { two } = await begin(({ one, two: next }) => ({
    ...schema(levelTwo, next),
    releases: [released(one, levelOne)],
  }))
  simulator.addBehaviours({ match: { digest: two }, behaviour: { exitsAfter: 2, exitCode: 1 } })
  const run = await deploy(simulator, { ...release, digest: two })
  expect(run).toMatchObject({ exitCode: 1, outputs: { verdict: 'rolled-back' } })
  expect(run.annotations[0]?.message).toMatch(/without asking the guard, which would have refused: .*0002_orders\.sql/)
  expect(run.annotations[0]?.message).toContain(
    `web:1 expects schema ${levelOne}, but the database has ${levelTwo}: a rollback to it is refused, so ship a fix`,
  )
})

test('within one schema level a timeout rolls back', async () => {
  const { one } = await begin(
    ({ one: digest }) => ({ ...schema(levelOne, digest), releases: [released(digest, levelOne)] }),
    [],
    10,
  )
  const run = await deploy(simulator, { ...release, digest: one, variables: 'LOG_LEVEL=debug', timeout: '10s' })
  expect(run.outputs.verdict).toBe('timed-out')
  expect(counts(simulator)['ecs:StopServiceDeployment']).toBe(1)
})

test('what runs is not what the record says: said, and gone on from', async () => {
  const { one } = await begin(({ one: digest }) => ({
    ...schema(levelOne, digest),
    releases: [released(digest, levelOne, { web: 'web:7' })],
  }))
  const run = await deploy(simulator, { ...release, digest: one, variables: 'LOG_LEVEL=debug' })
  expect(run.exitCode).toBe(0)
  expect(run.annotations[0]?.message).toMatch(/web runs web:1, but the record \/deploy-actions\/shop\/prod says web:7/)
})

test('what a failed release has left is not put down to somebody else', async () => {
  const { one } = await begin(({ one: digest }) => ({
    ...schema(levelOne, digest),
    releases: [released(digest, levelOne, { web: 'web:7' })],
    attempt: { digest, level: levelOne, services: { web: 'web:1' }, since: at, outcome: 'failed' },
  }))
  const run = await deploy(simulator, { ...release, digest: one, variables: 'LOG_LEVEL=debug' })
  expect(run.annotations[0]?.message).toContain(`deployed by the release of ${at}, which ended as failed`)
})

test('an image that is known by no digest has no known schema', async () => {
  await begin(({ one }) => ({ ...schema(levelOne, one), releases: [] }))
  const { repository: _, ...rest } = release
  const run = await deploy(simulator, { ...rest, image: 'registry.example.com/shop:2' })
  expect(run.annotations.at(-1)?.message).toMatch(
    /Which schema level registry\.example\.com\/shop:2 expects cannot be told/,
  )
  expect(counts(simulator)).not.toHaveProperty('ecs:UpdateService')
})

test('a first release without a record and without migrations goes ahead', async () => {
  await begin(() => undefined)
  const run = await deploy(simulator, { ...release, digest: digests.one })
  expect(run.exitCode).toBe(1)
  expect(run.annotations[0]?.message).toMatch(/does not know yet which migrations the database has/)
})

function clientConfig(endpoint: string) {
  return { region: 'eu-central-1', endpoint, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } }
}

async function digestsOf(url: string): Promise<{ one: string; two: string }> {
  const { imageDetails = [] } = await new ECRClient(clientConfig(url)).send(
    new DescribeImagesCommand({ repositoryName: 'shop' }),
  )
  const of = (tag: string) => imageDetails.find(({ imageTags }) => imageTags?.includes(tag))?.imageDigest ?? ''
  return { one: of('one'), two: of('two') }
}
