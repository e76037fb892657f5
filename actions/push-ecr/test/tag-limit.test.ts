import { systemClock } from '@deploy-actions/action-kit'
import { memoryLog } from '../../../packages/ecr/test/support/log.ts'
import { run as tagProd } from '../../tag-prod/src/run.ts'
import { run } from '../src/run.ts'
import { errorOf, type Stage, stage } from './support.ts'

let on: Stage
beforeEach(async () => {
  on = await stage()
})
afterEach(() => on.close())

const commitOf = (number: number) => number.toString(16).padStart(40, '0')
const tagsOf = (first: number, count: number) =>
  Array.from({ length: count }, (_, index) => `sha-${commitOf(first + index)}`)
const push = (digest: string, number: number, tags = 'src-key') =>
  on.run({ digest, tags }, { env: { ...on.simulator.env, GITHUB_SHA: commitOf(number) } })

test('at 900 tags those that only name a commit are left out, with a warning that names the way out', async () => {
  const digest = on.simulator.addImage({ repository: 'shop/api', tags: ['src-key', ...tagsOf(0, 898)] })
  const last = await push(digest, 5000)
  expect(errorOf(last)).toEqual([])
  expect(last.annotations).toEqual([])
  expect((await on.stored(`sha-${commitOf(5000)}`))?.digest).toBe(digest)

  const full = await push(digest, 5001)
  expect(full.exitCode).toBe(0)
  expect(full.outputs['image-tag']).toBe('src-key')
  const [warning] = full.annotations
  expect(warning).toMatchObject({ level: 'warning' })
  expect(warning!.message).toContain(`Tag sha-${commitOf(5001)} is not set: the image has 900 tags already`)
  expect(warning!.message).toContain('"rebuild"')
  expect(await on.stored(`sha-${commitOf(5001)}`)).toBeUndefined()

  // A commit that was tagged before stays, and what someone asked for is still set.
  const again = await push(digest, 5000, 'v1.2.3')
  expect(again.annotations).toEqual([])
  expect((await on.stored('v1.2.3'))?.digest).toBe(digest)
})

test('tags that were asked for leave room for promotions, and are refused before anything is sent', async () => {
  const digest = on.simulator.addImage({ repository: 'shop/api', tags: tagsOf(0, 990) })
  const refused = await push(digest, 5000, 'v1.2.3')
  expect(refused.exitCode).toBe(1)
  expect(errorOf(refused)[0]).toContain('has 990 tags, and ECR lets an image have 1000. Nothing was changed.')
  expect(errorOf(refused)[0]).toContain('"rebuild"')
  expect(on.simulator.calls.map(({ operation }) => operation)).not.toContain('PutImage')
})

test('1,100 releases of one digest go through, each with its promotion', async () => {
  const digest = on.simulator.addImage({ repository: 'shop/api', tags: ['src-key'] })
  const other = on.simulator.addImage({ repository: 'shop/api', tags: ['prod'], content: 'other' })
  const log = memoryLog()
  const repository = { name: 'shop/api' }
  const deps = {
    ecr: on.ecr,
    from: on.ecr,
    to: on.ecr,
    log,
    clock: systemClock,
    cancelled: new AbortController().signal,
    summary: { add: () => {} },
    mask: () => {},
    stateLeft: () => {},
    env: {},
    temp: on.folder,
  }
  const location = { repository, region: 'eu-central-1' }
  const base = { region: 'eu-central-1', repository, image: undefined, platform: undefined, mountFrom: undefined }
  const promotion = { from: location, to: location, elsewhere: false, tags: ['prod'], keepPrevious: true }
  for (let number = 0; number < 1100; number++) {
    const tags = ['src-key', `sha-${commitOf(number)}`]
    await run({ ...base, digest, tags, create: undefined, scan: undefined }, deps)
    // Now and then another image is released in between, so that the tag moves back and forth.
    const source = number % 100 === 50 ? other : digest
    if (number % 100 < 52 && number % 100 > 49) await tagProd({ ...promotion, source: { digest: source } }, deps)
  }
  expect((await on.stored('prod'))?.digest).toBe(digest)
  expect((await on.stored('prod-previous'))?.digest).toBe(other)
  expect((await on.stored(`sha-${commitOf(890)}`))?.digest).toBe(digest)
  expect(log.lines.filter((line) => line.startsWith('warning: ')).length).toBeGreaterThan(200)
}, 120_000)
