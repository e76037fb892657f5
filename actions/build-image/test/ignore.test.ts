import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { contextEntries } from '../src/source-key/context-files.ts'
import { parseIgnoreFile } from '../src/source-key/ignore-file.ts'
import { ignoreMatcher } from '../src/source-key/ignore-matcher.ts'
import { compilePattern } from '../src/source-key/ignore-pattern.ts'
import { files } from './support/stage.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'ignore-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** What is left of a tree of empty files, without folders. */
function left(name: string, tree: string[], ignore: string): string[] {
  const root = path.join(folder, name)
  files(root, Object.fromEntries(tree.map((file) => [file, ''])))
  return contextEntries(root, parseIgnoreFile(ignore))
    .filter(({ kind }) => kind === 'file')
    .map((entry) => entry.path)
}

describe('reading the file', () => {
  test('comments only in the first column, byte order mark, blanks, line ends, cleaned paths', () => {
    expect(parseIgnoreFile('\uFEFF# no\r\n  # yes \r\n\r\n ./a//b/../c/ \r\n/root\n! /kept \n')).toEqual([
      { pattern: '# yes', exception: false },
      { pattern: 'a/c', exception: false },
      { pattern: 'root', exception: false },
      { pattern: 'kept', exception: true },
    ])
  })

  test('a sign that appears by cleaning counts, a lone one does not', () => {
    expect(parseIgnoreFile('/!a\n!\n!../../b')).toEqual([
      { pattern: 'a', exception: true },
      { pattern: 'b', exception: false },
    ])
  })
})

describe('patterns, as moby/patternmatcher answers for them', () => {
  test.each<[string, string, boolean]>([
    ['*', 'a', true],
    ['*', 'a/b', false],
    ['**', 'a/b', true],
    ['a/**', 'a', false],
    ['a/**', 'a/b/c', true],
    ['a**', 'abc/d', true],
    ['**/b', 'b', true],
    ['**/b', 'ab', false],
    ['**b', 'a/xb', true],
    ['**/*.md', 'docs/deep/x.md', true],
    ['a/**/b', 'a/b', true],
    ['a/**/b', 'a/x/y/b', true],
    ['a?c', 'a/c', false],
    ['a?c', 'a𝒳c', true],
    ['[a-c]x', 'bx', true],
    ['[^a-c]x', 'bx', false],
    ['[!a]x', '!x', true],
    ['\\*', '*', true],
    ['\\*', 'a', false],
    // A route group of Next.js: no sign of a regular expression may slip through.
    ['app/(admin)', 'app/(admin)', true],
    ['app/(admin)', 'app/admin', false],
    ['*/a+b', 'x/aab', false],
    ['A', 'a', false],
    // Accidents of the builder's regular expressions, which decide all the same.
    ['*.{js,ts}', 'a.js', false],
    ['*.{js,ts}', 'a.{js,ts}', true],
    ['a*|b', 'xb', true],
    ['a|b', 'b', false],
    ['*a{2}', 'xaa', true],
    ['*a{2,}', 'xaaaa', true],
    ['*a{2,3}b', 'aaaab', true],
    ['?a{2,3}b', 'xaaaab', false],
    ['*{a', 'x{a', true],
    ['*|^b', 'b/c', true],
    ['[a-c-e]', '-', true],
    ['[^a]', '/', true],
    ['*/src\\D', 'x/srcy', true],
    ['*/src\\d', 'x/src1', true],
  ])('%s on %s', (pattern, file, expected) => {
    expect(compilePattern(pattern)!(file)).toBe(expected)
  })

  test.each([
    `${'a*'.repeat(60)}b`,
    `${'**/a'.repeat(60)}b`,
    `${'a**'.repeat(60)}b`,
    `${'[ab]*'.repeat(60)}c`,
    '*a{900}b',
    `${'*c|'.repeat(60)}*b`,
  ])('%s takes time in proportion to the path', (pattern) => {
    const matches = compilePattern(pattern)!
    const paths = ['a'.repeat(255), 'a/'.repeat(2_000), `${'a'.repeat(200)}/`.repeat(20)]
    // Backtracking would not end.
    for (let round = 0; round < 20; round++) for (const path of paths) expect(matches(path)).toBe(false)
  })

  test.each(['[', '[]a]', '[a-', '[[a]', '[*]', 'a\\', '\\pL', '\\b*', '*{2}', '*a{2}{3}', '*a{1001}', '\uFEFF*'])(
    '%s is not read at all',
    (pattern) => {
      expect(compilePattern(pattern)).toBeUndefined()
    },
  )
})

describe('what is left of a context', () => {
  test('folders hold for what is in them, and exceptions reach into them', () => {
    const tree = ['node_modules/a/x.js', 'node_modules/keep/y.js', 'src/x.js']
    expect(left('reach', tree, 'node_modules\n!node_modules/keep')).toEqual(['node_modules/keep/y.js', 'src/x.js'])
    expect(left('reach', tree, 'node_modules')).toEqual(['src/x.js'])
    expect(left('reach', tree, '**/node_modules\n!**/y.js')).toEqual(['node_modules/keep/y.js', 'src/x.js'])
  })

  test('an exception that could change nothing at the folder is not inherited by its files', () => {
    expect(left('inherited', ['docs/a.md', 'docs/b.txt'], '**/*.md\n!docs')).toEqual(['docs/b.txt'])
    expect(left('inherited', ['docs/a.md', 'docs/b.txt'], 'docs\n**/*.md\n!docs')).toEqual(['docs/a.md', 'docs/b.txt'])
  })

  test('the folders above a file that is taken back are sent, and no others', () => {
    const root = files(path.join(folder, 'parents'), { 'a/b/keep': '', 'a/c/x': '', 'd/x': '' })
    const entries = contextEntries(root, parseIgnoreFile('*\n!a/b/keep'))
    expect(entries.map((entry) => entry.path)).toEqual(['a', 'a/b', 'a/b/keep'])
  })

  test('.dockerignore and the Dockerfile are files like any other', () => {
    expect(left('plain', ['.dockerignore', 'Dockerfile', 'x'], 'Dockerfile')).toEqual(['.dockerignore', 'x'])
  })

  test('a pattern that can’t be read lets nothing be ignored, and is named', () => {
    const rules = parseIgnoreFile('x\n[*]\n!y')
    expect(ignoreMatcher(rules).unclear).toEqual(['[*]'])
    expect(left('unclear', ['x', 'y'], 'x\n[*]\n!y')).toEqual(['x', 'y'])
  })

  test('literal patterns leave out exactly themselves and what is below them', () => {
    const segment = fc.constantFrom('a', 'b', 'c', 'ab', '.x')
    const file = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'))
    fc.assert(
      fc.property(fc.array(file, { minLength: 1, maxLength: 4 }), file, (patterns, candidate) => {
        const matcher = ignoreMatcher(parseIgnoreFile(patterns.join('\n')))
        const parts = candidate.split('/')
        let state: readonly boolean[] | undefined
        let ignored = false
        for (const [index] of parts.entries())
          ({ ignored, state } = matcher.match(parts.slice(0, index + 1).join('/'), state))
        const expected = patterns.some((pattern) => candidate === pattern || candidate.startsWith(`${pattern}/`))
        expect(ignored).toBe(expected)
      }),
    )
  })
})
