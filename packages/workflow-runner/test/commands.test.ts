import fc from 'fast-check'
import { parsePairs } from '../src/step/command-files.ts'
import { parseCommandLine } from '../src/step/command-line.ts'
import { createMasks } from '../src/step/masks.ts'
import { createStepOutput } from '../src/step/output.ts'

// docs.github.com: Workflow commands for GitHub Actions; actions/runner: ActionCommand, ActionCommandManager, FileCommandManager.

const escapeData = (text: string) => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
const escapeProperty = (text: string) => escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')

describe('command lines', () => {
  test.each([
    ['::error::text', { name: 'error', properties: {}, data: 'text' }],
    ['  ::Warning file=a.js,line=1::text', { name: 'warning', properties: { file: 'a.js', line: '1' }, data: 'text' }],
    ['::error title=a%3Ab%2Cc::100%25%0Anext', { name: 'error', properties: { title: 'a:b,c' }, data: '100%\nnext' }],
    ['::group::A :: b', { name: 'group', properties: {}, data: 'A :: b' }],
    ['::debug::', { name: 'debug', properties: {}, data: '' }],
    [
      'at 12:00 ##[error line=3;file=a%3Bb]text',
      { name: 'error', properties: { line: '3', file: 'a;b' }, data: 'text' },
    ],
  ])('%s', (line, expected) => {
    expect(parseCommandLine(line)).toEqual(expected)
  })

  test.each(['plain', 'say ::error::', '::::', ':: error::text', '::', '##[', '[error]'])(
    '%s is ordinary output',
    (line) => {
      expect(parseCommandLine(line)).toBeUndefined()
    },
  )

  test('whatever @actions/core escapes comes back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme', minLength: 1 }), (data, title) => {
        const parsed = parseCommandLine(`::error title=${escapeProperty(title)}::${escapeData(data)}`)
        // The runner cuts blanks around the properties as a whole.
        expect(parsed).toEqual({
          name: 'error',
          properties: title.trimEnd() === '' ? {} : { title: title.trimEnd() },
          data,
        })
      }),
    )
  })
})

describe('command files', () => {
  test.each([
    ['a=1\nb=x=y\n', { a: '1', b: 'x=y' }],
    ['a<<END\none\n\ntwo\nEND\nb=2', { a: 'one\n\ntwo', b: '2' }],
    ['a<<END\nEND\n', { a: '' }],
    ['a=1\na=2\n', { a: '2' }],
    ['a=<<x\n', { a: '<<x' }],
    ['\r\n', {}],
  ])('%j', (text, expected) => {
    expect(parsePairs(text, 'GITHUB_OUTPUT')).toEqual(expected)
  })

  test.each([
    ['nonsense', "Invalid format 'nonsense'"],
    ['=1', 'Name must not be empty'],
    ['a<<END\nopen', "Matching delimiter not found 'END'"],
    ['<<END\nEND', 'must not be empty'],
  ])('%j is refused', (text, message) => {
    expect(() => parsePairs(text, 'GITHUB_OUTPUT')).toThrow(message)
  })

  test('any value survives the form that @actions/core writes', () => {
    const name = fc.stringMatching(/^[a-z][\w-]*$/)
    const value = fc
      .string({ unit: 'grapheme' })
      .filter((text) => !text.includes('\r') && !text.includes('ghadelimiter'))
    fc.assert(
      fc.property(fc.dictionary(name, value), (pairs) => {
        const text = Object.entries(pairs).map(([key, each]) => `${key}<<ghadelimiter_1\n${each}\nghadelimiter_1\n`)
        expect(parsePairs(text.join(''), 'GITHUB_OUTPUT')).toEqual({ ...pairs })
      }),
    )
  })
})

describe('masks', () => {
  test.each([
    ['key is s3cret!', 'key is ***'],
    ['twice s3cret!s3cret!', 'twice ***'],
    [`as base64 ${Buffer.from('user:s3cret!').toString('base64')}`, 'as base64 dXNlcjpz***'],
    [`alone ${Buffer.from('s3cret!').toString('base64')}`, 'alone ***'],
    ['in a URL ?k=s3cret!', 'in a URL ?k=***'],
  ])('%s', (text, expected) => {
    expect(createMasks(['s3cret!']).hide(text)).toBe(expected)
  })

  test('every line of a secret is one', () => {
    const masks = createMasks(['first line\nsecond line'])
    expect(masks.hide('a second line, a first line')).toBe('a ***, a ***')
    expect(masks.wouldChange('nothing')).toBe(false)
  })

  test('overlapping secrets leave nothing between them', () => {
    expect(createMasks(['abcd', 'cdef']).hide('xabcdefx')).toBe('x***x')
  })

  test('quotes and other encodings', () => {
    const masks = createMasks(['a"b<c'])
    expect(masks.hide('{"k":"a\\"b<c"}')).toBe('{"k":"***"}')
    expect(masks.hide('a%22b%3Cc a&quot;b&lt;c')).toBe('*** ***')
  })

  test('no secret is left in what is shown', () => {
    const secret = fc.string({ minLength: 1 }).filter((text) => text.trim() !== '' && !'***'.includes(text))
    fc.assert(
      fc.property(fc.array(secret, { maxLength: 4 }), fc.array(fc.string(), { maxLength: 5 }), (secrets, between) => {
        const masks = createMasks(secrets)
        const text = between.map((part, index) => part + (secrets[index % Math.max(secrets.length, 1)] ?? '')).join('')
        const left = masks.hide(text).split('***')
        for (const each of secrets) for (const part of left) expect(part).not.toContain(each)
      }),
    )
  })
})

describe('what a step says', () => {
  function say(...lines: string[]) {
    const output = createStepOutput({ masks: createMasks() })
    for (const line of lines) output.line(line)
    return output
  }

  test('ten annotations of a level are kept, all are shown', () => {
    const output = say(...Array.from({ length: 12 }, (_, index) => `::error::e${index}`), '::warning::w')
    expect(output.annotations.map(({ message }) => message)).toEqual(
      [...Array(10).keys()].map((index) => `e${index}`).concat('w'),
    )
    expect(output.log).toHaveLength(13)
  })

  test('a long message is cut at 4096 characters', () => {
    expect(say(`::notice::${'x'.repeat(5000)}`).annotations[0]?.message).toHaveLength(4096)
  })

  test('positions are numbers', () => {
    expect(say('::error file=a,line=1,endLine=2,col=3,endColumn=x::m').annotations).toEqual([
      { level: 'error', message: 'm', file: 'a', line: 1, endLine: 2, col: 3 },
    ])
  })

  test.each([
    ['::set-env name=A::1', 'disabled'],
    ['::add-path::/opt', 'disabled'],
    ['::set-output::1', "Required field 'name' is missing"],
    ['::echo::maybe', "Possible values can be: 'on', 'off'"],
    ['::add-matcher::file', 'not supported by this runner'],
  ])('%s fails the step', (line, message) => {
    const output = say(line)
    expect(output.failed).toBe(true)
    expect(output.annotations[0]?.message).toContain(message)
  })

  test('unknown commands and odd names are text', () => {
    expect(say('::unknown::x', '::constructor::y').log).toEqual(['::unknown::x', '::constructor::y'])
  })

  test('echo shows commands, but never a mask', () => {
    expect(say('::echo::on', '::add-mask::pssst', '::warning::w', 'say pssst').log).toEqual([
      '::warning::w',
      '##[warning]w',
      'say ***',
    ])
  })

  test('an empty mask is a warning', () => {
    expect(say('::add-mask:: ').annotations[0]).toMatchObject({ level: 'warning' })
  })
})
