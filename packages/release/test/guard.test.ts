import fc from 'fast-check'
import { migrationsOf } from '../src/gate/database-migrations.ts'
import { guard, overridden } from '../src/gate/guard.ts'
import type { GuardAnswer } from '../src/gate/types.ts'
import {
  askGate,
  type GatePurpose,
  gateText,
  type ImageSchema,
  type Migration,
  type RecordState,
  type SchemaReader,
  schemaLevel,
  warningText,
} from '../src/index.ts'
import { digest, release, stateWith } from './support.ts'

const list = (...names: string[]): Migration[] =>
  names.map((text) => {
    const [name = '', hash = '000000000000'] = text.split('=')
    return { name, hash }
  })
const image = (...names: string[]): ImageSchema => ({ migrations: list(...names), level: schemaLevel(list(...names)) })
const since = '2026-10-01T08:00:00Z'
const database = (applied: Migration[], more: Partial<RecordState> = {}): RecordState =>
  stateWith({ schema: { level: schemaLevel(applied).text, digest: digest('a'), since }, ...more })

function ask(
  purpose: GatePurpose,
  expects: ImageSchema,
  applied: Migration[] | undefined,
  more: {
    state?: RecordState
    begun?: Migration[]
    order?: 'strict'
    acceptHistory?: boolean
    acrossSchema?: boolean
  } = {},
): GuardAnswer {
  const state = 'state' in more ? more.state : database(applied ?? [])
  const answer = guard({ purpose, image: expects, applied, ...more, state })
  return more.acrossSchema ? overridden(answer) : answer
}

const short = (answer: GuardAnswer) => (answer.go ? answer.because : answer.refusal.because)
const message = (answer: GuardAnswer) => (answer.go ? '' : gateText(answer.refusal, '/n'))
const warnings = (answer: GuardAnswer) => answer.warnings.map((warning) => warningText(warning, '/n'))

describe('the guard', () => {
  const abc = list('a', 'b', 'c')
  test.each<[string, ImageSchema, Migration[], string, string, string]>([
    // image, database: deploy, migrate, rollback
    ['the same level', image('a', 'b', 'c'), abc, 'equal', 'equal', 'equal'],
    ['no migrations anywhere', image(), [], 'equal', 'equal', 'equal'],
    ['the image knows more', image('a', 'b', 'c', 'd'), abc, 'migrate-first', 'migrates', 'migrate-first'],
    ['the image knows less', image('a', 'b'), abc, 'behind', 'behind', 'behind'],
    ['an image without migrations', image(), abc, 'behind', 'behind', 'behind'],
    ['an edited past', image('a', 'b=1', 'c', 'd'), abc, 'diverged', 'diverged', 'diverged'],
    ['a parallel branch', image('a', 'b', 'd'), abc, 'diverged', 'diverged', 'diverged'],
  ])('%s', (_, expects, applied, deploy, migrate, rollback) => {
    expect(short(ask('deploy', expects, applied))).toBe(deploy)
    expect(short(ask('migrate', expects, applied))).toBe(migrate)
    expect(short(ask('rollback', expects, applied))).toBe(rollback)
  })

  test('names the migrations in between, the snapshot, and the override', () => {
    const snapshot = { id: 'shop-20261001', level: schemaLevel(list('a')).text, at: since }
    const state = database(abc, { snapshot })
    const answer = ask('rollback', image('a'), abc, { state })
    expect(answer).toMatchObject({ go: false, refusal: { because: 'behind', missing: ['b', 'c'] } })
    expect(message(answer)).toMatch(
      /does not know 2 migrations that ran since: b, c\. The snapshot from before the last migration is shop-20261001 .* Nothing was changed\..*across-schema: true/,
    )
  })

  test('names the files of an edited past', () => {
    const answer = ask('migrate', image('a=1', 'b', 'd'), abc)
    expect(message(answer)).toContain('Changed after they ran: a. Ran, but missing in the image: c.')
  })

  test('a squash that the operator accepts migrates', () => {
    const answer = ask('migrate', image('squashed'), abc, { acceptHistory: true })
    expect(answer).toMatchObject({ go: true, because: 'migrates', migrations: ['squashed'] })
    expect(warnings(answer)).toEqual([expect.stringContaining('taken to be the same schema')])
  })

  test('a new migration that sorts before applied ones is a warning, or refused', () => {
    const merged = image('a', 'a2', 'b', 'c')
    expect(warnings(ask('migrate', merged, abc))).toEqual([expect.stringMatching(/^a2 sorts before/)])
    expect(short(ask('migrate', merged, abc, { order: 'strict' }))).toBe('out-of-order')
    expect(short(ask('migrate', image('a', 'b', 'c', 'd'), abc, { order: 'strict' }))).toBe('migrates')
  })

  test('across-schema goes on, and says what it overrides', () => {
    const answer = ask('rollback', image('a'), abc, { acrossSchema: true })
    expect(answer).toMatchObject({ go: true, because: 'overridden', warnings: [{ refusal: { missing: ['b', 'c'] } }] })
    expect(warnings(answer)[0]).toMatch(/^across-schema overrides: The database has/)
    expect(ask('rollback', image('a', 'b', 'c'), abc, { acrossSchema: true })).toMatchObject({ because: 'equal' })
  })

  test('without a record only an image with migrations has to establish the level first', () => {
    const without = { state: undefined }
    expect(short(ask('deploy', image(), undefined, without))).toBe('first')
    expect(short(ask('rollback', image(), undefined, without))).toBe('first')
    expect(short(ask('deploy', image('a'), undefined, without))).toBe('migrate-first')
    expect(ask('migrate', image('a'), undefined, without)).toMatchObject({ because: 'migrates', migrations: ['a'] })
    expect(short(ask('rollback', image('a'), undefined, without))).toBe('unknown')
  })

  test('a level whose list is lost cannot be compared', () => {
    expect(short(ask('deploy', image('x'), undefined, { state: database(abc) }))).toBe('unknown')
  })

  describe('while a migration is pending', () => {
    const pending = {
      level: schemaLevel(list('a', 'b', 'c', 'd')).text,
      digest: digest('b'),
      since,
      run: 'run 7',
      task: 'arn:task/1',
    }
    const state = database(abc, { pending })
    const begun = list('a', 'b', 'c', 'd')

    test('nothing serves but what migrates on from what is known', () => {
      expect(short(ask('deploy', image('a', 'b', 'c', 'd'), abc, { state }))).toBe('pending')
      expect(short(ask('rollback', image('a', 'b', 'c'), abc, { state }))).toBe('pending')
      expect(short(ask('migrate', image('a', 'b', 'c', 'd'), abc, { state }))).toBe('migrates')
      expect(short(ask('migrate', image('a', 'b', 'c', 'd', 'e'), abc, { state, begun }))).toBe('migrates')
      expect(short(ask('migrate', image('a', 'b', 'c'), abc, { state, begun }))).toBe('pending')
      expect(short(ask('migrate', image('a', 'b=1', 'c', 'd', 'e'), abc, { state, begun }))).toBe('pending')
    })

    test('what it may have applied has to be in the image, with the same content, or the level would be made up', () => {
      for (const [expects, lacks] of [
        [image('a', 'b', 'c', 'd=1'), 'd'],
        [image('a', 'b', 'c', 'e'), 'd'],
        [image(), 'a, b, c, d'],
      ] as const) {
        for (const known of [state, stateWith({ pending })]) {
          const answer = ask('migrate', expects, known.schema && abc, { state: known, begun })
          expect(short(answer)).toBe('pending')
          expect(message(answer)).toMatch(
            new RegExp(`may have applied ${lacks}, which .*Run the job of that image again, .*take "pending" out`),
          )
        }
      }
    })

    test('when its image is gone, only the same level or a continuation that is recognised goes on', () => {
      const answer = ask('migrate', image('a', 'b', 'c', 'x'), abc, { state })
      expect(short(answer)).toBe('pending')
      expect(message(answer)).toContain(`(${digest('b')}) is gone from ECR`)
    })

    test('a squash of it that the operator accepts goes on, another one does not', () => {
      const squash = { ...pending, level: schemaLevel(list('s')).text }
      const squashed = { state: database(abc, { pending: squash }), begun: list('s') }
      expect(short(ask('migrate', image('s'), abc, squashed))).toBe('migrates')
      expect(short(ask('migrate', image('s', 't'), abc, squashed))).toBe('pending')
      expect(short(ask('migrate', image('s', 't'), abc, { ...squashed, acceptHistory: true }))).toBe('migrates')
    })

    test('the refusal says since when, by whom, and between which levels', () => {
      const answer = ask('rollback', image('a'), abc, { state })
      expect(message(answer)).toContain(
        `A migration to level ${pending.level} was started on ${since} by run 7 (task arn:task/1) and its end is not known, so the schema is somewhere between ${schemaLevel(abc).text} and ${pending.level}.`,
      )
    })

    test('a first migration that crashed can be run again', () => {
      const first = stateWith({ pending })
      expect(short(ask('migrate', image('a', 'b', 'c', 'd'), undefined, { state: first, begun }))).toBe('migrates')
      expect(short(ask('migrate', image('a', 'b', 'c', 'd', 'e'), undefined, { state: first, begun }))).toBe('migrates')
      expect(short(ask('deploy', image('a', 'b', 'c', 'd'), undefined, { state: first, begun }))).toBe('pending')
    })
  })

  test('never lets code serve that does not expect exactly what the database has', () => {
    const migration = fc.record({ name: fc.constantFrom(...'abcdef'), hash: fc.constantFrom('0', '1') })
    const set = fc.uniqueArray(migration, { selector: ({ name }) => name })
    const purpose = fc.constantFrom<GatePurpose>('deploy', 'rollback', 'undo')
    fc.assert(
      fc.property(set, set, purpose, fc.boolean(), (expected, applied, why, isPending) => {
        const pending = { level: 'none', digest: digest('b'), since }
        const state = database(applied, isPending ? { pending } : {})
        const expects = { migrations: expected, level: schemaLevel(expected) }
        const goes = guard({ purpose: why, image: expects, applied, state }).go
        expect(goes).toBe(!isPending && schemaLevel(expected).text === schemaLevel(applied).text)
      }),
    )
  })
})

describe('what the database has', () => {
  const abc = list('a', 'b', 'c')
  const level = schemaLevel(abc).text
  const none = async () => undefined
  type Asked = [state: RecordState | undefined, image: ImageSchema, read: SchemaReader]
  const applied = (...[state, ...rest]: Asked) => migrationsOf(state?.schema, state, ...rest)
  const begun = (...[state, ...rest]: Asked) => migrationsOf(state?.pending, state, ...rest)

  test('is read from the image that established the level', async () => {
    const read = async (asked: string) => (asked === digest('a') ? image('a', 'b', 'c') : undefined)
    expect(await applied(database(abc), image('x'), read)).toEqual(abc)
  })

  test('or from another release of that level, when that image is gone', async () => {
    const state = database(abc, { releases: [release('1', { level: 'none' }), release('2', { level })] })
    const asked: string[] = []
    const read = async (one: string) => {
      asked.push(one)
      return one === digest('2') ? image('a', 'b', 'c') : undefined
    }
    expect(await applied(state, image('x'), read)).toEqual(abc)
    expect(asked).toEqual([digest('a'), digest('2')])
  })

  test('or recognised as the beginning of the list of the image itself', async () => {
    expect(await applied(database(abc), image('a', 'b', 'c', 'd'), none)).toEqual(abc)
    expect(await applied(database(abc), image('a', 'b', 'd'), none)).toBeUndefined()
  })

  test('needs no reading for none, for the same level, and where nothing is known', async () => {
    const never = () => Promise.reject(new Error('was read'))
    expect(await applied(database([]), image('a'), never)).toEqual([])
    expect(await applied(database(abc), image('a', 'b', 'c'), never)).toEqual(abc)
    expect(await applied(undefined, image('a'), never)).toBeUndefined()
  })

  test('what a pending migration may have applied is read from the image that it ran, or recognised', async () => {
    const pending = { level, digest: digest('b'), since }
    const read = async (asked: string) => (asked === digest('b') ? image('a', 'b', 'c') : undefined)
    expect(await begun(stateWith({ pending }), image('x'), read)).toEqual(abc)
    expect(await begun(stateWith({ pending }), image('a', 'b', 'c', 'd'), none)).toEqual(abc)
    expect(await begun(stateWith({ pending }), image('x'), none)).toBeUndefined()
    expect(await begun(database(abc), image('x'), read)).toBeUndefined()
  })

  test('an image under that digest whose labels say something else is not believed', async () => {
    const read = async () => image('a', 'b')
    expect(await applied(database(abc), image('x'), read)).toBeUndefined()
  })
})

test('after a migration of unknown end the gate lets another one go that knows all of it, by the lists of their images', async () => {
  const [before, begun, next] = [image('a'), image('a', 'b', 'c'), image('a', 'b', 'c', 'd')]
  const lists = new Map([
    [digest('a'), before],
    [digest('b'), begun],
    [digest('c'), next],
  ])
  const state = database(before.migrations, { pending: { level: begun.level.text, digest: digest('b'), since } })
  const read: SchemaReader = async (one) => lists.get(one)
  const images = [{ name: 'shop', digest: digest('c'), read }]
  const answer = await askGate({ state, purpose: 'migrate', images, now: new Date(since) })
  expect(answer).toMatchObject({ go: true, because: 'migrates', level: next.level.text })
})
