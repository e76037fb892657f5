import { type RunResult, runWorkflow } from '../src/index.ts'
import { conclusions, nodeAction, printed, repository, run, type Setting, steps } from './stage.ts'

// docs.github.com: Workflow cancellation reference; actions/runner: StepsRunner, ProcessInvoker.

/** Runs the workflow and cancels it as soon as a line `ready` has been printed `times` times. */
async function cancelled(setting: Setting, times = 1): Promise<RunResult> {
  const controller = new AbortController()
  let seen = 0
  return run({
    ...setting,
    signal: controller.signal,
    grace: { interrupt: 400, terminate: 400 },
    onLine: (line) => {
      if (line.text === 'ready' && ++seen === times) controller.abort()
    },
  })
}

const job = (lines: string, more = '') =>
  `on: push\njobs:\n  a:\n    runs-on: x\n${more}    steps:\n${lines.replaceAll(/^/gm, '      ')}\n`
const waiting = 'echo ready; exec sleep 60'

describe('cancelling a run', () => {
  test('ends the running step, skips what follows but for cancelled() and always(), and runs the post steps', async () => {
    const result = await cancelled({
      text: job(`
- { name: Act, uses: $/act }
- { name: running, run: '${waiting}' }
- { name: plain, run: "true" }
- { name: on failure, if: failure(), run: "true" }
- { name: not cancelled, if: "!cancelled()", run: "true" }
- { name: on cancel, if: cancelled(), run: 'echo "status \${{ job.status }}"' }
- { name: always, if: always(), run: "true" }`),
      files: nodeAction('act', {
        head: 'inputs: { status: { description: d, default: "${{ job.status }}" } }\n',
        post: "console.log('post sees ' + process.env.INPUT_STATUS)",
      }),
    })
    expect(steps(result, 'a')).toMatchObject({
      Act: 'success',
      running: 'cancelled',
      plain: 'skipped',
      'on failure': 'skipped',
      'not cancelled': 'skipped',
      'on cancel': 'success',
      always: 'success',
      'Post Act': 'success',
    })
    expect(printed(result, 'a').slice(-3)).toEqual([
      '##[error]The operation was canceled.',
      'status cancelled',
      'post sees cancelled',
    ])
    expect(result.conclusion).toBe('cancelled')
  })

  test('a step whose condition still holds goes on', async () => {
    const result = await cancelled({
      text: job(
        `- { name: stubborn, if: always(), run: "echo ready; sleep 0.6; echo finished" }\n- { name: next, run: "true" }`,
      ),
    })
    expect(printed(result, 'a')).toEqual(['ready', 'finished'])
    expect(steps(result, 'a')).toMatchObject({ stubborn: 'success', next: 'skipped' })
  })

  test('a JavaScript action is asked by SIGINT, then SIGTERM, then killed with its children', async () => {
    const listen = (names: string) => `
for (const name of ${names}) process.on(name, () => console.log('got ' + name))
console.log('ready'); setInterval(() => {}, 1000)`
    const polite = await cancelled({
      text: job('- { name: act, uses: $/act }'),
      files: nodeAction('act', {
        main: `process.on('SIGINT', () => { console.log('rolling back'); process.exit(0) }); console.log('ready'); setInterval(() => {}, 1000)`,
      }),
    })
    expect(printed(polite, 'a')).toEqual(['ready', 'rolling back', '##[error]The operation was canceled.'])
    expect(steps(polite, 'a').act).toBe('cancelled')
    const deaf = await cancelled({
      text: job('- uses: $/act'),
      files: nodeAction('act', { main: listen("['SIGINT', 'SIGTERM']") }),
    })
    expect(printed(deaf, 'a').slice(1)).toEqual(['got SIGINT', 'got SIGTERM', '##[error]The operation was canceled.'])
  })

  test('outputs that were written before are kept', async () => {
    const result = await cancelled({
      text: job(
        `- { id: one, run: 'echo "at=half" >> "$GITHUB_OUTPUT"; ${waiting}' }`,
        '    outputs: { at: "${{ steps.one.outputs.at }}" }\n',
      ),
    })
    expect(result.jobs[0]?.outputs).toEqual({ at: 'half' })
  })

  test('jobs with always() survive, later ones start only with always() or cancelled()', async () => {
    const result = await cancelled(
      {
        text: `
on: push
jobs:
  plain: { runs-on: x, steps: [{ run: '${waiting}' }] }
  survivor: { runs-on: x, if: always(), steps: [{ run: "echo ready; sleep 0.6; echo survived" }, { if: cancelled(), run: echo cancelled }] }
  after: { runs-on: x, needs: plain, steps: [{ run: "true" }] }
  queued: { runs-on: x, needs: survivor, steps: [{ run: "true" }] }
  tidy: { runs-on: x, needs: [plain, survivor], if: cancelled(), steps: [{ run: 'echo "tidy after \${{ needs.plain.result }} and \${{ needs.survivor.result }}"' }] }
`,
      },
      2,
    )
    expect(conclusions(result)).toEqual({
      plain: 'cancelled',
      survivor: 'success',
      after: 'skipped',
      queued: 'cancelled',
      tidy: 'success',
    })
    expect(printed(result, 'survivor')).toEqual(['ready', 'survived'])
    expect(printed(result, 'tidy')).toEqual(['tidy after cancelled and success'])
    expect(result.conclusion).toBe('cancelled')
  })

  test('called workflows are cancelled with their caller', async () => {
    const result = await cancelled({
      text: 'on: push\njobs: { outer: { uses: ./.github/workflows/called.yml }, after: { needs: outer, if: always(), runs-on: x, steps: [{ run: "echo ${{ needs.outer.result }}" }] } }',
      files: {
        '.github/workflows/called.yml': `on: workflow_call\njobs: { inner: { runs-on: x, steps: [{ run: '${waiting}' }] } }`,
      },
    })
    expect(conclusions(result)).toEqual({ 'outer/inner': 'cancelled', after: 'success' })
    expect(printed(result, 'after')).toEqual(['cancelled'])
  })

  test('a composite action ends where it is', async () => {
    const result = await cancelled({
      text: job('- { name: act, uses: $/act }'),
      files: {
        'act/action.yml': `name: x\ndescription: x\nruns:\n  using: composite\n  steps:\n    - { shell: bash, run: '${waiting}' }\n    - { shell: bash, run: echo never }\n`,
      },
    })
    expect(printed(result, 'a').filter((line) => !line.startsWith('##'))).toEqual(['ready'])
    expect(steps(result, 'a').act).toBe('cancelled')
  })

  test('after five minutes even always() is killed', async () => {
    const result = await cancelled({ text: job(`- { name: endless, if: always(), run: '${waiting}' }`), minute: 120 })
    expect(steps(result, 'a').endless).toBe('cancelled')
  })

  test('a run that is cancelled before it begins runs nothing', async () => {
    const directory = repository({ '.github/workflows/main.yml': job('- run: echo began') })
    const result = await runWorkflow({
      repository: { name: 'example/shop', path: directory },
      workflow: '.github/workflows/main.yml',
      event: { name: 'push' },
      signal: AbortSignal.abort(),
    })
    expect(result.conclusion).toBe('cancelled')
    expect(conclusions(result)).toEqual({ a: 'cancelled' })
  })
})
