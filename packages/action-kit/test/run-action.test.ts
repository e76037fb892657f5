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

/** Runs a small action as a process of its own and returns what the runner would see. */
async function run(body: string, options: { env?: Record<string, string>; kill?: NodeJS.Signals } = {}) {
  const file = path.join(folder, 'action.ts')
  writeFileSync(
    file,
    `import { runAction, UserError } from ${JSON.stringify(kit)}\nawait runAction('probe', ${body})\n`,
  )
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
  const { code, output } = await run(`{ main: async () => ({ outputs: { verdict: 'completed', changed: true } }) }`)
  expect(code).toBe(0)
  expect(output).toMatch(/verdict<<.*\ncompleted\n/)
  expect(output).toMatch(/changed<<.*\ntrue\n/)
})

test('a bad verdict keeps its outputs, and the step is red with one annotation', async () => {
  const { code, output, log } = await run(
    `{ main: async () => ({ outputs: { verdict: 'rolled-back' }, failure: 'web was rolled back.' }) }`,
  )
  expect(code).toBe(1)
  expect(output).toContain('rolled-back')
  expect(log).toBe('::error title=probe::web was rolled back.\n')
})

test("a user's mistake shows its message and no stack", async () => {
  const { code, log } = await run(`{ main: async () => { throw new UserError('Input "cluster" is required.') } }`)
  expect(code).toBe(1)
  expect(log).toBe('::error title=probe::Input "cluster" is required.\n')
})

test('a defect shows its stack in a group of its own', async () => {
  const { code, log } = await run(`{ main: async () => { throw new TypeError('x is not a function') } }`)
  expect(code).toBe(1)
  expect(log).toMatch(/^::error title=probe::x is not a function\n::group::.*\nTypeError: x is not a function\n {4}at /)
})

test.each(['SIGINT', 'SIGTERM'] as const)('%s reaches the action as an aborted signal', async (signal) => {
  const { log } = await run(
    `{ main: async ({ cancelled, clock, log }) => {
      log.info('waiting')
      await clock.sleep(20_000, cancelled)
      log.info('cancelled: ' + cancelled.aborted)
      return undefined
    } }`,
    { kill: signal },
  )
  expect(log).toContain('cancelled: true')
})

test('the same file started again runs post, whose failure is a warning', async () => {
  const body = `{ main: async () => undefined, post: async () => { throw new UserError('The lock was gone.') } }`
  const { state } = await run(body)
  expect(state).toMatch(/runs-as-post<<.*\ntrue\n/)
  const post = await run(body, { env: { 'STATE_runs-as-post': 'true' } })
  expect(post.code).toBe(0)
  expect(post.log).toBe('::warning title=probe::The lock was gone.\n')
})
