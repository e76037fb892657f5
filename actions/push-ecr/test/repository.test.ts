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

test('leaves the creation to ECR where a template of the registry does it on push', async () => {
  await on.ecr.send(new CreateRepositoryCreationTemplateCommand({ prefix: 'shop', appliedFor: ['CREATE_ON_PUSH'] }))
  const { layout, root } = await on.image()
  const run = await on.run({ image: layout, repository: 'shop/fresh', tags: 'v1' })
  expect(errorOf(run)).toEqual([])
  expect((await on.stored('v1', 'shop/fresh'))?.digest).toBe(root.digest)
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
