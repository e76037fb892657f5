import {
  DeleteParameterCommand,
  DescribeParametersCommand,
  GetParameterCommand,
  GetParameterHistoryCommand,
  GetParametersByPathCommand,
  GetParametersCommand,
  LabelParameterVersionCommand,
  PutParameterCommand,
} from '@aws-sdk/client-ssm'
import { type Simulator, startSimulator } from '../src/index.ts'
import { clientsOf } from './clients.ts'

let simulator: Simulator
let ssm: ReturnType<typeof clientsOf>['ssm']
beforeAll(async () => {
  simulator = await startSimulator({
    scenario: { seed: { parameters: [{ name: '/seeded', type: 'String', value: 'x' }] } },
  })
  ssm = clientsOf(simulator.url).ssm
})
afterAll(() => simulator.close())

const put = (Name: string, Value: string, more: object = {}) =>
  ssm.send(new PutParameterCommand({ Name, Value, Type: 'String', ...more }))

test('a parameter is created once, and overwritten only when asked', async () => {
  expect(await put('/app/one', 'a')).toMatchObject({ Version: 1, Tier: 'Standard' })
  await expect(put('/app/one', 'b')).rejects.toMatchObject({
    name: 'ParameterAlreadyExists',
    message: expect.stringContaining('set the overwrite option'),
  })
  expect(await put('/app/one', 'b', { Overwrite: true })).toMatchObject({ Version: 2 })
  const { Parameter } = await ssm.send(new GetParameterCommand({ Name: '/app/one' }))
  expect(Parameter).toMatchObject({
    Name: '/app/one',
    Value: 'b',
    Version: 2,
    ARN: 'arn:aws:ssm:eu-central-1:123456789012:parameter/app/one',
    LastModifiedDate: expect.any(Date),
  })
})

test('versions and labels are selected behind the name, and history keeps every version', async () => {
  for (const value of ['1', '2', '3']) await put('/app/versions', value, { Overwrite: true })
  await ssm.send(new LabelParameterVersionCommand({ Name: '/app/versions', ParameterVersion: 2, Labels: ['good'] }))
  const value = async (Name: string) => (await ssm.send(new GetParameterCommand({ Name }))).Parameter
  expect(await value('/app/versions:1')).toMatchObject({ Value: '1', Selector: ':1' })
  expect(await value('/app/versions:good')).toMatchObject({ Value: '2', Version: 2 })
  expect(await value('arn:aws:ssm:eu-central-1:123456789012:parameter/app/versions')).toMatchObject({ Value: '3' })
  await expect(value('/app/versions:9')).rejects.toMatchObject({ name: 'ParameterVersionNotFound' })
  const history = await ssm.send(new GetParameterHistoryCommand({ Name: '/app/versions' }))
  expect(history.Parameters?.map((one) => [one.Version, one.Value, one.Labels])).toEqual([
    [1, '1', []],
    [2, '2', ['good']],
    [3, '3', []],
  ])
})

test('after a hundred versions the oldest goes, unless a label holds it', async () => {
  for (let version = 1; version <= 101; version++) await put('/app/many', `${version}`, { Overwrite: true })
  await expect(ssm.send(new GetParameterCommand({ Name: '/app/many:1' }))).rejects.toMatchObject({
    name: 'ParameterVersionNotFound',
  })
  await ssm.send(new LabelParameterVersionCommand({ Name: '/app/many', ParameterVersion: 2, Labels: ['kept'] }))
  await expect(put('/app/many', 'more', { Overwrite: true })).rejects.toMatchObject({
    name: 'ParameterMaxVersionLimitExceeded',
  })
})

test.each([
  ['app/one', 'ValidationException', {}],
  ['/app/with space', 'ValidationException', {}],
  ['/ssm/one', 'ValidationException', {}],
  ['/awsome', 'AccessDeniedException', {}],
  [`/${Array.from({ length: 16 }, () => 'x').join('/')}`, 'HierarchyLevelLimitExceededException', {}],
  ['/app/new', 'ValidationException', { Type: undefined }],
  ['/app/new', 'ValidationException', { Value: 'x'.repeat(4097) }],
  ['/app/new', 'ValidationException', { Value: 'x'.repeat(8193), Tier: 'Advanced' }],
  ['/app/new', 'ValidationException', { Value: '' }],
  ['/app/new', 'ValidationException', { Type: 'Text' }],
  ['/app/new', 'ValidationException', { Overwrite: true, Tags: [{ Key: 'a', Value: 'b' }] }],
  ['/app/new', 'ParameterPatternMismatchException', { AllowedPattern: '^\\d+$' }],
  ['/seeded', 'HierarchyTypeMismatchException', { Type: 'SecureString', Overwrite: true }],
])('PutParameter %s is refused with %s', async (name, error, more) => {
  await expect(put(name, 'x', more)).rejects.toMatchObject({ name: error })
  await expect(ssm.send(new GetParameterCommand({ Name: '/app/new' }))).rejects.toMatchObject({
    name: 'ParameterNotFound',
  })
})

test('4096 characters fit the standard tier, 8192 the advanced one', async () => {
  expect(await put('/app/full', 'x'.repeat(4096))).toMatchObject({ Tier: 'Standard' })
  expect(await put('/app/advanced', 'x'.repeat(8192), { Tier: 'Intelligent-Tiering' })).toMatchObject({
    Tier: 'Advanced',
  })
  await expect(put('/app/advanced', 'x', { Tier: 'Standard', Overwrite: true })).rejects.toThrow(/downgrade/)
})

test('a SecureString is readable only with decryption', async () => {
  await put('/app/secret', 'hunter2', { Type: 'SecureString' })
  const closed = await ssm.send(new GetParameterCommand({ Name: '/app/secret' }))
  const again = await ssm.send(new GetParameterCommand({ Name: '/app/secret' }))
  const open = await ssm.send(new GetParameterCommand({ Name: '/app/secret', WithDecryption: true }))
  expect(closed.Parameter?.Value).not.toContain('hunter2')
  expect(again.Parameter?.Value).toBe(closed.Parameter?.Value)
  expect(open.Parameter?.Value).toBe('hunter2')
})

test('GetParameters takes ten names and lists unknown ones without failing', async () => {
  const answer = await ssm.send(new GetParametersCommand({ Names: ['/seeded', '/nope', '/seeded:7'] }))
  expect(answer.Parameters?.map((one) => one.Name)).toEqual(['/seeded'])
  expect(answer.InvalidParameters).toEqual(['/nope', '/seeded:7'])
  const eleven = Array.from({ length: 11 }, (_, index) => `/n${index}`)
  await expect(ssm.send(new GetParametersCommand({ Names: eleven }))).rejects.toMatchObject({
    name: 'ValidationException',
  })
})

test('a page by path can be empty and still not be the last', async () => {
  for (let index = 10; index < 22; index++) await put(`/path/deep/${index}`, 'x')
  await put('/path/zzz', 'last')
  const pages: (string | undefined)[][] = []
  let NextToken: string | undefined
  do {
    const page = await ssm.send(new GetParametersByPathCommand({ Path: '/path', NextToken }))
    pages.push((page.Parameters ?? []).map((one) => one.Name))
    NextToken = page.NextToken
  } while (NextToken)
  expect(pages).toEqual([[], ['/path/zzz']])
  const recursive = await ssm.send(new GetParametersByPathCommand({ Path: '/path/', Recursive: true, MaxResults: 10 }))
  expect(recursive.Parameters).toHaveLength(10)
  expect(recursive.NextToken).toBeDefined()
})

test.each([
  [{ Path: 'path' }, 'ValidationException'],
  [{ Path: '/path', MaxResults: 11 }, 'ValidationException'],
  [{ Path: '/path', NextToken: 'nonsense' }, 'InvalidNextToken'],
])('GetParametersByPath %j is refused with %s', async (input, name) => {
  await expect(ssm.send(new GetParametersByPathCommand(input))).rejects.toMatchObject({ name })
})

test('the path itself is not below the path', async () => {
  await put('/leaf', 'x')
  expect((await ssm.send(new GetParametersByPathCommand({ Path: '/leaf', Recursive: true }))).Parameters).toEqual([])
})

test('a deleted parameter is gone and can start again at version 1', async () => {
  await put('/lock', 'run 1')
  await ssm.send(new DeleteParameterCommand({ Name: '/lock' }))
  await expect(ssm.send(new DeleteParameterCommand({ Name: '/lock' }))).rejects.toMatchObject({
    name: 'ParameterNotFound',
  })
  expect(await put('/lock', 'run 2')).toMatchObject({ Version: 1 })
})

test('DescribeParameters filters and never shows a value', async () => {
  const answer = await ssm.send(
    new DescribeParametersCommand({
      ParameterFilters: [{ Key: 'Name', Option: 'BeginsWith', Values: ['/app/secret'] }],
    }),
  )
  expect(answer.Parameters).toHaveLength(1)
  expect(JSON.stringify(answer.Parameters)).not.toContain('hunter2')
})
