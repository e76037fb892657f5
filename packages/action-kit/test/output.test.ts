import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { annotationCommand, appendToCommandFile } from '../src/commands.ts'
import { fileSummary, githubLog, markdownCode, markdownTable, markdownText } from '../src/index.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'action-kit-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('annotations escape what the runner reads as syntax', () => {
  expect(annotationCommand('error', '50% done\nsecond: line', 'a:b,c')).toBe(
    '::error title=a%3Ab%2Cc::50%25 done%0Asecond: line',
  )
})

test('a message longer than GitHub keeps ends with a mark', () => {
  const command = annotationCommand('warning', 'x'.repeat(5000))
  expect(command).toHaveLength('::warning::'.length + 4096)
  expect(command.endsWith(' …')).toBe(true)
})

test('a value with line breaks and equals signs survives the command file', () => {
  const file = path.join(folder, 'output')
  appendToCommandFile(file, 'report', 'a=b\nc<<d')
  const [, delimiter, value] = readFileSync(file, 'utf8').match(/^report<<(ghadelimiter_[0-9a-f-]+)\n([\s\S]*)\n\1\n$/)!
  expect(delimiter).toBeTruthy()
  expect(value).toBe('a=b\nc<<d')
})

test('groups do not nest: an inner heading is a line of the outer group', async () => {
  let text = ''
  const log = githubLog((part) => {
    text += part
  })
  await log.group('outer', () => log.group('inner', () => log.info('line')))
  expect(text).toBe('::group::outer\ninner\nline\n::endgroup::\n')
})

test('a group ends also when its body throws', async () => {
  let text = ''
  const log = githubLog((part) => {
    text += part
  })
  await expect(log.group('g', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(text).toContain('::endgroup::')
})

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
