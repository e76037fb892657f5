import { UnsupportedError } from '../src/index.ts'
import { nodeAction, run } from './stage.ts'

const job = (lines: string) => `on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n${lines.replaceAll(/^/gm, '    ')}\n`
const step = (text: string) => job(`steps:\n  - ${text}`)

async function refusal(setting: Parameters<typeof run>[0]): Promise<Error> {
  return run(setting).then(
    (result) => {
      throw new Error(`not refused: ${result.conclusion}\n${result.log}`)
    },
    (error: Error) => error,
  )
}

describe('what GitHub knows and this runner does not is refused before anything runs, with file, line and construct', () => {
  test.each([
    ['container', job('container: node:24\nsteps: [{ run: x }]'), 5, "'container'"],
    ['services', job('services: { db: { image: postgres } }\nsteps: [{ run: x }]'), 5, "'services'"],
    ['snapshot', job('snapshot: image\nsteps: [{ run: x }]'), 5, "'snapshot'"],
    ['cancel-timeout-minutes', job('cancel-timeout-minutes: 3\nsteps: [{ run: x }]'), 5, "'cancel-timeout-minutes'"],
    [
      'environment.deployment',
      job('environment: { name: x, deployment: false }\nsteps: [{ run: x }]'),
      5,
      "'deployment'",
    ],
    ['background', step('{ run: x, background: true }'), 6, "'background'"],
    ['wait', step('{ id: x, run: x }\n  - { wait: x }'), 7, "'wait'"],
    ['wait-all', step('{ run: x }\n  - { wait-all: true }'), 7, "'wait-all'"],
    ['cancel', step('{ id: x, run: x }\n  - { cancel: x }'), 7, "'cancel'"],
    ['parallel', step('{ parallel: [{ run: x }] }'), 6, "'parallel'"],
    ['docker image', step('{ uses: "docker://alpine:3" }'), 6, 'container actions'],
    ['third-party action', step('{ uses: actions/setup-node@v6 }'), 6, "'actions/setup-node@v6'"],
    [
      'third-party action in a folder',
      step('{ uses: github/codeql-action/init@v4 }'),
      6,
      "'github/codeql-action/init@v4'",
    ],
    ['pwsh', step('{ run: x, shell: pwsh }'), 6, "'shell: pwsh'"],
    ['cmd by default', job('defaults: { run: { shell: cmd } }\nsteps: [{ run: x }]'), 5, "'shell: cmd'"],
    [
      'Windows',
      'on: push\njobs:\n  a:\n    runs-on: windows-latest\n    steps: [{ run: x }]',
      4,
      "'runs-on: windows-latest'",
    ],
    [
      'macOS',
      'on: push\njobs:\n  a:\n    runs-on: [self-hosted, macOS]\n    steps: [{ run: x }]',
      4,
      "'runs-on: self-hosted, macOS'",
    ],
    [
      'a group of macOS runners',
      'on: push\njobs:\n  a:\n    runs-on: { labels: macos-15 }\n    steps: [{ run: x }]',
      4,
      'macos-15',
    ],
    ['insert in env', job('env:\n  "${{ insert }}": "${{ fromJSON(vars.X) }}"\nsteps: [{ run: x }]'), 6, 'insert'],
    [
      'insert in a matrix',
      job('strategy:\n  matrix:\n    "${{ insert }}": "${{ fromJSON(vars.X) }}"\nsteps: [{ run: x }]'),
      7,
      'insert',
    ],
  ])('%s', async (name, text, line, construct) => {
    const error = await refusal({ text })
    expect(error.message).toMatch(new RegExp(`main\\.yml \\(Line: ${line}, Col: \\d+\\)`))
    expect(error.message).toContain(construct)
    // The parser does not know the newest step keys yet, and refuses them itself.
    if (!['background', 'wait', 'wait-all', 'cancel', 'parallel'].includes(name))
      expect(error).toBeInstanceOf(UnsupportedError)
  })

  test('in called workflows and skipped jobs too', async () => {
    const error = await refusal({
      text: 'on: push\njobs: { a: { if: "false", uses: ./.github/workflows/b.yml } }',
      files: {
        '.github/workflows/b.yml': 'on: workflow_call\njobs: { b: { runs-on: x, container: c, steps: [{ run: x }] } }',
      },
    })
    expect(error.message).toMatch(/b\.yml \(Line: 2, Col: \d+\): 'container' in a job/)
  })
})

describe('what only shows while it runs ends the run', () => {
  const action = (runs: string) => ({
    'act/action.yml': `name: x\ndescription: x\nruns:\n${runs.replaceAll(/^/gm, '  ')}\n`,
  })

  test.each([
    [
      'runs-on by expression',
      {
        text: 'on: push\njobs: { a: { runs-on: "${{ vars.OS }}", steps: [{ run: x }] } }',
        vars: { OS: 'windows-latest' },
      },
      'windows-latest',
    ],
    [
      'shell by expression',
      { text: job('defaults: { run: { shell: "${{ vars.SHELL }}" } }\nsteps: [{ run: x }]'), vars: { SHELL: 'pwsh' } },
      'shell: pwsh',
    ],
    [
      'a container action',
      { text: step('{ uses: $/act }'), files: action('using: docker\nimage: Dockerfile') },
      "'image' in a runs",
    ],
    ['another Node', { text: step('{ uses: $/act }'), files: action('using: node20\nmain: x.js') }, "'using: node20'"],
    [
      'pre',
      { text: step('{ uses: $/act }'), files: action('using: node24\nmain: x.js\npre: y.js') },
      "'pre' in a runs",
    ],
    [
      'a third-party action within a composite one',
      { text: step('{ uses: $/act }'), files: action('using: composite\nsteps: [{ uses: actions/cache@v5 }]') },
      'actions/cache@v5',
    ],
    ['problem matchers', { text: step('{ run: "echo ::add-matcher::x" }') }, 'add-matcher'],
  ])('%s', async (_, setting, construct) => {
    const outcome = await run(setting).catch((error: Error) => error)
    // A command is refused in the way GitHub refuses one it cannot obey: the step fails.
    if (construct === 'add-matcher') expect(outcome).toMatchObject({ conclusion: 'failure' })
    else expect(outcome).toBeInstanceOf(UnsupportedError)
    expect(outcome instanceof Error ? outcome.message : outcome.log).toContain(construct)
  })

  test('the jobs that run meanwhile are cancelled', async () => {
    const text = `
on: push
jobs:
  slow: { runs-on: x, steps: [{ run: exec sleep 60 }] }
  odd: { runs-on: "\${{ vars.OS }}", steps: [{ run: "true" }] }
`
    await expect(run({ text, vars: { OS: 'macos-15' } })).rejects.toThrow('macos-15')
  }, 10_000)
})

describe('references', () => {
  test.each([
    ['somewhere', "Expected format {org}/{repo}[/path]@ref. Actual 'somewhere'"],
    ['org/deploy-actions/deploy', 'Expected format'],
    ['$/act@v1', '$/ takes no version'],
    ['$/../other', 'it leaves the repository'],
  ])('%s is refused with its place', async (uses, message) => {
    const error = await refusal({ text: step(`{ uses: "${uses}" }`) })
    expect(error.message).toContain(message)
    expect(error.message).toContain('Line: 6')
  })

  test('an action of the suite, by its name at the root of a release or in its folder', async () => {
    const suite = {
      ...nodeAction('actions/one', { main: "console.log('one')" }),
      ...nodeAction('two', { main: "console.log('two')" }),
    }
    const result = await run({
      text: step('{ uses: org/deploy-actions/one@v1 }\n  - { uses: Org/Deploy-Actions/two@v1 }'),
      suite,
    })
    expect(result.conclusion).toBe('success')
  })
})
