import { runWorkflow } from '../src/index.ts'
import { git, printed, repository, run, writeFiles } from './stage.ts'

const jobs = 'jobs: { a: { runs-on: x, steps: [{ run: "true" }] } }'

// docs.github.com: Workflow syntax, on.push.<branches|tags|branches-ignore|tags-ignore>.
describe('push', () => {
  test.each<[string, string, boolean]>([
    ['push', 'main', true],
    ['[push, workflow_dispatch]', 'v1', true],
    ['{ push: }', 'feature/a', true],
    ['{ push: { branches: [main, "releases/**"] } }', 'main', true],
    ['{ push: { branches: [main, "releases/**"] } }', 'feature/a', false],
    ['{ push: { branches: ["feature/*"] } }', 'feature/a', true],
    ['{ push: { branches: [main] } }', 'v1', false],
    ['{ push: { branches-ignore: ["feature/**"] } }', 'main', true],
    ['{ push: { branches-ignore: ["feature/**"] } }', 'feature/a', false],
    ['{ push: { branches-ignore: [main] } }', 'v1', false],
    ['{ push: { tags: ["v*"] } }', 'v1', true],
    ['{ push: { tags: ["v*"] } }', 'main', false],
    ['{ push: { tags: ["v*"], branches: [main] } }', 'main', true],
    ['{ push: { tags-ignore: ["v*"] } }', 'v1', false],
    ['{ push: { branches: ["**", "!feature/**"] } }', 'feature/a', false],
    ['workflow_dispatch', 'main', false],
  ])('on: %s, pushed %s: %s', async (on, ref, starts) => {
    const directory = repository({ '.github/workflows/main.yml': `on: ${on}\n${jobs}` })
    git(directory, 'branch', 'feature/a')
    git(directory, 'tag', 'v1')
    const outcome = await runWorkflow({
      repository: { name: 'example/shop', path: directory, ref },
      workflow: '.github/workflows/main.yml',
      event: { name: 'push' },
    }).catch((error: Error) => error)
    if (starts) expect(outcome).toMatchObject({ conclusion: 'success' })
    else expect(outcome).toMatchObject({ name: 'WorkflowError', message: expect.stringContaining('is not started by') })
  })

  test.each<[string, string, boolean]>([
    ['paths: ["src/**"]', 'src/a.js', true],
    ['paths: ["src/**"]', 'docs/a.md', false],
    ['paths: ["**", "!docs/**"]', 'docs/a.md', false],
    ['paths-ignore: ["docs/**"]', 'docs/a.md', false],
    ['paths-ignore: ["docs/**"]', 'src/a.js', true],
  ])('%s, changed %s: %s', async (filter, changed, starts) => {
    const directory = repository({
      '.github/workflows/main.yml': `on: { push: { ${filter} } }\n${jobs}`,
      'src/b.js': '',
    })
    const before = git(directory, 'rev-parse', 'HEAD')
    writeFiles(directory, { [changed]: 'x' })
    git(directory, 'add', '--all')
    git(directory, 'commit', '--quiet', '--message', 'Change')
    const outcome = await runWorkflow({
      repository: { name: 'example/shop', path: directory },
      workflow: '.github/workflows/main.yml',
      event: { name: 'push', before },
    }).catch((error: Error) => error)
    expect(outcome instanceof Error).toBe(!starts)
  })

  test('what is committed counts, not what lies in the working copy', async () => {
    const directory = repository({
      '.github/workflows/main.yml':
        'on: push\njobs: { a: { runs-on: x, steps: [{ uses: actions/checkout@v6 }, { run: "cat file; git status --short; git rev-parse --abbrev-ref HEAD" }] } }',
      file: 'committed\n',
    })
    writeFiles(directory, { file: 'changed\n', '.github/workflows/main.yml': 'nonsense', extra: '' })
    const result = await runWorkflow({
      repository: { name: 'example/shop', path: directory },
      workflow: '.github/workflows/main.yml',
      event: { name: 'push' },
    })
    expect(printed(result, 'a').slice(-2)).toEqual(['committed', 'main'])
  })

  test('an earlier commit', async () => {
    const directory = repository({
      '.github/workflows/main.yml': 'on: push\njobs: { a: { runs-on: x, steps: [{ run: echo first }] } }',
    })
    const sha = git(directory, 'rev-parse', 'HEAD')
    writeFiles(directory, { '.github/workflows/main.yml': `on: push\n${jobs}` })
    git(directory, 'commit', '--quiet', '--all', '--message', 'Second')
    const result = await runWorkflow({
      repository: { name: 'example/shop', path: directory, sha },
      workflow: '.github/workflows/main.yml',
      event: { name: 'push' },
    })
    expect(result.sha).toBe(sha)
    expect(printed(result, 'a')).toEqual(['first'])
  })
})

// docs.github.com: Workflow syntax, on.workflow_dispatch.inputs; Events that trigger workflows, workflow_dispatch.
describe('workflow_dispatch', () => {
  const form = (inputs: string) => `on: { workflow_dispatch: { inputs: ${inputs} } }\n${jobs}`

  test('types and defaults; the event holds texts', async () => {
    const result = await run({
      text: `on: { workflow_dispatch: { inputs: { where: { type: choice, options: [staging, production] }, to: { default: previous }, flag: { type: boolean, default: true }, off: { type: boolean }, n: { type: number, default: 3 }, env: { type: environment }, reason: { required: true } } } }
run-name: "Rollback by \${{ github.actor }} of \${{ inputs.where }}"
jobs:
  a:
    runs-on: x
    steps:
      - shell: python
        run: |
          print("""\${{ toJSON(inputs) }}""".replace("\\n", ""))
          print("""\${{ toJSON(github.event.inputs) }}""".replace("\\n", ""))
`,
      event: { name: 'workflow_dispatch', actor: 'ada', inputs: { reason: 'because', flag: 'false', env: 'staging' } },
      environments: { staging: {} },
    })
    const [inputs, texts] = printed(result, 'a').map((line) => JSON.parse(line))
    expect(inputs).toEqual({
      where: 'staging',
      to: 'previous',
      flag: false,
      off: false,
      n: 3,
      env: 'staging',
      reason: 'because',
    })
    expect(texts).toEqual({
      where: 'staging',
      to: 'previous',
      flag: 'false',
      off: 'false',
      n: '3',
      env: 'staging',
      reason: 'because',
    })
    expect(result.name).toBe('Rollback by ada of staging')
  })

  test.each<[string, Record<string, string>, string]>([
    [
      '{ a: { type: choice, options: [x, y] } }',
      { a: 'z' },
      "Provided value 'z' for input 'a' is not valid. Valid: x, y",
    ],
    ['{ a: { type: boolean } }', { a: 'yes' }, 'Valid: true, false'],
    ['{ a: { type: number } }', { a: 'many' }, 'Valid: a number'],
    ['{ a: { type: environment } }', { a: 'moon' }, 'Valid: staging'],
    ['{ a: { required: true } }', {}, "Required input 'a' not provided"],
    ['{ a: { required: true } }', { a: '' }, "Required input 'a' not provided"],
    ['{ a: { } }', { b: 'x' }, 'Unexpected inputs provided: ["b"]'],
  ])('%s given %j is refused', async (inputs, given, message) => {
    await expect(
      run({ text: form(inputs), event: { name: 'workflow_dispatch', inputs: given }, environments: { staging: {} } }),
    ).rejects.toThrow(message)
  })
})
