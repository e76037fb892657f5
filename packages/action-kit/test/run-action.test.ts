import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const kit = path.resolve(import.meta.dirname, '../src/index.ts')
let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'run-action-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

interface Options {
  frame?: 'runAction' | 'runPost'
  env?: Record<string, string>
  kill?: NodeJS.Signals
}

/** Runs a small action as a process of its own and returns what the runner would see. */
async function run(body: string, { frame = 'runAction', ...options }: Options = {}) {
  const file = path.join(folder, 'action.ts')
  writeFileSync(file, `import { ${frame}, UserError } from ${JSON.stringify(kit)}\nawait ${frame}('probe', ${body})\n`)
  const files = { GITHUB_OUTPUT: path.join(folder, 'output'), GITHUB_STATE: path.join(folder, 'state') }
  for (const name of Object.values(files)) writeFileSync(name, '')
  const child = spawn(process.execPath, ['--no-warnings', file], { env: { ...files, ...options.env } })
  let log = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (part: Buffer) => {
      log += part
      if (options.kill && log.includes('waiting')) child.kill(options.kill)
    })
  const code = await new Promise((resolve) => child.on('close', resolve))
  return {
    code,
    log,
    output: readFileSync(files.GITHUB_OUTPUT, 'utf8'),
    state: readFileSync(files.GITHUB_STATE, 'utf8'),
  }
}

test('outputs are written and the step is green', async () => {
  const { code, output } = await run(
    `async () => ({ outputs: { verdict: 'completed', changed: true, report: 'a=b\\nc<<d' } })`,
  )
  expect(code).toBe(0)
  expect(output).toMatch(/verdict<<.*\ncompleted\n/)
  expect(output).toMatch(/changed<<.*\ntrue\n/)
  expect(output).toMatch(/report<<(.*)\na=b\nc<<d\n\1\n/)
})

test('a bad verdict keeps its outputs, and the step is red with one annotation', async () => {
  const { code, output, log } = await run(
    `async () => ({ outputs: { verdict: 'rolled-back' }, failure: 'web was rolled back.' })`,
  )
  expect(code).toBe(1)
  expect(output).toContain('rolled-back')
  expect(log).toBe('::error title=probe::web was rolled back.\n')
})

test("a user's mistake shows its message and no stack", async () => {
  const { code, log } = await run(`async () => { throw new UserError('Input "cluster" is required.') }`)
  expect(code).toBe(1)
  expect(log).toBe('::error title=probe::Input "cluster" is required.\n')
})

test('a defect shows its stack in a group of its own', async () => {
  const { code, log } = await run(`async () => { throw new TypeError('x is not a function') }`)
  expect(code).toBe(1)
  expect(log).toMatch(
    /^::error title=probe::x is not a function Nothing was changed\.\n::group::.*\nTypeError: x is not a function\n {4}at /,
  )
})

test.each(['SIGINT', 'SIGTERM'] as const)('%s reaches the action as an aborted signal', async (signal) => {
  const { log } = await run(
    `async ({ cancelled, clock, log }) => {
      log.info('waiting')
      await clock.sleep(20_000, cancelled)
      log.info('cancelled: ' + cancelled.aborted)
      return undefined
    }`,
    { kill: signal },
  )
  expect(log).toContain('cancelled: true')
})

test("a failure that is nobody's mistake says what state is left, and is no defect", async () => {
  const { log } = await run(
    `async ({ stateLeft }) => {
      stateLeft('The deployment goes on.')
      throw Object.assign(new Error('no'), { name: 'ServerException', $fault: 'server', $metadata: { httpStatusCode: 500 } })
    }`,
  )
  expect(log).toMatch(
    /^::error title=probe::AWS failed on AWS's side \(ServerException, HTTP 500\): no\. The deployment goes on\. Run the job again; .*\n$/,
  )
})

test('a failure of post is a warning: the verdict of the job stands', async () => {
  const { code, log } = await run(`async () => { throw new UserError('The lock was gone.') }`, { frame: 'runPost' })
  expect(code).toBe(0)
  expect(log).toBe('::warning title=probe::The lock was gone.\n')
})

test('post sees what main has saved', async () => {
  const { state } = await run(`async ({ saveState }) => void saveState('task', 'one\\ntwo')`)
  expect(state).toMatch(/task<<(.*)\none\ntwo\n\1\n/)
  const { log } = await run(`async ({ state, log }) => log.info(state('task'))`, {
    frame: 'runPost',
    env: { STATE_task: 'one' },
  })
  expect(log).toBe('one\n')
})
