import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { LABELS, type Migration, parseLevel, readMigrations, schemaLabels, schemaLevel } from '../src/index.ts'
import { compareLevels } from '../src/levels/compare.ts'
import { decodeMigrations, encodeMigrations, schemaFromLabels } from '../src/levels/labels.ts'

const hash = fc.stringMatching(/^[0-9a-f]{12}$/)
const name = fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' })
const migrationSet = fc.uniqueArray(fc.record({ name, hash }), { selector: ({ name }) => name, maxLength: 30 })

function shuffled<T>(items: T[], seed: number): T[] {
  return items
    .map((item, index) => ({ item, key: Math.sin(seed * 1000 + index) }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item)
}

describe('schemaLevel', () => {
  test('of nothing is none', () => {
    expect(schemaLevel([])).toEqual({ count: 0, hash: '', text: 'none' })
  })

  test('is count and hash, and stays what it is: records in the field hold it', () => {
    const migrations = [
      { name: '0001_init.sql', hash: '0123456789ab' },
      { name: '0002_orders.sql', hash: 'ba9876543210' },
    ]
    expect(schemaLevel(migrations).text).toBe('2.9507c36f')
  })

  test('does not depend on the order, and changes with every name and content', () => {
    fc.assert(
      fc.property(migrationSet, fc.nat(), hash, (migrations, seed, other) => {
        const level = schemaLevel(migrations).text
        expect(schemaLevel(shuffled(migrations, seed)).text).toBe(level)
        const [first, ...rest] = migrations
        if (!first) return
        expect(schemaLevel(rest).text).not.toBe(level)
        expect(schemaLevel([{ ...first, name: `${first.name}x` }, ...rest]).text).not.toBe(level)
        if (other !== first.hash) expect(schemaLevel([{ ...first, hash: other }, ...rest]).text).not.toBe(level)
      }),
    )
  })

  test('is read back from its text, and nothing else is', () => {
    fc.assert(
      fc.property(migrationSet, (migrations) => {
        const level = schemaLevel(migrations)
        expect(parseLevel(level.text)).toEqual(level)
      }),
    )
    for (const text of ['', '17', '0.3f9ac2d1', '17.3F9AC2D1', '17.3f9ac2d', '-1.3f9ac2d1', 'None'])
      expect(parseLevel(text)).toBeUndefined()
  })
})

describe('labels', () => {
  test('round trip, whatever the names', () => {
    fc.assert(
      fc.property(migrationSet, (migrations) => {
        const labels = schemaLabels(migrations)
        const schema = schemaFromLabels(labels)
        expect(schema.level).toEqual(schemaLevel(migrations))
        expect(compareLevels(schema.migrations, migrations).relation).toBe('equal')
        expect(schema.migrations).toHaveLength(migrations.length)
      }),
    )
  })

  test('names that JavaScript treats in its own way survive', () => {
    const migrations = ['__proto__', '10', '9', 'constructor'].map((name) => ({ name, hash: 'abcdefabcdef' }))
    expect(decodeMigrations(encodeMigrations(migrations)).map(({ name }) => name)).toEqual([
      '10',
      '9',
      '__proto__',
      'constructor',
    ])
  })

  test('500 migrations are readable text, 3000 are packed below the limit of one argument', () => {
    const many = (count: number): Migration[] =>
      Array.from({ length: count }, (_, index) => ({
        name: `20260101${String(index).padStart(6, '0')}_add_some_column_to_orders.sql`,
        hash: `${schemaLevel([{ name: String(index), hash: '000000000000' }]).text.slice(2)}0123`,
      }))
    const readable = encodeMigrations(many(500))
    expect(Object.keys(JSON.parse(readable)).at(-1)).toBe('20260101000499_add_some_column_to_orders.sql')
    expect(readable.length).toBeLessThan(40_000)
    const packed = encodeMigrations(many(3000))
    expect(packed).toMatch(/^gzip:[A-Za-z0-9_-]+$/)
    expect(packed.length).toBeLessThan(65_536)
    expect(decodeMigrations(packed)).toEqual(many(3000))
  })

  test('an image without labels expects no schema', () => {
    expect(schemaFromLabels({ maintainer: 'x' }).level.text).toBe('none')
  })

  test.each([
    ['a level that is none', { [LABELS.schemaLevel]: '17' }, 'is "17". Valid: none, or count and hash'],
    ['a list alone', { [LABELS.migrations]: '{}' }, 'schema-level of the image is ""'],
    ['a level without its list', { [LABELS.schemaLevel]: '1.3f9ac2d1' }, 'contradict each other'],
    ['other migrations', { [LABELS.schemaLevel]: 'none', [LABELS.migrations]: '{"a":"000000000000"}' }, 'contradict'],
    ['no JSON', { [LABELS.schemaLevel]: 'none', [LABELS.migrations]: 'zip' }, '(damaged)'],
    ['damaged packing', { [LABELS.schemaLevel]: 'none', [LABELS.migrations]: 'gzip:AAAA' }, '(damaged)'],
    ['an array', { [LABELS.schemaLevel]: 'none', [LABELS.migrations]: '[]' }, '(no JSON object)'],
    ['a wrong hash', { [LABELS.schemaLevel]: 'none', [LABELS.migrations]: '{"a":"zz"}' }, '(entry "a")'],
  ])('%s is refused with what is wrong', (_, labels: Record<string, string>, message) => {
    expect(() => schemaFromLabels(labels)).toThrow(message)
  })
})

describe('compareLevels', () => {
  const m = (...names: string[]): Migration[] =>
    names.map((text) => {
      const [name = '', hash = '0'] = text.split('=')
      return { name, hash }
    })

  test.each([
    ['equal', m('a', 'b'), m('b', 'a'), { relation: 'equal' }],
    ['ahead', m('a', 'b', 'c'), m('a'), { relation: 'ahead', added: ['b', 'c'], outOfOrder: [] }],
    ['behind', m('a'), m('a', 'b', 'c'), { relation: 'behind', missing: ['b', 'c'] }],
    ['an edited past', m('a=1', 'b', 'c'), m('a=2', 'b'), { relation: 'diverged', edited: ['a'], added: ['c'] }],
    [
      'parallel branches, one not merged',
      m('a', 'c'),
      m('a', 'b'),
      { relation: 'diverged', added: ['c'], missing: ['b'] },
    ],
    [
      'parallel branches, merged',
      m('a', 'b', 'c'),
      m('a', 'c'),
      { relation: 'ahead', added: ['b'], outOfOrder: ['b'] },
    ],
    ['a first migration', m('a'), [], { relation: 'ahead', added: ['a'], outOfOrder: [] }],
    ['nothing', [], [], { relation: 'equal' }],
  ])('%s', (_, image, applied, expected) => {
    expect(compareLevels(image, applied)).toMatchObject(expected)
  })

  test('equal exactly when the levels are; turning the question turns the answer', () => {
    const turned = { equal: 'equal', ahead: 'behind', behind: 'ahead', diverged: 'diverged' }
    const pair = fc
      .tuple(migrationSet, migrationSet, migrationSet)
      .map(([common, left, right]): [Migration[], Migration[]] => {
        const names = new Set(common.map(({ name }) => name))
        const free = (list: Migration[]) => list.filter(({ name }) => !names.has(name))
        return [
          [...common, ...free(left)],
          [...common, ...free(right)],
        ]
      })
    fc.assert(
      fc.property(pair, ([one, other]) => {
        const { relation } = compareLevels(one, other)
        expect(relation === 'equal').toBe(schemaLevel(one).text === schemaLevel(other).text)
        expect(compareLevels(other, one).relation).toBe(turned[relation])
      }),
    )
  })
})

describe('readMigrations', () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'migrations-'))
  })
  afterEach(() => rmSync(directory, { recursive: true, force: true }))

  const write = (name: string, content = name) => {
    mkdirSync(path.dirname(path.join(directory, name)), { recursive: true })
    writeFileSync(path.join(directory, name), content)
  }

  test('takes every file below, sorted by the bytes of its path', async () => {
    for (const name of ['b.sql', 'B.sql', 'a/2.sql', 'a.sql', 'é.sql', '10.js', '9.js']) write(name)
    const names = (await readMigrations(directory)).map(({ name }) => name)
    expect(names).toEqual(['10.js', '9.js', 'B.sql', 'a.sql', 'a/2.sql', 'b.sql', 'é.sql'])
  })

  test('leaves out what is no migration', async () => {
    write('0001.sql')
    for (const name of ['.DS_Store', '.git/x.sql', '0001.sql~', '#0001.sql#', 'x.swp', 'README.md', 'atlas.sum'])
      write(name)
    for (const name of ['meta/_journal.json', 'migration_lock.toml', '__init__.py', '__pycache__/x.sql']) write(name)
    expect((await readMigrations(directory)).map(({ name }) => name)).toEqual(['0001.sql'])
  })

  test('takes line ends as the bytes they are', async () => {
    write('a.sql', 'SELECT 1;\n')
    write('b.sql', 'SELECT 1;\r\n')
    write('c.sql', 'SELECT 1;\n')
    const [a, b, c] = await readMigrations(directory)
    expect(a?.hash).toMatch(/^[0-9a-f]{12}$/)
    expect(a?.hash).toBe(c?.hash)
    expect(b?.hash).not.toBe(a?.hash)
  })

  test('an empty directory has the level none', async () => {
    expect(schemaLevel(await readMigrations(directory)).text).toBe('none')
  })

  test('a missing directory, a file, and a link to a directory are refused', async () => {
    await expect(readMigrations(path.join(directory, 'nowhere'))).rejects.toThrow('does not exist')
    write('file')
    await expect(readMigrations(path.join(directory, 'file'))).rejects.toThrow('is not a directory')
    mkdirSync(path.join(directory, 'real'))
    symlinkSync(path.join(directory, 'real'), path.join(directory, 'link'))
    await expect(readMigrations(directory)).rejects.toThrow('"link" in the migrations directory')
  })

  test('a link to a file counts as that file', async () => {
    write('a.sql', 'x')
    symlinkSync('a.sql', path.join(directory, 'b.sql'))
    const [a, b] = await readMigrations(directory)
    expect(b).toEqual({ name: 'b.sql', hash: a?.hash })
  })
})
