import fc from 'fast-check'
import type { Value } from '../src/language/values.ts'
import { matchesFilter, matchesPattern } from '../src/run/glob.ts'
import { combinationLabel, expandMatrix } from '../src/run/matrix.ts'

// docs.github.com: Running variations of jobs in a workflow.
describe('matrix', () => {
  test('the product of its lists', () => {
    expect(expandMatrix({ os: ['a', 'b'], node: [1, 2] })).toEqual([
      { os: 'a', node: 1 },
      { os: 'a', node: 2 },
      { os: 'b', node: 1 },
      { os: 'b', node: 2 },
    ])
  })

  test('include, by the example of the documentation', () => {
    const matrix: Value = {
      fruit: ['apple', 'pear'],
      animal: ['cat', 'dog'],
      include: [
        { color: 'green' },
        { color: 'pink', animal: 'cat' },
        { fruit: 'apple', shape: 'circle' },
        { fruit: 'banana' },
        { fruit: 'banana', animal: 'cat' },
      ],
    }
    expect(expandMatrix(matrix)).toEqual([
      { fruit: 'apple', animal: 'cat', color: 'pink', shape: 'circle' },
      { fruit: 'apple', animal: 'dog', color: 'green', shape: 'circle' },
      { fruit: 'pear', animal: 'cat', color: 'pink' },
      { fruit: 'pear', animal: 'dog', color: 'green' },
      { fruit: 'banana' },
      { fruit: 'banana', animal: 'cat' },
    ])
  })

  test('exclude comes before include', () => {
    const matrix: Value = {
      os: ['macos', 'windows'],
      version: [12, 14],
      exclude: [{ os: 'macos', version: 12 }, { os: 'windows' }],
      include: [{ os: 'windows', version: 20 }],
    }
    expect(expandMatrix(matrix)).toEqual([
      { os: 'macos', version: 14 },
      { os: 'windows', version: 20 },
    ])
  })

  test('include alone', () => {
    expect(expandMatrix({ include: [{ site: 'production' }, { site: 'staging' }] })).toEqual([
      { site: 'production' },
      { site: 'staging' },
    ])
  })

  test.each([
    [{ os: [] }, "Matrix vector 'os' does not contain any values"],
    [{}, 'at least one vector'],
    [{ a: [...Array(17).keys()], b: [...Array(17).keys()] }, '289 jobs'],
    ['text', 'not a mapping'],
  ])('%j is refused', (matrix, message) => {
    expect(() => expandMatrix(matrix)).toThrow(message)
  })

  test('without include and exclude there is one job per element of the product', () => {
    const axes = fc.dictionary(
      fc.constantFrom('a', 'b', 'c'),
      fc.uniqueArray(fc.nat(), { minLength: 1, maxLength: 4 }),
      { minKeys: 1 },
    )
    fc.assert(
      fc.property(axes, (matrix) => {
        const combinations = expandMatrix({ ...matrix })
        expect(combinations).toHaveLength(Object.values(matrix).reduce((product, values) => product * values.length, 1))
        expect(new Set(combinations.map((each) => JSON.stringify(each))).size).toBe(combinations.length)
      }),
    )
  })

  test('the label names the values', () => {
    expect(combinationLabel({ os: 'ubuntu', node: { version: 20, env: 'x' } })).toBe('ubuntu, 20, x')
  })
})

// docs.github.com: Workflow syntax, filter pattern cheat sheet.
describe('filter patterns', () => {
  test.each([
    ['feature/*', ['feature/my-branch'], ['feature/beta-a/my-branch']],
    ['feature/**', ['feature/beta-a/my-branch', 'feature/your-branch'], ['main']],
    ['releases/mona-the-octocat', ['releases/mona-the-octocat'], ['releases/mona']],
    ['*', ['main', 'releases'], ['all/the/branches']],
    ['**', ['all/the/branches', 'every/tag'], []],
    ['*feature', ['mona-feature', 'feature'], ['feature-x', 'a/feature']],
    ['v2*', ['v2', 'v2.0', 'v2.9'], ['v1']],
    ['v[12].[0-9]+.[0-9]+', ['v1.10.1', 'v2.0.0'], ['v3.0.0', 'v1.10']],
    ['**.js', ['index.js', 'src/js/app.js'], ['index.ts']],
    ['**/docs/**', ['docs/hello.md', 'dir/docs/my-file.txt'], ['doc/a']],
    ['docs/**/*.md', ['docs/README.md', 'docs/a/markdown/file.md'], ['a.md']],
    ['**/README.md', ['README.md', 'js/README.md'], ['XREADME.md.txt']],
    ['*.jsx?', ['page.js', 'page.jsx'], ['page.jsxx']],
    ['**/*-post.md', ['my-post.md', 'path/their-post.md'], ['post.md']],
  ])('%s', (pattern, matching, others) => {
    for (const text of matching) expect([text, matchesPattern(pattern, text)]).toEqual([text, true])
    for (const text of others) expect([text, matchesPattern(pattern, text)]).toEqual([text, false])
  })

  test('the order of positive and negative patterns counts', () => {
    expect(matchesFilter(['releases/**', '!releases/**-alpha'], 'releases/10-alpha')).toBe(false)
    expect(matchesFilter(['releases/**', '!releases/**-alpha'], 'releases/10')).toBe(true)
    expect(matchesFilter(['*', '!main', 'ma*'], 'main')).toBe(true)
  })
})
