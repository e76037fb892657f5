import { conclusions, type Files, printed, run } from './stage.ts'

const call = (body: string, more = '') =>
  `on: push\n${more}\njobs:\n  outer:\n    uses: ./.github/workflows/called.yml\n${body.replaceAll(/^/gm, '    ')}\n`
const called = (on: string, body = '{ runs-on: x, steps: [{ run: "true" }] }'): Files => ({
  '.github/workflows/called.yml': `on:\n  workflow_call:\n${on.replaceAll(/^/gm, '    ')}\njobs:\n  inner: ${body}\n`,
})

describe('inputs (docs: Workflow syntax, on.workflow_call.inputs)', () => {
  const show = '{ runs-on: x, steps: [{ run: \'echo "${{ toJSON(inputs) }}"\' }] }'

  test('types, defaults, and the empty values of each type', async () => {
    const result = await run({
      text: call(
        `with: { Text: "\${{ github.ref_name }}", flag: "\${{ github.ref_name == 'main' }}", number: 3, as-text: 7 }`,
      ),
      files: called(
        `inputs: { text: { type: string }, flag: { type: boolean }, number: { type: number }, as-text: { type: string }, no-text: { type: string }, no-flag: { type: boolean }, no-number: { type: number }, computed: { type: string, default: "on \${{ github.event_name }}" } }`,
        "{ runs-on: x, steps: [{ shell: python, run: \"print('''${{ toJSON(inputs) }}''')\" }] }",
      ),
    })
    expect(JSON.parse(printed(result, 'outer/inner').join(''))).toEqual({
      text: 'main',
      flag: true,
      number: 3,
      'as-text': '7',
      'no-text': '',
      'no-flag': false,
      'no-number': 0,
      computed: 'on push',
    })
  })

  test.each([
    [
      'an unknown input',
      'with: { typo: x }',
      'inputs: { name: { type: string } }',
      /Line: \d+.*Invalid input, typo is not defined/,
    ],
    [
      'a missing required one',
      '',
      'inputs: { name: { type: string, required: true } }',
      /Line: \d+.*Input name is required/,
    ],
    [
      'a text for a boolean',
      'with: { flag: "true" }',
      'inputs: { flag: { type: boolean } }',
      /Input flag .* is a boolean/,
    ],
    ['a text for a number', 'with: { n: many }', 'inputs: { n: { type: number } }', /Input n .* is a number/],
    [
      'an unknown secret',
      'secrets: { typo: x }',
      'secrets: { name: { required: false } }',
      /Invalid secret, typo is not defined/,
    ],
    ['a missing secret', '', 'secrets: { name: { required: true } }', /Secret name is required/],
  ])('%s is refused before anything runs', async (_, given, declared, message) => {
    await expect(run({ text: call(given), files: called(declared, show) })).rejects.toThrow(message)
  })

  test('an expression of the wrong type fails the call', async () => {
    const result = await run({
      text: call('with: { flag: "${{ github.ref_name }}" }'),
      files: called('inputs: { flag: { type: boolean } }', show),
    })
    expect(conclusions(result)).toEqual({ outer: 'failure' })
    expect(result.annotations[0]?.message).toContain("input 'flag' is a boolean, but its value is the string 'main'")
  })

  test('a workflow without workflow_call cannot be called', async () => {
    const files = { '.github/workflows/called.yml': 'on: push\njobs: { a: { runs-on: x, steps: [{ run: "true" }] } }' }
    await expect(run({ text: call(''), files })).rejects.toThrow("missing a 'on.workflow_call' trigger")
  })

  test('a missing workflow', async () => {
    await expect(run({ text: call('') })).rejects.toThrow("no workflow file '.github/workflows/called.yml'")
  })
})

describe('secrets (docs: Reusing workflow configurations)', () => {
  const show =
    '{ runs-on: x, environment: production, steps: [{ run: \'echo "${{ secrets.A != null && secrets.A == secrets.EXPECT }}[${{ secrets.A && 1 }}${{ secrets.B && 2 }}${{ secrets.E && 3 }}${{ secrets.GITHUB_TOKEN && 4 }}]"\' }] }'
  const settings = { secrets: { A: 'aaaa', B: 'bbbb' }, environments: { production: { secrets: { E: 'eeee' } } } }

  test.each([
    // An environment's secret reaches a called workflow only where the caller inherits, or passes that name (actions/runner#1490).
    ['only what is passed', 'secrets: { a: "${{ secrets.A }}" }', '[14]'],
    ['all with inherit', 'secrets: inherit', '[1234]'],
    ['a name passed empty is filled from the environment', 'secrets: { e: "${{ secrets.E }}" }', '[34]'],
    ['nothing', '', '[4]'],
  ])('%s', async (_, given, expected) => {
    const declared = 'secrets: { a: { required: false }, e: { required: false } }'
    const result = await run({ text: call(given), files: called(declared, show), ...settings })
    expect(printed(result, 'outer/inner')[0]).toContain(expected)
  })
})

describe('outputs and results', () => {
  test('reach the caller; a failure inside is the caller’s', async () => {
    const result = await run({
      text: `
on: push
jobs:
  outer: { uses: ./.github/workflows/called.yml, name: "Release \${{ github.ref_name }}" }
  after: { needs: outer, if: always(), runs-on: x, steps: [{ run: 'echo "\${{ needs.outer.result }} \${{ needs.outer.outputs.one }} \${{ needs.outer.outputs.result }}"' }] }
`,
      files: {
        '.github/workflows/called.yml': `
on: { workflow_call: { outputs: { one: { value: "\${{ jobs.inner.outputs.one }}" }, result: { value: "\${{ jobs.inner.result }}" } } } }
jobs:
  inner: { name: Inside, runs-on: x, outputs: { one: "1" }, steps: [{ run: exit 1 }] }
  never: { needs: inner, runs-on: x, steps: [{ run: "true" }] }
`,
      },
    })
    expect(printed(result, 'after')).toEqual(['failure 1 failure'])
    expect(result.jobs.map(({ name }) => name)).toEqual(['Release main / Inside', 'Release main / never', 'after'])
    expect(result.conclusion).toBe('failure')
  })

  test('env of the caller stays with the caller', async () => {
    const result = await run({
      text: call('', 'env: { OUTER: x }'),
      files: called('outputs: {}', `{ runs-on: x, steps: [{ run: 'echo "[$OUTER]"' }] }`),
    })
    expect(printed(result, 'outer/inner')).toEqual(['[]'])
  })

  test('a skipped call is one skipped job', async () => {
    const result = await run({ text: call('if: "false"'), files: called('inputs: {}') })
    expect(conclusions(result)).toEqual({ outer: 'skipped' })
  })

  test('a matrix of calls', async () => {
    const result = await run({
      text: call('strategy: { matrix: { to: [a, b] } }\nwith: { to: "${{ matrix.to }}" }'),
      files: called(
        'inputs: { to: { type: string } }',
        `{ runs-on: x, steps: [{ run: 'echo "to \${{ inputs.to }}"' }] }`,
      ),
    })
    expect(printed(result, 'outer (b)/inner')).toEqual(['to b'])
  })
})

describe('permissions (docs: Reusing workflow configurations, access and permissions)', () => {
  const nested = (permissions: string, condition = 'true') =>
    called(
      'inputs: {}',
      `{ if: "${condition}", permissions: ${permissions}, runs-on: x, steps: [{ run: "env | grep -c ACTIONS_ID_TOKEN_REQUEST || true" }] }`,
    )

  test.each([
    [
      'more than the job grants',
      'permissions: { contents: read }',
      '',
      '{ id-token: write }',
      "'id-token: write', but is only allowed 'id-token: none'",
    ],
    [
      'more than the workflow grants',
      '',
      'permissions: { contents: read }',
      '{ contents: write, pull-requests: write }',
      "'contents: write, pull-requests: write', but is only allowed 'contents: read, pull-requests: none'",
    ],
    ['more than the default', '', '', '{ id-token: write }', "is only allowed 'id-token: none'"],
    ['read-all', 'permissions: { contents: read }', '', 'read-all', 'actions: read'],
  ])('%s is refused, for skipped jobs too', async (_, job, workflow, asked, message) => {
    for (const condition of ['true', 'false'])
      await expect(run({ text: call(job, workflow), files: nested(asked, condition) })).rejects.toThrow(message)
  })

  test('the message names both places', async () => {
    await expect(run({ text: call(''), files: nested('{ id-token: write }') })).rejects.toThrow(
      /^The workflow is not valid\. .*main\.yml \(Line: \d+, Col: \d+\): Error calling workflow '\.\/\.github\/workflows\/called\.yml'\. The nested job 'inner' is requesting/,
    )
  })

  test('what is granted is given: an OIDC token only with id-token: write', async () => {
    const granted = await run({ text: call('permissions: { id-token: write }'), files: nested('{ id-token: write }') })
    expect(printed(granted, 'outer/inner')).toEqual(['2'])
    const less = await run({
      text: call('permissions: { id-token: write, contents: read }'),
      files: nested('{ contents: read }'),
    })
    expect(printed(less, 'outer/inner')).toEqual(['0'])
    expect(less.jobs[0]?.steps[0]?.log).toContain('contents: read')
  })

  test('are refused deep down', async () => {
    const files = {
      '.github/workflows/called.yml': 'on: workflow_call\njobs: { middle: { uses: ./.github/workflows/deep.yml } }',
      '.github/workflows/deep.yml':
        'on: workflow_call\njobs: { deep: { permissions: { packages: write }, runs-on: x, steps: [{ run: "true" }] } }',
    }
    await expect(run({ text: call(''), files })).rejects.toThrow(
      "'packages: write', but is only allowed 'packages: read'",
    )
  })
})

describe('nesting (docs: Reusing workflow configurations: ten levels)', () => {
  const chain = (levels: number): Files =>
    Object.fromEntries(
      Array.from({ length: levels }, (_, at) => [
        `.github/workflows/${at === 0 ? 'called' : `level-${at}`}.yml`,
        at === levels - 1
          ? 'on: workflow_call\njobs: { end: { runs-on: x, steps: [{ run: "echo deep" }] } }'
          : `on: workflow_call\njobs: { next: { uses: ./.github/workflows/level-${at + 1}.yml } }`,
      ]),
    )

  test('the caller and nine more', async () => {
    const result = await run({ text: call(''), files: chain(9) })
    expect(printed(result, `outer/${'next/'.repeat(8)}end`)).toEqual(['deep'])
    await expect(run({ text: call(''), files: chain(10) })).rejects.toThrow('at most 10 levels')
  })

  test('a workflow that calls itself is too deep', async () => {
    const files = {
      '.github/workflows/called.yml': 'on: workflow_call\njobs: { again: { uses: $/.github/workflows/called.yml } }',
    }
    await expect(run({ text: call(''), files })).rejects.toThrow('nested too deeply')
  })
})

describe('references (docs: Workflow syntax, jobs.<job_id>.uses)', () => {
  test('./ and $/ mean the repository of the file that says them', async () => {
    const result = await run({
      text: 'on: push\njobs: { outer: { uses: org/deploy-actions/.github/workflows/a.yml@v1 } }',
      suite: {
        '.github/workflows/a.yml':
          'on: workflow_call\njobs: { one: { uses: ./.github/workflows/b.yml }, two: { uses: $/.github/workflows/b.yml } }',
        '.github/workflows/b.yml': 'on: workflow_call\njobs: { end: { runs-on: x, steps: [{ run: echo suite }] } }',
      },
      files: {
        '.github/workflows/b.yml': 'on: workflow_call\njobs: { end: { runs-on: x, steps: [{ run: echo shop }] } }',
      },
    })
    expect(printed(result, 'outer/one/end')).toEqual(['suite'])
    expect(printed(result, 'outer/two/end')).toEqual(['suite'])
  })

  test('the own repository at another ref', async () => {
    const { git, repository } = await import('./stage.ts')
    const { runWorkflow } = await import('../src/index.ts')
    const { writeFiles } = await import('./stage.ts')
    const text = (word: string) => `on: workflow_call\njobs: { end: { runs-on: x, steps: [{ run: echo ${word} }] } }`
    const directory = repository({
      '.github/workflows/main.yml': 'on: push\njobs: { outer: { uses: example/shop/.github/workflows/b.yml@old } }',
      '.github/workflows/b.yml': text('old'),
    })
    git(directory, 'branch', 'old')
    writeFiles(directory, { '.github/workflows/b.yml': text('new') })
    git(directory, 'commit', '--quiet', '--all', '--message', 'New')
    const result = await runWorkflow({
      repository: { name: 'example/shop', path: directory },
      workflow: '.github/workflows/main.yml',
      event: { name: 'push' },
    })
    expect(printed(result, 'outer/end')).toEqual(['old'])
  })

  test.each([
    ['other/repo/.github/workflows/a.yml@v1', 'only knows the workflows of example/shop'],
    ['./.github/workflows/sub/a.yml', 'right under .github/workflows'],
    ['./.github/workflows/a.yml@v1', 'a local path takes no version'],
  ])('%s is refused', async (uses, message) => {
    await expect(run({ text: `on: push\njobs: { outer: { uses: ${uses} } }` })).rejects.toThrow(message)
  })
})
