import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { checkWorkflow, repositoryNode } from '../src/index.ts'
import { git, nodeAction, repository } from './stage.ts'

const cli = fileURLToPath(new URL('../src/cli.ts', import.meta.url))
const root = fileURLToPath(new URL('../../..', import.meta.url))

function start(...args: string[]): Promise<{ code: number; out: string }> {
  return new Promise((resolve) =>
    execFile(
      repositoryNode(),
      [cli, ...args],
      { env: { PATH: process.env.PATH, WORD: 'hush-hush' } },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, out: stdout + stderr }),
    ),
  )
}

const text = `
name: Hello
on: { push: , workflow_dispatch: { inputs: { who: { required: true } } } }
jobs:
  greet:
    runs-on: ubuntu-latest
    environment: \${{ github.event_name == 'push' && 'production' || '' }}
    steps:
      - run: echo "hello \${{ inputs.who || vars.WHO }} \${{ secrets.WORD }} from $GITHUB_REPOSITORY"
      - run: exit \${{ vars.CODE || 0 }}
`

describe('command line', () => {
  const directory = () => {
    const made = repository({ '.github/workflows/hello.yml': text })
    git(made, 'remote', 'add', 'origin', 'git@github.com:acme/hello.git')
    return made
  }
  const workflow = ['--workflow', '.github/workflows/hello.yml']

  test('runs, and prints what a reader of GitHub’s page would see', async () => {
    const { code, out } = await start(
      'run',
      '--repository',
      directory(),
      ...workflow,
      '--secret',
      'WORD',
      '--environment',
      'production',
      '--var',
      'production:WHO=you',
      '--var',
      'WHO=nobody',
    )
    expect(out).toContain('■ greet\n')
    expect(out).toContain('hello you *** from acme/hello\n')
    expect(out).toMatch(/Hello: success after [\d.]+ s\n {2}success {4}greet\n$/)
    expect(code).toBe(0)
  })

  test('exit codes', async () => {
    const made = directory()
    expect((await start('run', '--repository', made, ...workflow, '--var', 'CODE=3')).code).toBe(1)
    const dispatched = await start('run', '--repository', made, ...workflow, '--event', 'workflow_dispatch')
    expect(dispatched).toEqual({ code: 2, out: "Error: Required input 'who' not provided\n" })
    expect((await start('run')).out).toContain('node packages/workflow-runner/src/cli.ts')
    expect(await start('run', '--what')).toMatchObject({
      code: 2,
      out: expect.stringContaining("Unknown option '--what'"),
    })
  })

  test('check tells where workflow and actions are out of step', () => {
    const steps =
      '[{ id: one, uses: $/act, with: { knwon: x, Known: y } }, { run: "echo ${{ steps.one.outputs.there }} ${{ steps.one.outputs.gone }} ${{ steps.two.outputs.any }}" }]'
    const files = nodeAction('act', {
      head: 'inputs: { known: { description: d } }\noutputs: { there: { description: d } }\n',
      main: '',
    })
    const { warnings } = checkWorkflow({
      repository: {
        name: 'a/b',
        path: repository({
          '.github/workflows/x.yml': `on: push\njobs: { a: { runs-on: x, steps: ${steps} } }`,
          ...files,
        }),
      },
      workflow: '.github/workflows/x.yml',
      event: { name: 'push' },
    })
    expect(warnings).toEqual([
      expect.stringMatching(/x\.yml \(Line: 2, Col: \d+\): 'knwon' is not an input of \$\/act/),
      expect.stringMatching(/x\.yml \(Line: 2, Col: \d+\): step 'one' has no output 'gone'/),
    ])
  })

  test('check', async () => {
    expect(await start('check', '--repository', directory(), ...workflow)).toEqual({ code: 0, out: 'Hello: greet\n' })
  })
})

// The callers in the example, the workflows they call and the actions in those are all understood, and grant each other what they ask for.
describe('this repository’s own workflows', () => {
  test.each([
    ['deploy.yml', { name: 'push' }, ['deploy/resolve', 'deploy/build', 'deploy/deploy']],
    ['rollback.yml', { name: 'workflow_dispatch', inputs: { reason: 'test' } }, ['rollback/rollback']],
  ])('examples/hello-service/.github/workflows/%s', async (file, event, jobs) => {
    const { readFileSync } = await import('node:fs')
    const source = readFileSync(`${root}/examples/hello-service/.github/workflows/${file}`, 'utf8')
    const checked = checkWorkflow({
      repository: { name: 'acme/hello-service', path: repository({ [`.github/workflows/${file}`]: source }) },
      suite: { name: 'org/deploy-actions', path: root },
      workflow: `.github/workflows/${file}`,
      event,
      aws: {},
    })
    expect(checked.jobs).toEqual(jobs)
    expect(checked.warnings).toEqual([])
  })
})
