import { consoleLog, type LogLine } from '../src/index.ts'

function shown(lines: LogLine[], colour = false): string {
  let text = ''
  const log = consoleLog(
    (part) => {
      text += part
    },
    { colour },
  )
  for (const line of lines) log(line)
  return text
}

const line = (text: string, job = 'Build', step = 'One'): LogLine => ({ job, step, text })

test('a heading for each job and step, groups indented, annotations in words', () => {
  expect(
    shown([
      line('##[group]Run it'),
      line('with:'),
      line('##[endgroup]'),
      line('plain'),
      line('##[warning]careful'),
      line('other', 'Deploy', 'Two'),
      line('again'),
    ]),
  ).toBe(`
■ Build
  ▸ One
    ▾ Run it
      with:
    plain
    Warning: careful

■ Deploy
  ▸ Two
    other

■ Build
  ▸ One
    again
`)
})

test('a group that is open goes on after another job has spoken', () => {
  expect(
    shown([line('##[group]G'), line('x', 'Deploy'), line('inside')])
      .split('\n')
      .at(-2),
  ).toBe('      inside')
})

test('colours only where asked for', () => {
  expect(shown([line('##[error]bad')])).not.toContain('\x1b')
  expect(shown([line('##[error]bad')], true)).toContain('\x1b[31mError: bad\x1b[0m')
})
