import { schemaLevel } from '@deploy-actions/release'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { levelIn } from '../src/status-command.ts'

const migrations = [
  '0001_init.sql',
  '0002_orders.up.sql',
  'V3__customers.sql',
  '20240101120000_index/migration.sql',
  '20240102-seed.js',
].map((name, index) => ({ name, hash: `${index}`.repeat(12) }))
const of = (...indexes: number[]) => schemaLevel(indexes.map((index) => migrations[index]!)).text

describe('what a status command prints', () => {
  test.each<[string, string[], string | undefined]>([
    ['files as they are', ['0001_init.sql', '0002_orders.up.sql'], of(0, 1)],
    ['names without ending', ['0001_init', '0002_orders', 'V3__customers'], of(0, 1, 2)],
    ['versions', ['0001', '0002', '3', '20240101120000'], of(0, 1, 2, 3)],
    ['folders', ['20240101120000_index'], of(3)],
    ['headings and blanks between', ['', ' applied ', '-------', ' 0001_init.sql ', '(1 row)'], of(0)],
    ['the level itself', ['level:', '7.0123abcd'], '7.0123abcd'],
    ['no level', ['none'], 'none'],
    ['nothing', [], undefined],
    ['nothing that is known', ['ok', '9999'], undefined],
  ])('%s', (_name, lines, level) => {
    expect(levelIn(lines, migrations).level).toBe(level)
  })

  test('what is missing is named', () => {
    expect(levelIn(['0001', '0002', '3'], migrations).why).toContain(
      'missing: 20240101120000_index/migration.sql, 20240102-seed.js',
    )
    expect(
      levelIn(
        migrations.map(({ name }) => name),
        migrations,
      ).why,
    ).toBe('all 5 migrations of the image are applied')
  })

  test('any set of names in any order proves the level of that set', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(migrations, { minLength: 1 }), (applied) => {
        expect(
          levelIn(
            applied.map(({ name }) => name),
            migrations,
          ).level,
        ).toBe(schemaLevel(applied).text)
      }),
    )
  })
})
