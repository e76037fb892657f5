import { EOL } from 'node:os'
import { jest } from '@jest/globals'
import fc from 'fast-check'
import { githubLog, linesOf } from '../src/index.ts'

let text: string
const log = githubLog()
beforeEach(() => {
  text = ''
  jest.spyOn(process.stdout, 'write').mockImplementation((part) => {
    text += part
    return true
  })
})
afterEach(() => jest.restoreAllMocks())

/** The commands that the runner finds in an output, by its own rules (actions/runner: ActionCommand, both versions). */
function commandsIn(output: string): string[] {
  const dotnetSpace = /^[\s\u0085]*/
  return output
    .split(/\r\n|\r|\n/)
    .filter((line) => line.replace(dotnetSpace, '').startsWith('::') || line.includes('##['))
}

test('annotations escape what the runner reads as syntax', () => {
  log.error('50% done\nsecond: line', 'a:b,c')
  expect(text).toBe(`::error title=a%3Ab%2Cc::50%25 done%0Asecond: line${EOL}`)
})

test('a message longer than GitHub keeps ends with a mark', () => {
  log.warning('x'.repeat(5000))
  expect(text.trimEnd()).toHaveLength('::warning::'.length + 4096)
  expect(text.trimEnd().endsWith(' …')).toBe(true)
})

test('groups do not nest: an inner heading is a line of the outer group', async () => {
  await log.group('outer', () => log.group('inner', () => log.info('line')))
  expect(text).toBe('::group::outer\ninner\nline\n::endgroup::\n')
})

test('a group ends also when its body throws', async () => {
  await expect(log.group('g', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(text).toContain('::endgroup::')
})

const hostile = [
  '::error::x',
  '  ::set-env name=A::b',
  'time ##[error]x',
  'a\r::add-mask::b',
  '##[stop-commands]token',
  '\u0085::error::x',
  '\u00a0\ufeff::error::x',
  '###[add-mask]x',
  ':::error::x',
]

test.each(hostile)('a line that the runner would take for a command is made harmless: %j', (message) => {
  log.info(`before\n${message}\nafter`)
  expect(commandsIn(text)).toEqual([])
  expect(text.replaceAll('\u200b', '')).toBe(`before\n${message.replaceAll('\r', '\n')}\nafter\n`)
})

test.each(hostile)('in a heading, an annotation, a debug line: %j', async (message) => {
  await log.group(message, () => log.group(message, () => {}))
  for (const say of [log.debug, log.notice, log.warning, log.error]) say(`one\n${message}`, message)
  const names = commandsIn(text).map((line) => line.match(/^::([\w-]+)/)?.[1])
  expect(names).toEqual(['group', 'endgroup', 'debug', 'notice', 'warning', 'error'])
})

test('no text at all becomes a command', () => {
  const piece = fc.constantFrom(':', '::', '#', '##[', '[', ']', '\r', '\n', ' ', '\u0085', '\u200b', 'error')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      text = ''
      log.info(pieces.join(''))
      expect(commandsIn(text)).toEqual([])
    }),
  )
})

test('other lines stay as they are, one by one', () => {
  log.info('std::vector\n  at x\n\nend')
  expect(text).toBe('std::vector\n  at x\n\nend\n')
  expect(linesOf('std::vector\r\n  at x\r\rend\n')).toEqual(['std::vector', '  at x', '', 'end'])
})
