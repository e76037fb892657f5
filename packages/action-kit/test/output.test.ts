import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {
  fileSummary,
  markdownCode,
  markdownDigests,
  markdownInlineCode,
  markdownTable,
  markdownText,
  summaryHeading,
} from '../src/index.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'action-kit-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('a summary stays below the size at which GitHub drops it, and says what it left out', () => {
  const file = path.join(folder, 'summary')
  writeFileSync(file, '')
  const summary = fileSummary(file)
  for (let part = 0; part < 30; part++) summary.add('ü'.repeat(30_000))
  const text = readFileSync(file, 'utf8')
  expect(Buffer.byteLength(text)).toBeLessThan(1_048_576)
  expect(Buffer.byteLength(text)).toBeGreaterThan(950_000)
  expect(text.match(/left out/g)).toHaveLength(1)
})

test('tables and code blocks keep their shape whatever the text', () => {
  expect(markdownTable(['a'], [['x|y\nz']])).toBe('| a |\n| --- |\n| x\\|y<br>z |')
  expect(markdownCode('```\ninner\n```')).toBe('````\n```\ninner\n```\n````')
})

test('text of others does not become Markdown', () => {
  expect(markdownText('<img src=x> [click](http://x) `a` *b* 0001_init.sql')).toBe(
    '\\<img src=x> \\[click\\](http://x) \\`a\\` \\*b\\* 0001_init.sql',
  )
  expect(markdownText('# one\n- two\r\n  > three\rfour')).toBe('\\# one<br>- two<br>> three<br>four')
  expect(markdownText('_a_ ~~b~~ &lt;c&gt; R&D 1 & 2 __d__e_f')).toBe(
    '\\_a\\_ \\~\\~b\\~\\~ \\&lt;c\\&gt; R\\&D 1 & 2 \\_\\_d\\_\\_e_f',
  )
  expect(['1. a', '- a', '> a', '= a', '12) a'].map(markdownText)).toEqual([
    '1\\. a',
    '\\- a',
    '\\> a',
    '\\= a',
    '12\\) a',
  ])
})

test('code within a line holds whatever it is given', () => {
  expect(['a', '', 'a`b', '`a``b`', 'a\n\tb'].map(markdownInlineCode)).toEqual([
    '`a`',
    '',
    '``a`b``',
    '``` `a``b` ```',
    '`a b`',
  ])
})

test('cells keep pipes together, whatever stands before them', () => {
  expect(
    markdownTable(['a'], [['\\|'], ['\\\\|'], ['||']])
      .split('\n')
      .slice(2),
  ).toEqual(['| \\\\\\| |', '| \\\\\\| |', '| \\|\\| |'])
})

test.each([
  ['completed', '### ✅ Deployment to `prod`: completed'],
  ['rolled-back', '### ❌ Deployment to `prod`: rolled-back'],
  ['refused', '### ❌ Deployment to `prod`: refused'],
  ['timed-out', '### ⚠️ Deployment to `prod`: timed-out'],
  ['unknown', '### ⚠️ Deployment to `prod`: unknown'],
  ['paused', '### ⏸️ Deployment to `prod`: paused'],
  ['begun', '### ✅ Deployment to `prod`: begun'],
  ['unchanged', '### ✅ Deployment to `prod`: unchanged'],
])('a heading shows at a glance how it ended: %s', (verdict, heading) => {
  expect(summaryHeading('Deployment to `prod`', verdict)).toBe(heading)
})

test('full digests are folded, each once', () => {
  const digest = `sha256:${'a'.repeat(64)}`
  expect(markdownDigests([digest, digest])).toContain(`<summary>Full digest</summary>\n\n\`${digest}\`\n`)
  expect(markdownDigests([])).toBe('')
})
