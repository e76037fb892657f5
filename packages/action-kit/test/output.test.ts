import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {
  fileSummary,
  markdownCode,
  markdownDigests,
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
})

test.each([
  ['completed', '### ✅ Deployment to `prod`: completed'],
  ['rolled-back', '### ❌ Deployment to `prod`: rolled-back'],
  ['refused', '### ❌ Deployment to `prod`: refused'],
  ['timed-out', '### ⚠️ Deployment to `prod`: timed-out'],
  ['unknown', '### ⚠️ Deployment to `prod`: unknown'],
  [undefined, '### Deployment to `prod`'],
])('a heading shows at a glance how it ended: %s', (verdict, heading) => {
  expect(summaryHeading('Deployment to `prod`', verdict)).toBe(heading)
})

test('full digests are folded, each once', () => {
  const digest = `sha256:${'a'.repeat(64)}`
  expect(markdownDigests([digest, digest])).toContain(`<summary>Full digest</summary>\n\n\`${digest}\`\n`)
  expect(markdownDigests([])).toBe('')
})
