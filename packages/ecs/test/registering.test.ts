import {
  DeregisterTaskDefinitionCommand,
  DescribeTaskDefinitionCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
} from '@aws-sdk/client-ecs'
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { systemClock } from '@deploy-actions/action-kit'
import { awsClient } from '@deploy-actions/aws'
import { type Simulator, startSimulator } from '@deploy-actions/aws-simulator'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  applyChanges,
  differences,
  equivalent,
  fetchTaskDefinition,
  parametersUnder,
  registerOrReuse,
  type TaskDefinitionInput,
  toRegisterInput,
} from '../src/index.ts'
import { parametersLabel } from '../src/task-definitions/parameters-label.ts'
import { validDefinition } from './arbitrary.ts'
import { definition as stageDefinition } from './stage.ts'

const definition = (letter: string) => stageDefinition(letter) as unknown as TaskDefinitionInput
const warnings: string[] = []
const silent = {
  info: () => {},
  debug: () => {},
  notice: () => {},
  warning: (message: string) => void warnings.push(message),
  error: () => {},
  group: <T>(_: string, body: () => T) => Promise.resolve(body()),
}

let simulator: Simulator
let ecs: ECSClient
let ssm: SSMClient
beforeEach(async () => {
  warnings.length = 0
  simulator = await startSimulator()
  Object.assign(process.env, simulator.env)
  const options = { region: 'eu-central-1', log: silent, clock: systemClock }
  ecs = awsClient(ECSClient, options)
  ssm = awsClient(SSMClient, options)
})
afterEach(() => simulator.close())

const register = (wanted: TaskDefinitionInput, tags?: Record<string, string>) =>
  registerOrReuse(ecs, wanted, { log: silent, ...(tags ? { tags } : {}) })
const registrations = () => simulator.calls.filter(({ operation }) => operation === 'RegisterTaskDefinition')

describe('registerOrReuse', () => {
  test('what the service fills in makes no other definition, whatever was given', async () => {
    await fc.assert(
      fc.asyncProperty(validDefinition, async (wanted) => {
        const { taskDefinition } = await ecs.send(new RegisterTaskDefinitionCommand(wanted))
        const described = await fetchTaskDefinition(ecs, taskDefinition?.taskDefinitionArn ?? '')
        const back = toRegisterInput(described)
        expect(differences(wanted, back)).toEqual([])
        // And it can be registered again as it is.
        const before = registrations().length
        const again = await register(back)
        expect(again).toEqual({
          arn: described.taskDefinition.taskDefinitionArn,
          familyRevision: `web:${described.taskDefinition.revision}`,
          registered: false,
        })
        expect(registrations()).toHaveLength(before)
      }),
      { numRuns: 40 },
    )
  })

  test('registers what is new, with tags, and reuses it then', async () => {
    const first = await register(definition('a'), { 'deploy-actions:commit': 'abc', branch: 'feature/ä#1' })
    expect(first).toMatchObject({ familyRevision: 'web:1', registered: true })
    const { tags } = await fetchTaskDefinition(ecs, 'web')
    expect(tags).toEqual([
      { key: 'deploy-actions:commit', value: 'abc' },
      { key: 'branch', value: 'feature/ä_1' },
    ])
    expect(await register(definition('a'), { 'deploy-actions:commit': 'def' })).toMatchObject({
      familyRevision: 'web:1',
      registered: false,
    })
    expect(await register(definition('b'))).toMatchObject({ familyRevision: 'web:2', registered: true })
    expect(await register(definition('a'))).toMatchObject({ familyRevision: 'web:1', registered: false })
  })

  test('takes the newest of several equal ones, looks back a bounded way, and passes INACTIVE ones by', async () => {
    for (const letter of ['a', 'b', 'a', 'b', 'c'])
      await ecs.send(new RegisterTaskDefinitionCommand(definition(letter)))
    expect((await register(definition('a'))).familyRevision).toBe('web:3')
    await ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'web:3' }))
    expect((await register(definition('a'))).familyRevision).toBe('web:1')
    await ecs.send(new RegisterTaskDefinitionCommand(definition('d')))
    expect((await register(definition('a'))).familyRevision).toBe('web:7')
    expect(simulator.calls.filter(({ operation }) => operation === 'ListTaskDefinitions')).toEqual([])
  })

  test('takes the current one before a newer equal one', async () => {
    for (let index = 0; index < 3; index++) await ecs.send(new RegisterTaskDefinitionCommand(definition('a')))
    const current = await fetchTaskDefinition(ecs, 'web:1')
    const wanted = definition('a')
    expect((await registerOrReuse(ecs, wanted, { log: silent, current })).familyRevision).toBe('web:1')
    expect((await registerOrReuse(ecs, wanted, { log: silent })).familyRevision).toBe('web:3')
  })

  test('keeps tags that were set elsewhere and leaves out those that AWS reserves', async () => {
    const tags = [{ key: 'team', value: 'shop' }]
    await ecs.send(new RegisterTaskDefinitionCommand({ ...definition('a'), tags }))
    const fetched = await fetchTaskDefinition(ecs, 'web')
    const withReserved = { ...fetched, tags: [...fetched.tags, { key: 'aws:cloudformation:stack-name', value: 'x' }] }
    const next = applyChanges(toRegisterInput(withReserved), { image: 'example.com/next' })
    await register(next, { 'deploy-actions:commit': 'abc' })
    expect((await fetchTaskDefinition(ecs, 'web:2')).tags).toEqual([
      ...tags,
      { key: 'deploy-actions:commit', value: 'abc' },
    ])
  })

  test('a missing family or revision is said, as what it is', async () => {
    await expect(fetchTaskDefinition(ecs, 'nope')).rejects.toThrow(
      'An active revision of the task definition family "nope" does not exist in eu-central-1',
    )
    await expect(fetchTaskDefinition(ecs, 'nope:3')).rejects.toThrow('Task definition "nope:3" does not exist')
  })
})

test('a revision that is named is reused, however many have come since', async () => {
  const first = await register(definition('a'))
  for (const letter of 'bcdefgh') await register(definition(letter))
  const before = registrations().length
  for (const reference of [first.familyRevision, first.arn]) {
    const current = await fetchTaskDefinition(ecs, reference)
    const wanted = toRegisterInput(current)
    expect(await registerOrReuse(ecs, wanted, { log: silent, current })).toEqual({ ...first, registered: false })
  }
  expect(registrations()).toHaveLength(before)
})

describe('applyChanges', () => {
  const input: TaskDefinitionInput = {
    family: 'web',
    containerDefinitions: [
      {
        name: 'web',
        image: 'a',
        environment: [
          { name: 'URL', value: 'x' },
          { name: 'KEPT', value: '' },
        ],
        healthCheck: { command: ['CMD', 'true'] },
        command: [],
      },
      { name: 'agent', image: 'b', essential: false },
    ],
    volumes: [{ name: 'data' }],
  }
  const [web] = input.containerDefinitions!

  test('touches only what is asked, in a copy', () => {
    const before = structuredClone(input)
    const changed = applyChanges(input, { image: 'c' })
    expect(changed).toEqual({
      ...input,
      containerDefinitions: [{ ...web, image: 'c' }, input.containerDefinitions![1]],
    })
    expect(input).toEqual(before)
    expect(applyChanges(input, {})).toEqual(input)
  })

  test('moves a name between variables and secrets, and keeps the order of the others', () => {
    const changed = applyChanges(input, { secrets: { URL: '/url' }, environment: { NEW: '1' } })
    expect(changed.containerDefinitions?.[0]).toMatchObject({
      environment: [
        { name: 'KEPT', value: '' },
        { name: 'NEW', value: '1' },
      ],
      secrets: [{ name: 'URL', valueFrom: '/url' }],
    })
    const back = applyChanges(changed, { environment: { URL: 'y' } })
    expect(back.containerDefinitions?.[0]?.secrets).toEqual([])
    expect(() => applyChanges(input, { secrets: { A: '/a' }, environment: { A: '1' } })).toThrow(
      'A is asked as a variable and as a secret',
    )
  })

  test('knows the container it is meant for, or lists them', () => {
    const two = {
      ...input,
      containerDefinitions: input.containerDefinitions!.map((one) => ({ ...one, essential: true })),
    }
    expect(() => applyChanges(two, { image: 'c' })).toThrow(
      'has 2 essential containers: set input "container" to one of web, agent',
    )
    expect(applyChanges(two, { image: 'c', container: 'agent' }).containerDefinitions?.[1]?.image).toBe('c')
    expect(() => applyChanges(two, { images: { agnet: 'c' } })).toThrow('no container "agnet"; did you mean "agent"?')
  })
})

describe('a parameter that was deleted since the last release', () => {
  const running = (container: object) => ({
    family: 'web',
    containerDefinitions: [
      {
        name: 'app',
        image: 'a',
        dockerLabels: { [parametersLabel]: 'DATABASE_URL=1@t OLD_FLAG=2@t', team: 'shop' },
        ...container,
      },
    ],
  })
  const now = { dockerLabels: { [parametersLabel]: 'DATABASE_URL=1@t' } }
  const secret = (name: string, valueFrom = `/shop/production/${name}`) => ({ name, valueFrom })
  const secretsBefore = [secret('DATABASE_URL'), secret('OLD_FLAG'), secret('BY_HAND')]
  const after = (...args: Parameters<typeof applyChanges>) => applyChanges(...args).containerDefinitions?.[0]

  test('leaves the secrets; all others stay', () => {
    const container = after(running({ secrets: secretsBefore }), { ...now, secrets: { DATABASE_URL: '/b' } })
    expect(container?.secrets).toEqual([secret('DATABASE_URL', '/b'), secret('BY_HAND')])
    expect(container?.dockerLabels).toEqual({ ...now.dockerLabels, team: 'shop' })
  })

  test('leaves the variables, where it was a value', () => {
    const environment = [
      { name: 'OLD_FLAG', value: '1' },
      { name: 'BY_HAND', value: '2' },
    ]
    expect(after(running({ environment }), now)?.environment).toEqual([{ name: 'BY_HAND', value: '2' }])
  })

  test('stays where the step gives it itself, or where it has become a secret of another kind', () => {
    const variables = after(running({ secrets: secretsBefore }), { ...now, environment: { OLD_FLAG: 'x' } })
    expect(variables?.environment).toEqual([{ name: 'OLD_FLAG', value: 'x' }])
    const manager = secret('OLD_FLAG', 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-AbCdEf')
    expect(after(running({ secrets: [manager] }), now)?.secrets).toEqual([manager])
  })

  test('stays where this release reads no parameters, and where the last one did not', () => {
    expect(after(running({ secrets: secretsBefore }), { image: 'b' })?.secrets).toEqual(secretsBefore)
    const first = running({ secrets: secretsBefore, dockerLabels: {} })
    expect(after(first, now)?.secrets).toEqual(secretsBefore)
  })
})

describe('parametersUnder', () => {
  const put = (Name: string, Value: string, Type: 'String' | 'SecureString' = 'SecureString') =>
    ssm.send(new PutParameterCommand({ Name, Value, Type, Overwrite: true }))

  test('reads every page, refers by name, and asks for no secret value', async () => {
    for (let index = 0; index < 23; index++) await put(`/app/staging/V${index}`, `secret-${index}`)
    await put('/app/other', 'x')
    const found = await parametersUnder(ssm, '/app/staging/')
    expect(Object.keys(found.secrets)).toHaveLength(23)
    expect(found.secrets.V7).toBe('/app/staging/V7')
    expect(found.environment).toEqual({})
    const asked = simulator.calls.filter(({ operation }) => operation === 'GetParametersByPath')
    expect(asked.length).toBeGreaterThanOrEqual(3)
    expect(asked.every(({ input }) => (input as { WithDecryption?: boolean }).WithDecryption !== true)).toBe(true)
  })

  test('names them by ARN where the tasks run in another region', async () => {
    await put('/app/staging/URL', 'x')
    const { secrets } = await parametersUnder(ssm, '/app/staging', { taskRegion: 'eu-west-1' })
    expect(secrets.URL).toBe('arn:aws:ssm:eu-central-1:123456789012:parameter/app/staging/URL')
  })

  test('makes plain variables of Strings when asked', async () => {
    await put('/app/staging/LEVEL', 'info', 'String')
    await put('/app/staging/URL', 'secret')
    const found = await parametersUnder(ssm, '/app/staging', { as: 'values' })
    expect(found).toMatchObject({ environment: { LEVEL: 'info' }, secrets: { URL: '/app/staging/URL' } })
  })

  test('a changed value is a changed definition; the same value read again is not', async () => {
    await put('/app/staging/URL', 'hidden-1')
    const one = applyChanges(definition('a'), await parametersUnder(ssm, '/app/staging'))
    const same = applyChanges(definition('a'), await parametersUnder(ssm, '/app/staging'))
    await put('/app/staging/URL', 'hidden-2')
    const two = applyChanges(definition('a'), await parametersUnder(ssm, '/app/staging'))
    expect(equivalent(one, same)).toBe(true)
    expect(differences(one, two).map(({ path }) => path)).toEqual([`app.dockerLabels.${parametersLabel}`])
    expect(JSON.stringify(two)).not.toContain('hidden')
  })

  test('what cannot become a variable is named', async () => {
    await expect(parametersUnder(ssm, '/app/staging')).rejects.toThrow(
      'No SSM parameter lies below "/app/staging" in eu-central-1',
    )
    await expect(parametersUnder(ssm, 'app')).rejects.toThrow('Input "parameters-path" is "app"')
    await put('/app/staging/db/URL', 'x')
    expect((await parametersUnder(ssm, '/app/staging')).secrets).toEqual({ URL: '/app/staging/db/URL' })
    await put('/app/staging/URL', 'x')
    await expect(parametersUnder(ssm, '/app/staging')).rejects.toThrow(
      '/app/staging/URL and /app/staging/db/URL would both become the variable URL',
    )
    await put('/bad/path/database-url', 'x')
    await expect(parametersUnder(ssm, '/bad/path')).rejects.toThrow(
      '"database-url" is not a variable name (letters, digits and _, no digit first). Rename it, for example /bad/path/DATABASE_URL',
    )
  })
})

test('describing works without the right to read tags', async () => {
  await ecs.send(new RegisterTaskDefinitionCommand({ ...definition('a'), tags: [{ key: 'a', value: 'b' }] }))
  simulator.addFaults({
    operation: 'DescribeTaskDefinition',
    contains: 'TAGS',
    effect: {
      kind: 'error',
      name: 'AccessDeniedException',
      message: 'User: x is not authorized to perform: ecs:ListTagsForResource on resource: *',
    },
  })
  const { taskDefinition, tags } = await fetchTaskDefinition(ecs, 'web')
  expect(taskDefinition.revision).toBe(1)
  expect(tags).toEqual([])
  const { taskDefinition: bare } = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: 'web' }))
  expect(bare?.revision).toBe(1)
})
