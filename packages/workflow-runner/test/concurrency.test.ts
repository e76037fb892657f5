import { type Concurrency, createConcurrency } from '../src/index.ts'
import { conclusions, printed, run, type Setting, temporaryDirectory } from './stage.ts'

// docs.github.com: Control the concurrency of workflows and jobs.

const ask = (
  concurrency: Concurrency,
  group = 'g',
  more: { cancelInProgress?: boolean; queue?: 'single' | 'max'; signal?: AbortSignal } = {},
) =>
  concurrency.enter({ group, cancelInProgress: false, queue: 'single', signal: new AbortController().signal, ...more })

describe('groups', () => {
  test('one runs, one waits, an older waiting one is cancelled', async () => {
    const concurrency = createConcurrency()
    const first = await ask(concurrency)
    const second = ask(concurrency)
    const third = ask(concurrency)
    expect(await second).toBeUndefined()
    first?.release()
    expect(await third).toBeDefined()
  })

  test('names differ by more than case', async () => {
    const concurrency = createConcurrency()
    const first = await ask(concurrency, 'Deploy')
    const same = ask(concurrency, 'deploy')
    expect(await ask(concurrency, 'deploy-2')).toBeDefined()
    first?.release()
    expect(await same).toBeDefined()
  })

  test('cancel-in-progress tells the one that runs, and waits for its end', async () => {
    const concurrency = createConcurrency()
    const first = await ask(concurrency)
    const second = ask(concurrency, 'g', { cancelInProgress: true })
    expect(first?.signal.aborted).toBe(true)
    first?.release()
    expect((await second)?.signal.aborted).toBe(false)
  })

  test('queue: max lets them wait in their order, up to a hundred', async () => {
    const concurrency = createConcurrency()
    const first = await ask(concurrency)
    const order: number[] = []
    const waiting = Array.from({ length: 101 }, async (_, at) => {
      const slot = await ask(concurrency, 'g', { queue: 'max' })
      if (slot) order.push(at)
      slot?.release()
      return slot !== undefined
    })
    first?.release()
    expect((await Promise.all(waiting)).indexOf(false)).toBe(0)
    expect(order).toEqual(Array.from({ length: 100 }, (_, at) => at + 1))
  })

  test('who is cancelled while waiting leaves the queue', async () => {
    const concurrency = createConcurrency()
    const first = await ask(concurrency)
    const leaving = new AbortController()
    const second = ask(concurrency, 'g', { signal: leaving.signal })
    leaving.abort()
    expect(await second).toBeUndefined()
    const third = ask(concurrency)
    first?.release()
    expect(await third).toBeDefined()
  })
})

describe('in workflows', () => {
  const deploy = (settings: string, steps: string) =>
    `on: push\nconcurrency: ${settings}\njobs: { a: { runs-on: x, steps: [${steps}] } }`

  /** Two runs that share their groups; the second starts when the first has printed `ready`. */
  async function two(settings: string, first: Setting['text'], second: string) {
    const concurrency = createConcurrency()
    let begun: () => void = () => {}
    const ready = new Promise<void>((resolve) => {
      begun = resolve
    })
    const one = run({ text: deploy(settings, first), concurrency, onLine: ({ text }) => text === 'ready' && begun() })
    await ready
    const other = run({ text: deploy(settings, second), concurrency })
    return Promise.all([one, other])
  }

  test('the second run waits for the first', async () => {
    const env = temporaryDirectory()
    const results = await two(
      '"deploy-${{ github.ref_name }}"',
      `{ run: "echo ready; sleep 0.5; touch ${env}/first" }`,
      `{ run: "[ -e ${env}/first ]" }`,
    )
    expect(results.map(({ conclusion }) => conclusion)).toEqual(['success', 'success'])
  })

  test('cancel-in-progress', async () => {
    const results = await two(
      '{ group: g, cancel-in-progress: true }',
      '{ run: "echo ready; exec sleep 60" }',
      '{ run: "true" }',
    )
    expect(results.map(({ conclusion }) => conclusion)).toEqual(['cancelled', 'success'])
  })

  test('of jobs: one at a time', async () => {
    const place = temporaryDirectory()
    const only = `[{ run: "mkdir ${place}/busy; sleep 0.3; rmdir ${place}/busy" }]`
    const result = await run({
      text: `on: push\njobs:\n  a: { runs-on: x, concurrency: one, steps: ${only} }\n  b: { runs-on: x, concurrency: One, steps: ${only} }\n`,
    })
    expect(conclusions(result)).toEqual({ a: 'success', b: 'success' })
  })

  test.each(['true', 'false'])(
    'the same group in caller and called workflow is a deadlock, which cancels the run (%s)',
    async (cancel) => {
      const concurrency = `{ group: "\${{ github.workflow }}", cancel-in-progress: ${cancel} }`
      const result = await run({
        text: `on: push\nconcurrency: ${concurrency}\njobs: { outer: { uses: ./.github/workflows/called.yml } }`,
        files: {
          '.github/workflows/called.yml': `on: workflow_call\nconcurrency: ${concurrency}\njobs: { inner: { runs-on: x, steps: [{ run: "true" }] } }`,
        },
      })
      expect(result.conclusion).toBe('cancelled')
      expect(conclusions(result)).toEqual({ outer: 'cancelled' })
      expect(result.log).toContain('a deadlock was detected for concurrency group')
    },
  )
})

test('several jobs print in one log, each line with its job', async () => {
  const lines: string[] = []
  const result = await run({
    text: 'on: push\njobs: { a: { runs-on: x, steps: [{ run: echo from a }] }, b: { runs-on: x, steps: [{ run: echo from b }] } }',
    onLine: ({ job, text }) => lines.push(`${job}: ${text}`),
  })
  expect(lines).toEqual(expect.arrayContaining(['a: from a', 'b: from b']))
  expect(printed(result, 'a')).toEqual(['from a'])
})
