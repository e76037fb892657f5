import {
  CreateRepositoryCreationTemplateCommand,
  DescribeRepositoriesCommand,
} from '../../../packages/ecr/test/support/ecr-api.ts'
import { errorOf, requests, type Stage, stage } from './support.ts'

let on: Stage
beforeEach(async () => {
  on = await stage()
})
afterEach(() => on.close())

test('a missing repository is an error with the command that creates it', async () => {
  const { layout } = await on.image()
  const run = await on.run({ image: layout, repository: 'shop/new' })
  expect(run.exitCode).toBe(1)
  expect(errorOf(run)[0]).toContain('Repository "shop/new" does not exist in the registry in eu-central-1')
  expect(errorOf(run)[0]).toContain('aws ecr create-repository --repository-name shop/new --region eu-central-1')
  expect(requests(on.simulator).filter((call) => call.startsWith('registry:'))).toEqual([])
})

test.each([
  [{ 'tag-mutability': 'mutable' }, { imageTagMutability: 'MUTABLE', scanOnPush: false }],
  [
    { 'tag-mutability': 'immutable', scan: 'none' },
    { imageTagMutability: 'IMMUTABLE', scanOnPush: false },
  ],
  [
    { 'tag-mutability': 'immutable', 'movable-tags': 'prod*', scan: 'wait' },
    { imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION', scanOnPush: true },
  ],
])('creates it when asked, with %j', async (settings, expected) => {
  const { layout } = await on.image()
  const run = await on.run({
    image: layout,
    repository: 'shop/new',
    'create-repository': 'true',
    'scan-timeout': '1s',
    ...settings,
  })
  expect(run.outputs.pushed).toBe('true')
  expect(run.annotations[0]?.message).toContain('Repository shop/new created')
  const { repositories } = await on.ecr.send(new DescribeRepositoriesCommand({ repositoryNames: ['shop/new'] }))
  expect(repositories![0]).toMatchObject({
    imageTagMutability: expected.imageTagMutability,
    imageScanningConfiguration: { scanOnPush: expected.scanOnPush },
  })
})

describe('where a template of the registry creates it on push', () => {
  const template = (imageTagMutability: 'MUTABLE' | 'IMMUTABLE', prefix = 'shop') =>
    on.ecr.send(
      new CreateRepositoryCreationTemplateCommand({
        prefix,
        imageTagMutability,
        appliedFor: ['CREATE_ON_PUSH'],
        encryptionConfiguration: { encryptionType: 'KMS' },
      }),
    )

  test.each([['false'], ['true']])(
    'ECR does it, with the template’s settings (create-repository: %s)',
    async (create) => {
      await template('IMMUTABLE')
      const { layout, root } = await on.image()
      const run = await on.run({ image: layout, repository: 'shop/fresh', tags: 'v1', 'create-repository': create })
      expect(errorOf(run)).toEqual([])
      expect(run.log).toContain('template "shop" creates it on the push, with immutable tags')
      expect((await on.stored('v1', 'shop/fresh'))?.digest).toBe(root.digest)
      expect(requests(on.simulator)).not.toContain('ecr:CreateRepository')
      const { repositories } = await on.ecr.send(new DescribeRepositoriesCommand({ repositoryNames: ['shop/fresh'] }))
      expect(repositories![0]).toMatchObject({
        imageTagMutability: 'IMMUTABLE',
        encryptionConfiguration: { encryptionType: 'KMS' },
      })
    },
  )

  test('and makes tags movable where this step wants them immutable, nothing is created', async () => {
    await template('MUTABLE')
    const { layout } = await on.image()
    const settings = { 'create-repository': 'true', 'tag-mutability': 'immutable' }
    const run = await on.run({ image: layout, repository: 'shop/fresh', ...settings })
    expect(errorOf(run)[0]).toContain('template "shop" of the registry makes shop/fresh with mutable tags')
    expect(requests(on.simulator).filter((call) => /^registry:|Create/.test(call))).toEqual([
      'ecr:CreateRepositoryCreationTemplate',
    ])
  })

  test('a role that may not read templates creates it with this step’s settings', async () => {
    on.simulator.addFaults({
      service: 'ecr',
      operation: 'DescribeRepositoryCreationTemplates',
      effect: { kind: 'deny' },
    })
    const { layout } = await on.image()
    const run = await on.run({ image: layout, repository: 'shop/fresh', 'create-repository': 'true' })
    expect(errorOf(run)).toEqual([])
    expect(run.log).toContain('the role may not call ecr:DescribeRepositoryCreationTemplates')
    expect(requests(on.simulator)).toContain('ecr:CreateRepository')
  })
})

test('a repository in another account is reached by its registry, with its address and its own token', async () => {
  await on.simulator.seed({ repositories: [{ name: 'shared/api', registryId: '210987654321' }] })
  const { layout, root } = await on.image()
  const run = await on.run({ image: layout, repository: 'shared/api', registry: '210987654321' })
  expect(errorOf(run)).toEqual([])
  expect(run.outputs).toMatchObject({ digest: root.digest, pushed: 'true' })
  const state = on.simulator.calls.filter(({ service }) => service === 'ecr')
  expect(state.every(({ input }) => JSON.stringify(input).includes('210987654321'))).toBe(true)
})

test('a repository in another account that lets nobody in names the right that is missing', async () => {
  const { layout } = await on.image()
  const run = await on.run({ image: layout, registry: '210987654321' })
  expect(errorOf(run)[0]).toMatch(
    /The role may not call ecr:\w+ on arn:aws:ecr:eu-central-1:210987654321:repository\/shop\/api/,
  )
})
