import { readFileSync } from 'node:fs'
import { BuildProgress } from '../src/docker/progress.ts'
import { cacheUse } from '../src/report.ts'

/** What docker buildx 0.36 printed with BuildKit 0.33. */
function progressOf(fixture: string): BuildProgress {
  const progress = new BuildProgress()
  const text = readFileSync(new URL(`fixtures/${fixture}.txt`, import.meta.url), 'utf8')
  for (const line of text.split('\n')) progress.read(line)
  return progress
}

test('a command that failed: its step, place, code and last lines, not the step that was cancelled with it', () => {
  expect(progressOf('failing-run').failure()).toEqual({
    step: expect.stringMatching(/^\[build 2\/2\] RUN for i in 1 2 3 4 5;/),
    message: 'exit code: 3',
    location: 'fail.Dockerfile:10',
    lines: [
      'line 1 of the compiler',
      'line 2 of the compiler',
      'line 3 of the compiler',
      'line 4 of the compiler',
      'line 5 of the compiler',
      "error: cannot find module 'left-pad'",
    ],
  })
})

test('a file that is not in the context', () => {
  expect(progressOf('failing-copy').failure()).toEqual({
    step: '[1/1] COPY app.txt nope /',
    message: '"/nope": not found',
    location: 'copy.Dockerfile:2',
    lines: [],
  })
})

test('a Dockerfile that can’t be read has no step', () => {
  expect(progressOf('failing-syntax').failure()).toEqual({
    step: undefined,
    message: 'dockerfile parse error on line 2: unknown instruction: COPPY (did you mean COPY?)',
    location: 'syntax.Dockerfile:2',
    lines: [],
  })
})

test('a base image that can’t be reached', () => {
  const { step, message, location } = progressOf('missing-base').failure()
  expect(step).toBe('[internal] load metadata for nosuch.invalid/image:1')
  expect(message).toMatch(/no such host$/)
  expect(location).toBe('base.Dockerfile:1')
})

test('a stage that does not exist', () => {
  expect(progressOf('missing-target').failure()).toMatchObject({ message: 'target stage "x" could not be found' })
})

test('steps, their cache and the remarks of the checks', () => {
  const progress = progressOf('warnings')
  expect(progress.steps.map(({ title, cached }) => [title, cached])).toEqual([
    ['[1/3] COPY busybox /bin/busybox', true],
    ['[2/3] RUN ["/bin/busybox", "--install", "/bin"]', true],
    ['[3/3] COPY app.txt /', false],
  ])
  expect(cacheUse(progress.steps)).toBe('2 of 3 steps from the cache')
  expect(progress.warnings).toEqual([
    expect.stringContaining('JSONArgsRecommended: JSON arguments recommended for CMD'),
    expect.stringContaining('ConsistentInstructionCasing: '),
    expect.stringContaining('SecretsUsedInArgOrEnv: '),
  ])
})

test('nothing at all is still said', () => {
  expect(new BuildProgress().failure().message).toBe('the builder said nothing')
})
