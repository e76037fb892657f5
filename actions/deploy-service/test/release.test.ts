import { DescribeImagesCommand, ECRClient } from '@aws-sdk/client-ecr'
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import type { Fault, Simulator } from '@deploy-actions/aws-simulator'
import {
  emptyState,
  type Migration,
  type RecordState,
  readRecord,
  schemaLabels,
  schemaLevel,
} from '@deploy-actions/release'
import { counts, deploy, digest as digestOf, host, stage } from './stage.ts'

const first: Migration[] = [{ name: '0001_init.sql', hash: '111111111111' }]
const second: Migration[] = [...first, { name: '0002_orders.sql', hash: '222222222222' }]
const edited: Migration[] = [{ name: '0001_init.sql', hash: '999999999999' }, ...second.slice(1)]
const levelOne = schemaLevel(first).text
const levelTwo = schemaLevel(second).text
const parameter = '/deploy-actions/shop/prod'
const release = { application: 'shop', environment: 'prod', repository: 'shop' }
const commit = '0123456789abcdef0123456789abcdef01234567'

let simulator: Simulator
let ssm: SSMClient
interface Digests {
  one: string
  two: string
  edited: string
}
let digests: Digests
afterEach(() => simulator.close())

/** The service runs image `one` (one migration) as `web:1`; image `two` brings a second migration. */
async function begin(state: (digests: Digests) => Partial<RecordState> | undefined, faults: Fault[] = [], speed = 60) {
  const images = [
    { repository: 'shop', tags: ['one'], labels: schemaLabels(first), content: 'one' },
    { repository: 'shop', tags: ['two'], labels: schemaLabels(second), content: 'two' },
    { repository: 'shop', tags: ['edited'], labels: schemaLabels(edited), content: 'edited' },
  ]
  const probe = await stage({ scenario: { seed: { images } } })
  digests = await pushedDigests(probe.url)
  await probe.close()
  simulator = await stage({
    speed,
    container: { image: `${host}/shop@${digests.one}` },
    scenario: { seed: { images, roles: [{ name: 'execution' }] }, faults },
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
const runUrl = 'https://github.com/example/shop/actions/runs/1000000001'
const schema = (level: string, digest: string) => ({ schema: { level, digest, since: at } })
const released = (digest: string, level: string, services = { web: 'web:1' }) => ({
  number: 1,
  digest,
  level,
  services,
  at,
})
const put = async (state: object) => {
  const Value = JSON.stringify({ format: 1, ...state })
  await ssm.send(new PutParameterCommand({ Name: parameter, Type: 'String', Overwrite: true, Value }))
}
const freeze = { by: 'ada', reason: 'stop', since: at }
const wayBackFrom = (intent: RecordState['intent']) => ({
  kind: 'rollback',
  number: 3,
  target: { web: 'web:1' },
  services: {},
  since: at,
  by: 'ada',
  leaving: { number: intent?.number, run: intent?.run },
})
/** Once a call of this kind has arrived, however long its answer is held. */
async function arrived(operation: string, text = ''): Promise<void> {
  const has = () =>
    simulator.calls.some((call) => call.operation === operation && JSON.stringify(call.input).includes(text))
  while (!has()) await new Promise((done) => setTimeout(done, 20))
}
/** As begin-release would have left it for the run that the test makes. */
const underWay = (digest: string, level: string) => ({
  kind: 'release' as const,
  number: 2,
  digest,
  level,
  target: {},
  services: {},
  since: at,
  run: runUrl,
})
const stored = async () => (await readRecord(ssm, { application: 'shop', environment: 'prod' }))?.state ?? emptyState

test('image and database agree: deployed, and the release under way is told', async () => {
  const { two } = await begin(({ one, two: next }) => ({
    ...schema(levelTwo, next),
    releases: [released(one, levelOne)],
    intent: underWay(next, levelTwo),
  }))
  const run = await deploy(simulator, { ...release, digest: two })
  expect(run).toMatchObject({ exitCode: 0, outputs: { verdict: 'completed' } })
  expect((await stored()).intent).toMatchObject({ services: { web: 'web:2' }, completed: expect.any(String) })
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
      intent: underWay(digest, levelOne),
    }),
    [{ service: 'ssm', operation: 'PutParameter', contains: 'completed', effect: { kind: 'deny' } }],
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
    await put({ ...(await stored()), freeze: { by: 'ada', reason: 'stop', since: at } })
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
    intent: underWay(next, levelTwo),
  }))
  let overruled: Promise<unknown> | undefined
  const goBack = async () => {
    const state = await stored()
    const bad = [{ digest: two, since: at, by: 'ada', reason: 'crashes' }]
    await put({ ...state, bad, intent: wayBackFrom(state.intent) })
  }
  const run = await deploy(
    simulator,
    { ...release, digest: two },
    {
      onLine: (line) => {
        if (/^web +new /.test(line)) overruled ??= goBack()
      },
    },
  )
  await overruled
  expect(run).toMatchObject({ exitCode: 1, outputs: { verdict: 'completed' } })
  expect(run.annotations.at(-1)?.message).toMatch(
    /^An operator went back \(ada on .*: crashes\) while .*run rollback again/,
  )
  expect((await stored()).intent).toMatchObject({ kind: 'rollback', services: {} })
})

describe('decided while ECS has not answered the update', () => {
  const held: Fault = { service: 'ecs', operation: 'UpdateService', effect: { kind: 'delay', milliseconds: 2500 } }
  const meanwhile = async (decide: (state: RecordState) => object, inputs: Record<string, string> = {}) => {
    const deploying = deploy(simulator, { ...release, variables: 'LOG_LEVEL=debug', ...inputs })
    await arrived('UpdateService')
    await put(decide(await stored()))
    return deploying
  }

  test.each<[string, (state: RecordState) => object, RegExp]>([
    ['frozen', (state) => ({ ...state, freeze }), /^Releases were frozen \(ada on .*: stop\) while ECS was asked/],
    [
      'marked bad',
      (state) => ({ ...state, bad: [{ digest: state.intent?.digest, since: at, by: 'ada' }] }),
      /^The image was marked bad \(ada on/,
    ],
    ['overruled', (state) => ({ ...state, intent: wayBackFrom(state.intent) }), /^An operator went back \(ada on/],
  ])('%s: the step takes back what it has started, and is red', async (_, decide, message) => {
    const { one } = await begin(({ one: digest }) => ({ ...schema(levelOne, digest), releases: [] }), [held], 20)
    const run = await meanwhile(decide, { digest: one })
    expect(run.exitCode).toBe(1)
    expect(run.outputs.verdict).not.toBe('completed')
    expect(run.annotations[0]?.message).toMatch(message)
    expect(counts(simulator)['ecs:StopServiceDeployment']).toBe(1)
    expect(run.log).toMatch(/ECS was asked to stop the deployment and is rolling back/)
  })

  test('after a migration the guard forbids to go back, and that is said', async () => {
    const { two } = await begin(
      ({ one, two: next }) => ({ ...schema(levelTwo, next), releases: [released(one, levelOne)] }),
      [held],
    )
    const run = await meanwhile((state) => ({ ...state, freeze }), { digest: two })
    expect(run).toMatchObject({ exitCode: 1, outputs: { verdict: 'completed' } })
    expect(run.annotations.map((one) => one.message).join()).toMatch(
      /frozen .* It goes on all the same, because the guard forbids to go back: .*0002_orders/,
    )
    expect(counts(simulator)).not.toHaveProperty('ecs:StopServiceDeployment')
  })
})

test('a freeze between the look and the write of the target is seen by the write, which leaves the record as it was', async () => {
  const { one } = await begin(
    ({ one: digest }) => ({ ...schema(levelOne, digest), releases: [] }),
    [
      {
        service: 'ssm',
        operation: 'PutParameter',
        contains: 'web:2',
        times: 1,
        effect: { kind: 'delay', milliseconds: 1500 },
      },
    ],
  )
  const deploying = deploy(simulator, { ...release, digest: one, variables: 'LOG_LEVEL=debug' })
  await arrived('PutParameter', 'web:2')
  await put({ ...(await stored()), freeze })
  const run = await deploying
  expect(run.annotations[0]?.message).toMatch(/^Releases are frozen since .* by ada: stop\..*Nothing was changed/)
  expect(counts(simulator)).not.toHaveProperty('ecs:UpdateService')
  expect(await stored()).toMatchObject({ counter: 0, freeze })
})

test('the target is on record before the update, also where no step has begun the release', async () => {
  const { one } = await begin(({ one: digest }) => ({ ...schema(levelOne, digest), releases: [] }))
  const run = await deploy(simulator, { ...release, digest: one, variables: 'LOG_LEVEL=debug' })
  expect(run.outputs.verdict).toBe('completed')
  const operations = simulator.calls.map(({ operation }) => operation)
  expect(operations.indexOf('PutParameter', 1)).toBeLessThan(operations.indexOf('UpdateService'))
  expect(await stored()).toMatchObject({
    counter: 1,
    intent: {
      kind: 'release',
      number: 1,
      digest: one,
      level: levelOne,
      target: { web: 'web:2' },
      services: { web: 'web:2' },
      run: runUrl,
      completed: expect.any(String),
    },
  })
})

describe('plan shows the answer that the deployment would get', () => {
  const pending = (digest: string) => ({ pending: { level: levelTwo, digest, since: at, run: 'run 9' } })
  test.each<[string, keyof Digests, (found: Digests) => Partial<RecordState>, RegExp]>([
    [
      'edited migrations',
      'edited',
      ({ one }) => schema(levelOne, one),
      /are no continuation of what the database has .*Changed after they ran: 0001_init\.sql/,
    ],
    [
      'a migration that is pending',
      'two',
      ({ one, two }) => ({ ...schema(levelOne, one), ...pending(two) }),
      /A migration to level 2\./,
    ],
    [
      'an older image',
      'one',
      ({ two }) => schema(levelTwo, two),
      /does not know 1 migration that ran since: 0002_orders\.sql/,
    ],
    ['a freeze', 'one', ({ one }) => ({ ...schema(levelOne, one), freeze }), /Releases are frozen since/],
    [
      'migrations of a level that is not to be compared',
      'two',
      () => schema('3.3f9ac2d1', digestOf('e')),
      /cannot be compared/,
    ],
  ])('red for %s', async (_, image, state, message) => {
    await begin((found) => ({ releases: [], ...state(found) }))
    const run = await deploy(simulator, { ...release, digest: digests[image], plan: 'true' })
    expect(run.exitCode).toBe(1)
    expect(run.annotations.at(-1)?.message).toMatch(/This deployment would not succeed/)
    expect(run.annotations.at(-1)?.message).toMatch(message)
    const deployed = await deploy(simulator, { ...release, digest: digests[image] })
    expect(deployed.annotations.at(-1)?.message).toMatch(message)
  })

  test('green with a warning where migrations have to run first, which they may', async () => {
    await begin(({ one }) => ({ ...schema(levelOne, one), releases: [released(one, levelOne)] }))
    const run = await deploy(simulator, { ...release, digest: digests.two, plan: 'true' })
    expect(run.exitCode).toBe(0)
    expect(run.annotations.map((one) => one.message).join()).toMatch(/1 migration must run first: 0002_orders\.sql/)
  })
})

describe('a freeze and a mark are asked about, whatever the images are', () => {
  const foreign = 'registry.example.com/shop'
  test.each([
    ['an image outside ECR', { image: `${foreign}:2` }],
    ['one that is pinned', { image: `${foreign}@${digestOf('b')}` }],
    ['no image of its own', { variables: 'LOG_LEVEL=debug' }],
  ])('%s, frozen', async (_, inputs) => {
    await begin(() => ({ freeze }))
    const { repository: _repository, ...rest } = release
    const run = await deploy(simulator, { ...rest, ...(inputs as Record<string, string>) })
    expect(run.annotations.at(-1)?.message).toMatch(/^Releases are frozen since .* by ada: stop/)
    expect(counts(simulator)).not.toHaveProperty('ecs:UpdateService')
    expect(counts(simulator)).not.toHaveProperty('ecs:RegisterTaskDefinition')
  })

  test('an image outside ECR that is marked bad', async () => {
    await begin(() => ({ bad: [{ digest: digestOf('b'), since: at, by: 'ada', reason: 'crashes' }] }))
    const { repository: _, ...rest } = release
    const run = await deploy(simulator, { ...rest, image: `${foreign}@${digestOf('b')}` })
    expect(run.annotations.at(-1)?.message).toMatch(/was marked bad on .* by ada: crashes/)
    expect(counts(simulator)).not.toHaveProperty('ecs:UpdateService')
  })

  test.each<[string, Partial<RecordState>, RegExp]>([
    ['frozen', { freeze }, /^Releases are frozen/],
    ['of which one is marked bad', { bad: [{ digest: digestOf('b'), since: at }] }, /was marked bad/],
  ])('two essential containers, %s', async (_, state, message) => {
    const containers = ['app', 'helper'].map((name) => ({
      name,
      image: `${foreign}@${digestOf(name === 'app' ? 'a' : 'b')}`,
      essential: true,
    }))
    simulator = await stage({ definition: { containerDefinitions: containers } })
    ssm = new SSMClient(clientConfig(simulator.url))
    await put({ ...emptyState, ...state })
    const { repository: _repository, ...rest } = release
    const run = await deploy(simulator, { ...rest, 'force-new-deployment': 'true' })
    expect(run.annotations.at(-1)?.message).toMatch(message)
    expect(counts(simulator)).not.toHaveProperty('ecs:UpdateService')
  })
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
    intent: { ...underWay(digest, levelOne), services: { web: 'web:1' }, outcome: 'failed' },
  }))
  const run = await deploy(simulator, { ...release, digest: one, variables: 'LOG_LEVEL=debug' })
  expect(run.annotations[0]?.message).toContain(`deployed by the release of ${at} (${runUrl}), which ended as failed`)
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
  const bare = simulator.addImage({ repository: 'shop', tags: ['bare'], labels: schemaLabels([]), content: 'bare' })
  const run = await deploy(simulator, { ...release, digest: bare })
  expect(run).toMatchObject({ exitCode: 0, outputs: { verdict: 'completed' } })
})

test('a first release without a record but with migrations is refused: nobody knows what the database has', async () => {
  await begin(() => undefined)
  const run = await deploy(simulator, { ...release, digest: digests.one })
  expect(run.exitCode).toBe(1)
  expect(run.annotations[0]?.message).toMatch(/does not know yet which migrations the database has/)
})

function clientConfig(endpoint: string) {
  return { region: 'eu-central-1', endpoint, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } }
}

async function pushedDigests(url: string): Promise<Digests> {
  const { imageDetails = [] } = await new ECRClient(clientConfig(url)).send(
    new DescribeImagesCommand({ repositoryName: 'shop' }),
  )
  const of = (tag: string) => imageDetails.find(({ imageTags }) => imageTags?.includes(tag))?.imageDigest ?? ''
  return { one: of('one'), two: of('two'), edited: of('edited') }
}
