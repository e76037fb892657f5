import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { runNodeAction } from '../src/index.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'node-action-test-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function action(script: string, inputs = ''): string {
  writeFileSync(
    path.join(directory, 'action.yml'),
    `name: Example\ndescription: For tests\n${inputs && `inputs:\n${inputs}`}runs:\n  using: node24\n  main: dist/index.js\n  post: dist/post.js\n`,
  )
  mkdirSync(path.join(directory, 'dist'), { recursive: true })
  writeFileSync(path.join(directory, 'dist/index.js'), script)
  writeFileSync(path.join(directory, 'dist/post.js'), script)
  return directory
}

const printEnvironment = `console.log(JSON.stringify(process.env))`

test('gives inputs, defaults and GitHub variables, and nothing of the developer', async () => {
  process.env.AWS_ACCESS_KEY_ID = 'developer'
  try {
    const run = await runNodeAction({
      action: action(
        printEnvironment,
        [
          '  job-status: { description: d, default: "${{ job.status }}" }',
          '  application: { description: d, default: "${{ github.event_name }}-${{ github.ref_name }}" }',
          '  two words: { description: d }',
          '  nothing: { description: d }',
          '',
        ].join('\n'),
      ),
      inputs: { 'Two Words': 'x' },
      env: { AWS_REGION: 'eu-central-1' },
      jobStatus: 'failure',
    })
    const env = JSON.parse(run.log) as Record<string, string>
    expect(env).toMatchObject({
      'INPUT_JOB-STATUS': 'failure',
      INPUT_APPLICATION: 'push-main',
      INPUT_TWO_WORDS: 'x',
      AWS_REGION: 'eu-central-1',
      GITHUB_REPOSITORY: 'example/shop',
      GITHUB_ACTIONS: 'true',
    })
    expect(env.INPUT_NOTHING).toBe('')
    expect(env.AWS_ACCESS_KEY_ID).toBeUndefined()
    expect(env.PWD ?? env.GITHUB_WORKSPACE).toBeTruthy()
  } finally {
    delete process.env.AWS_ACCESS_KEY_ID
  }
})

test('collects outputs, state, environment, summary, annotations and masks', async () => {
  const run = await runNodeAction({
    action: action(`
      const { appendFileSync: append } = await import('node:fs')
      append(process.env.GITHUB_OUTPUT, 'a=1\\nb<<END\\ntwo\\nlines\\nEND\\n')
      append(process.env.GITHUB_STATE, 's=kept\\n')
      append(process.env.GITHUB_ENV, 'E=f\\n')
      append(process.env.GITHUB_PATH, '/opt/tool\\n')
      append(process.env.GITHUB_STEP_SUMMARY, '# hush-hush')
      console.log('::add-mask::hush')
      console.log('say hush')
      console.log('::group::Title')
      console.log('::error file=a.ts,line=3,title=Broken%3A it::100%25 wrong')
      console.log('::debug::unseen')
      console.log('::endgroup::')
      console.log('::stop-commands::token')
      console.log('::error::only text')
      console.log('::token::')
      console.error('::warning::from stderr')
      process.exitCode = 3
    `),
  })
  expect(run).toMatchObject({
    exitCode: 3,
    outputs: { a: '1', b: 'two\nlines' },
    state: { s: 'kept' },
    env: { E: 'f' },
    path: ['/opt/tool'],
    summary: '# ***-***',
    masks: ['hush'],
  })
  expect(run.annotations).toEqual(
    expect.arrayContaining([
      { level: 'error', message: '100% wrong', file: 'a.ts', line: 3, title: 'Broken: it' },
      { level: 'warning', message: 'from stderr' },
    ]),
  )
  expect(run.annotations).toHaveLength(2)
  expect(run.log.split('\n').filter((line) => !line.includes('stderr'))).toEqual([
    'say ***',
    '##[group]Title',
    '##[error]100% wrong',
    '##[endgroup]',
    '::stop-commands::token',
    '::error::only text',
    '::token::',
  ])
})

test('hands state to post', async () => {
  const run = await runNodeAction({ action: action(printEnvironment), entry: 'post', state: { lock: 'held' } })
  expect(JSON.parse(run.log)).toMatchObject({ STATE_lock: 'held' })
})

test('refuses an input that the action does not declare', async () => {
  const options = {
    action: action('console.log(process.env.INPUT_TYPO)', '  typed: { description: d }\n'),
    inputs: { typo: '1' },
  }
  await expect(runNodeAction(options)).rejects.toThrow("Unexpected input(s) 'typo', valid inputs are ['typed']")
  expect((await runNodeAction({ ...options, allowUnexpectedInputs: true })).log).toBe('1')
})

test('cancels with SIGINT first', async () => {
  const cancel = new AbortController()
  const run = await runNodeAction({
    action: action(`
      process.on('SIGINT', () => { console.log('asked to stop'); process.exit(7) })
      console.log('ready'); setInterval(() => {}, 1000)
    `),
    signal: cancel.signal,
    onLine: (line) => line === 'ready' && cancel.abort(),
  })
  expect(run).toMatchObject({ exitCode: 7, cancelled: true, killed: false, log: 'ready\nasked to stop' })
})

test('ends a deaf process and its children with SIGTERM and SIGKILL', async () => {
  const cancel = new AbortController()
  const run = await runNodeAction({
    action: action(`
      import { spawn } from 'node:child_process'
      for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => console.log(name))
      const child = spawn('sleep', ['600'], { stdio: 'ignore' })
      console.log('child ' + child.pid); setInterval(() => {}, 1000)
    `),
    signal: cancel.signal,
    grace: { interrupt: 300, terminate: 300 },
    onLine: (line) => line.startsWith('child') && cancel.abort(),
  })
  const lines = run.log.split('\n')
  expect(lines.slice(1)).toEqual(['SIGINT', 'SIGTERM'])
  expect(run).toMatchObject({ exitCode: 137, cancelled: true, killed: true })
  const child = Number(lines[0]?.split(' ')[1])
  await expect(ended(child)).resolves.toBe(true)
})

/** Whether a process is gone (or a zombie that only waits to be reaped) within a second. */
async function ended(pid: number): Promise<boolean> {
  const { readFileSync } = await import('node:fs')
  for (let attempt = 0; attempt < 50; attempt++) {
    try {
      if (/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) return true
    } catch {
      return true
    }
    await new Promise((done) => setTimeout(done, 20))
  }
  return false
}

describe('in a time of its own', () => {
  const speed = 1_000
  const inTime = (script: string) => runNodeAction({ action: action(script), time: { speed, since: Date.now() } })

  test('sleeps, dates, signals and counters run alike', async () => {
    const run = await inTime(`
      import { setTimeout as sleep } from 'node:timers/promises'
      import { promisify } from 'node:util'
      const begun = { date: new Date(), counter: performance.now() }
      await sleep(60_000)
      await new Promise((done) => setTimeout(done, 60_000))
      await promisify(setTimeout)(60_000)
      await new Promise((done) => { const timer = setInterval(() => { clearInterval(timer); done() }, 60_000) })
      await sleep(9e8, undefined, { signal: AbortSignal.timeout(60_000) }).catch(() => undefined)
      console.log(Date.now() - begun.date, performance.now() - begun.counter)
    `)
    const [date, counter] = run.log.split(' ').map(Number)
    expect(date).toBeGreaterThanOrEqual(300_000)
    expect(counter).toBeGreaterThanOrEqual(300_000)
    expect(run.durationMs).toBeGreaterThanOrEqual(300_000)
  })

  test('a timer that is cleared, or a sleep that is aborted, ends', async () => {
    const run = await inTime(`
      import { setTimeout as sleep } from 'node:timers/promises'
      clearTimeout(setTimeout(() => console.log('cleared'), 1_000))
      await sleep(9e8, undefined, { signal: AbortSignal.timeout(1_000) }).catch((error) => console.log(error.name))
    `)
    expect(run.log).toBe('AbortError')
  })

  test.each([
    [
      'http',
      `await new Promise((done, fail) => get({ port, signal }, (answer) => answer.resume().on('end', done)).on('error', fail))`,
    ],
    ['fetch', 'await (await fetch(`http://127.0.0.1:${port}`, { signal })).text()'],
  ])(
    'a timer waits for the answer to %s that is on its way, for a loaded machine is no slow network',
    async (_, ask) => {
      const run = await inTime(`
      import { createServer, get } from 'node:http'
      import { execSync } from 'node:child_process'
      import { once } from 'node:events'
      const server = createServer((request, response) => {
        execSync('sleep 0.2')
        response.setHeader('connection', 'close').end('yes')
      }).listen(0)
      await once(server, 'listening')
      const { port } = server.address()
      const signal = AbortSignal.timeout(60_000)
      ${ask}
      console.log('answered')
      server.close()
    `)
      expect(run.log).toBe('answered')
    },
  )
})
