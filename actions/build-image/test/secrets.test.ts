import { parseSecrets } from '../src/secrets.ts'

test('one a line, from the environment, over several lines', () => {
  const text = 'npm-token=abc=def==\n\nFROM_ENV\nkey<<END\nline 1\n  line 2\n\nEND\nlast=x'
  expect(parseSecrets(text, { FROM_ENV: 'outside' })).toEqual([
    { id: 'npm-token', value: 'abc=def==' },
    { id: 'FROM_ENV', value: 'outside' },
    { id: 'key', value: 'line 1\n  line 2\n' },
    { id: 'last', value: 'x' },
  ])
  expect(parseSecrets('', {})).toEqual([])
})

test.each([
  ['no id', '=value', /line 1, names no secret/],
  ['an id that would end its field', 'a,b=value', /line 1, names no secret/],
  ['nothing in it', 'token=', /"token" is empty/],
  ['nothing in the environment', 'TOKEN', /"TOKEN" has no value/],
  ['twice', 'a=1\na=2', /gives "a" twice/],
  ['no end', 'key<<END\nline', /"key" has no end.*"END"/],
])('%s is refused without showing a value', (_name, text, message) => {
  expect(() => parseSecrets(text, {})).toThrow(message)
  expect(() => parseSecrets(text, {})).not.toThrow(/value of "key" is|line$/)
})
