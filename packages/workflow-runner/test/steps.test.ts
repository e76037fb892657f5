import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { nodeAction, printed, run, steps, temporaryDirectory, writeFiles } from './stage.ts'

/** A workflow with one job, given its steps as YAML. */
const job = (lines: string, more = '') => `
on: push
jobs:
  a:
    runs-on: ubuntu-latest
${more}
    steps:
${lines.replaceAll(/^/gm, '      ')}
`

describe('conditions and outcomes (docs: Evaluate expressions, status check functions; Contexts, steps context)', () => {
  test('after a failure only failure() and always() hold', async () => {
    const result = await run({
      text: job(`
- { name: one, run: "exit 3" }
- { name: two, run: "true" }
- { name: three, if: failure(), run: "true" }
- { name: four, if: always(), run: "true" }
- { name: five, if: success() || failure(), run: "true" }
- { name: six, if: cancelled(), run: "true" }
- { name: seven, if: "!cancelled()", run: "true" }`),
    })
    expect(steps(result, 'a')).toMatchObject({
      one: 'failure',
      two: 'skipped',
      three: 'success',
      four: 'success',
      five: 'success',
      six: 'skipped',
      seven: 'success',
    })
    expect(result.conclusion).toBe('failure')
    expect(result.annotations).toMatchObject([{ step: 'one', message: 'Process completed with exit code 3.' }])
  })

  test('continue-on-error: the outcome is failure, the conclusion success', async () => {
    const result = await run({
      text: job(`
- { id: one, continue-on-error: true, run: "exit 1" }
- { id: two, continue-on-error: "\${{ github.ref == 'refs/heads/other' }}", if: steps.one.outcome == 'failure', run: "true" }
- run: echo "\${{ steps.one.outcome }} \${{ steps.one.conclusion }} \${{ steps.two.conclusion }} \${{ steps.missing.outcome }}!"`),
    })
    expect(printed(result, 'a').at(-1)).toBe('failure success success !')
    expect(result.conclusion).toBe('success')
  })

  test('a condition that cannot be evaluated fails the step', async () => {
    const result = await run({ text: job(`- { name: one, if: "fromJSON('{').a", run: "true" }`) })
    expect(steps(result, 'a').one).toBe('failure')
    expect(result.annotations[0]?.message).toContain("fromJSON('{')")
  })

  test('job.status and the outputs of steps', async () => {
    const result = await run({
      text: job(`
- { id: one, run: 'echo "x=1" >> "$GITHUB_OUTPUT"; exit 1' }
- { if: always(), run: 'echo "\${{ job.status }} \${{ steps.one.outputs.x }}"' }`),
    })
    expect(printed(result, 'a').at(-1)).toBe('failure 1')
  })
})

describe('shells (docs: jobs.<job_id>.steps[*].shell)', () => {
  test.each([
    // Without shell there is no pipefail; `bash` has it.
    ['default', '', 'success'],
    ['bash', 'shell: bash', 'failure'],
    ['sh', 'shell: sh', 'success'],
    ['custom', 'shell: "bash -o pipefail {0}"', 'failure'],
  ])('%s: a failing pipe', async (_, shell, expected) => {
    const result = await run({
      text: job(`- { name: one, run: "false | true", ${shell} }\n- { name: last, run: "true" }`),
    })
    expect(steps(result, 'a').one).toBe(expected)
  })

  test.each([
    ['', 'failure'],
    ['shell: bash', 'failure'],
    ['shell: "bash {0}"', 'success'],
  ])('-e ends a script at its first failure, unless a custom shell leaves it out: %s', async (shell, expected) => {
    const result = await run({ text: job(`- { name: one, run: "false\\ntrue", ${shell} }`) })
    expect(steps(result, 'a').one).toBe(expected)
  })

  test('python, and an unknown shell', async () => {
    const result = await run({
      text: job(`
- { run: "import os; print('python', os.environ['GITHUB_JOB'])", shell: python }
- { name: odd, run: "true", shell: zsh }`),
    })
    expect(printed(result, 'a')[0]).toBe('python a')
    expect(result.annotations[0]?.message).toContain('Invalid shell option')
  })

  test('defaults of the job go before those of the workflow, the step before both', async () => {
    const result = await run({
      text: `
on: push
defaults: { run: { working-directory: outer, shell: sh } }
jobs:
  a:
    runs-on: x
    defaults: { run: { working-directory: inner } }
    steps:
      - { run: "mkdir inner outer own", working-directory: . }
      - run: basename "$PWD"
      - { run: 'basename "$PWD"', working-directory: own }
      - { name: gone, run: "true", working-directory: nowhere }
`,
    })
    expect(printed(result, 'a').slice(0, 2)).toEqual(['inner', 'own'])
    expect(result.jobs[0]?.steps.find(({ name }) => name === 'gone')?.annotations[0]?.message).toContain('nowhere')
    expect(result.log).toContain('/sh -e {0}')
  })
})

describe('environment (docs: Variables, Workflow commands)', () => {
  test('step before job before workflow, and GITHUB_ENV for the steps that follow', async () => {
    const result = await run({
      text: `
on: push
env: { A: workflow, B: workflow, C: workflow }
jobs:
  a:
    runs-on: x
    env: { B: job, C: job }
    steps:
      - run: echo "$A $B $C \${{ env.C }}"
        env: { C: step }
      - run: |
          echo "B=later" >> "$GITHUB_ENV"
          echo "D<<END" >> "$GITHUB_ENV"
          printf 'two\\nlines\\nEND\\n' >> "$GITHUB_ENV"
          echo "now $B"
      - run: echo "$A $B $C \${{ env.B }}" "$D"
        env: { C: "\${{ env.B }}!" }
`,
    })
    expect(printed(result, 'a')).toEqual([
      'workflow job step step',
      'now job',
      'workflow later later! later two',
      'lines',
    ])
  })

  test('GITHUB_PATH comes first, the last addition foremost', async () => {
    const result = await run({
      text: job(`
- run: |
    mkdir one two
    for each in one two; do printf '#!/bin/sh\\necho tool %s' $each > $each/tool; chmod +x $each/tool; echo "$PWD/$each" >> "$GITHUB_PATH"; done
- run: tool`),
    })
    expect(printed(result, 'a')).toEqual(['tool two'])
  })

  test('nothing of the developer’s environment but PATH; a home of its own', async () => {
    process.env.AWS_PROFILE = 'developer'
    try {
      const result = await run({
        text: job('- run: env; echo "HOME has $(ls -A ~ | wc -l) files"'),
        env: { MACHINE: 'yes' },
      })
      const shown = printed(result, 'a')
      expect(shown).toContain('MACHINE=yes')
      expect(shown).toContain('HOME has 0 files')
      expect(shown.join('\n')).not.toMatch(/AWS_|npm_|JEST/)
      const names = shown.map((line) => line.split('=')[0])
      expect(names).toEqual(
        expect.arrayContaining(
          'CI GITHUB_ACTIONS GITHUB_ACTOR GITHUB_API_URL GITHUB_ENV GITHUB_EVENT_NAME GITHUB_EVENT_PATH GITHUB_JOB GITHUB_OUTPUT GITHUB_PATH GITHUB_REF GITHUB_REF_NAME GITHUB_REF_TYPE GITHUB_REPOSITORY GITHUB_REPOSITORY_OWNER GITHUB_RUN_ATTEMPT GITHUB_RUN_ID GITHUB_RUN_NUMBER GITHUB_SERVER_URL GITHUB_SHA GITHUB_STATE GITHUB_STEP_SUMMARY GITHUB_WORKFLOW GITHUB_WORKFLOW_REF GITHUB_WORKFLOW_SHA GITHUB_WORKSPACE RUNNER_ARCH RUNNER_OS RUNNER_TEMP RUNNER_TOOL_CACHE'.split(
            ' ',
          ),
        ),
      )
      // Neither is given to a step without asking for it.
      expect(names).not.toContain('GITHUB_TOKEN')
      expect(names).not.toContain('ACTIONS_ID_TOKEN_REQUEST_URL')
    } finally {
      delete process.env.AWS_PROFILE
    }
  })

  test('NODE_OPTIONS may not be set for later steps, and a malformed file fails the step', async () => {
    const result = await run({
      text: job(`
- { name: one, continue-on-error: true, run: 'echo "NODE_OPTIONS=--inspect" >> "$GITHUB_ENV"' }
- { name: two, run: 'echo nonsense >> "$GITHUB_OUTPUT"' }`),
    })
    expect(steps(result, 'a')).toMatchObject({ one: 'success', two: 'failure' })
    expect(result.annotations.map(({ message }) => message).join()).toMatch(/NODE_OPTIONS.*Invalid format 'nonsense'/)
  })

  test('the event is in the file that GITHUB_EVENT_PATH names', async () => {
    const result = await run({
      text: job(
        `- run: node -e 'const e=require(process.env.GITHUB_EVENT_PATH);console.log(e.ref,e.repository.full_name,e.head_commit.message)'`,
      ),
    })
    expect(printed(result, 'a')).toEqual(['refs/heads/main example/shop Start'])
  })
})

describe('summaries (docs: Adding a job summary)', () => {
  test('are kept, masked; one beyond 1 MiB is dropped with an error that does not fail the step', async () => {
    const result = await run({
      text: job(`
- { name: small, run: 'echo "# all \${{ secrets.WORD }} good" >> "$GITHUB_STEP_SUMMARY"' }
- { name: large, run: 'head -c 1048577 /dev/zero | tr "\\0" x >> "$GITHUB_STEP_SUMMARY"' }
- { name: largest, run: 'head -c 1048576 /dev/zero | tr "\\0" x >> "$GITHUB_STEP_SUMMARY"' }`),
      secrets: { WORD: 'hush' },
    })
    const summaryOf = (name: string) => result.jobs[0]?.steps.find((step) => step.name === name)?.summary
    expect(summaryOf('small')).toBe('# all *** good\n')
    expect(summaryOf('large')).toBe('')
    expect(summaryOf('largest')).toHaveLength(1048576)
    expect(result.conclusion).toBe('success')
    expect(result.annotations).toMatchObject([
      { level: 'error', step: 'large', message: expect.stringContaining('1024k') },
    ])
  })
})

describe('JavaScript actions', () => {
  const greet = nodeAction('greet', {
    head: 'inputs: { who: { description: d, default: "${{ github.actor }}" }, status: { description: d, default: "${{ job.status }}" }, old: { description: d, deprecationMessage: use who } }\n',
    main: `
import { appendFileSync } from 'node:fs'
console.log('main for ' + process.env.INPUT_WHO + ' ' + process.env.OWN)
appendFileSync(process.env.GITHUB_STATE, 'who=' + process.env.INPUT_WHO + '\\n')`,
    post: "console.log('post for ' + process.env.STATE_who + ', job ' + process.env.INPUT_STATUS + ' ' + process.env.OWN)",
  })

  test('post steps run in reverse order, with their state, after failures too, and see how the job ended', async () => {
    const result = await run({
      text: job(`
- { name: One, uses: $/greet, env: { OWN: x } }
- { name: Two, uses: $/greet, with: { Who: you } }
- run: exit 1
- { name: Three, uses: $/greet }`),
      files: greet,
    })
    expect(printed(result, 'a')).toEqual([
      'main for octocat x',
      'main for you undefined',
      '##[error]Process completed with exit code 1.',
      'post for you, job failure undefined',
      'post for octocat, job failure x',
    ])
    expect(Object.keys(steps(result, 'a')).slice(-3)).toEqual(['Post Two', 'Post One', 'Complete job'])
  })

  test.each([
    ['success()', 'success', 'skipped'],
    ['failure()', 'skipped', 'success'],
    ['always()', 'success', 'success'],
  ])('post-if: %s', async (postIf, green, red) => {
    const files = nodeAction('act', { main: '', post: '', postIf })
    const text = (exit: number) => job(`- { name: Act, uses: $/act }\n- run: exit ${exit}`)
    expect(steps(await run({ text: text(0), files }), 'a')['Post Act']).toBe(green)
    expect(steps(await run({ text: text(1), files }), 'a')['Post Act']).toBe(red)
  })

  test('a failing post fails the job', async () => {
    const result = await run({
      text: job('- uses: $/act'),
      files: nodeAction('act', { main: '', post: 'process.exit(1)' }),
    })
    expect(result.conclusion).toBe('failure')
  })

  test('undeclared and deprecated inputs are warnings', async () => {
    const result = await run({ text: job('- { uses: $/greet, with: { whom: x, old: y } }'), files: greet })
    expect(result.conclusion).toBe('success')
    expect(result.annotations.filter(({ step }) => !step.startsWith('Post')).map(({ message }) => message)).toEqual([
      "Input 'old' has been deprecated with message: use who",
      "Unexpected input(s) 'whom', valid inputs are ['who', 'status', 'old']",
    ])
  })

  test('a missing action fails the job in its first moment, a missing local one when its step comes', async () => {
    const result = await run({ text: job('- run: echo began\n- uses: $/nowhere') })
    expect(printed(result, 'a')).toEqual([])
    expect(result.annotations[0]).toMatchObject({
      step: 'Set up job',
      message: expect.stringContaining("Can't find 'action.yml'"),
    })
    const local = await run({ text: job('- run: echo began\n- uses: ./nowhere') })
    expect(printed(local, 'a')).toEqual(['began', expect.stringContaining("Can't find 'action.yml'")])
  })

  test('./ means what was checked out', async () => {
    const files = nodeAction('tool', { main: "console.log('from ' + process.cwd().split('/').at(-1))" })
    const result = await run({ text: job('- uses: actions/checkout@v6\n- uses: ./tool'), files })
    expect(printed(result, 'a').at(-1)).toBe('from shop')
    expect((await run({ text: job('- uses: ./tool'), files })).conclusion).toBe('failure')
  })
})

test('a step’s time limit (docs: jobs.<job_id>.steps[*].timeout-minutes)', async () => {
  const result = await run({
    text: job('- { name: slow, timeout-minutes: 2, run: "sleep 60" }\n- { name: next, if: failure(), run: "true" }'),
    minute: 150,
    grace: { interrupt: 50, terminate: 50 },
  })
  expect(steps(result, 'a')).toMatchObject({ slow: 'failure', next: 'success' })
  expect(result.annotations[0]?.message).toBe("The action 'slow' has timed out after 2 minutes.")
})

test('hashFiles: patterns, hidden files, folders for all below them, nothing for no match', async () => {
  const { hashFiles } = await import('../src/run/hash-files.ts')
  const workspace = writeFiles(temporaryDirectory(), {
    'a/x.lock': '1',
    'b/y.lock': '2',
    '.c/.z.lock': '3',
    'd+e/f.txt': '4',
  })
  const hash = (...patterns: string[]) => hashFiles(workspace, patterns)
  expect(hash('none')).toBe('')
  // sha256 over the sha256 of each file, in the order of their paths.
  const digest = (...texts: string[]) => {
    const total = createHash('sha256')
    for (const text of texts) total.update(createHash('sha256').update(text).digest())
    return total.digest('hex')
  }
  expect(hash('**/*.lock')).toBe(digest('3', '1', '2'))
  expect(hash('**/*.lock', '!b/**')).toBe(digest('3', '1'))
  expect(hash('a')).toBe(digest('1'))
  expect(hash('./d+e/?.txt')).toBe(digest('4'))
  expect(hash('[ab]/*\n!a/*')).toBe(digest('2'))
  const result = await run({
    text: job(`- uses: actions/checkout@v6\n- run: echo "[\${{ hashFiles('x') }}]" "\${{ hashFiles('none') }}"`),
    files: { x: '1' },
  })
  expect(printed(result, 'a').at(-1)).toBe(`[${digest('1')}] `)
})

test('what a step starts in the background lives until its job ends', async () => {
  const result = await run({
    text: job(`
- run: |
    node -e "require('http').createServer((q, r) => r.end('still here')).listen(0, '127.0.0.1', function () { console.log(this.address().port) })" > port 2> /dev/null &
    echo "SERVER=$!" >> "$GITHUB_ENV"
    until [ -s port ]; do sleep 0.05; done
- run: node -e "fetch('http://127.0.0.1:' + require('fs').readFileSync('port', 'utf8').trim()).then((r) => r.text()).then(console.log)"; echo "server $SERVER"`),
  })
  const [answer, server] = printed(result, 'a')
  expect(answer).toBe('still here')
  const pid = server?.split(' ')[1]
  expect(result.jobs[0]?.steps.at(-1)?.log).toContain(`Terminate orphan process: pid (${pid}) (node)`)
  const gone = () => {
    try {
      return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
    } catch {
      return true
    }
  }
  for (let attempt = 0; attempt < 100 && !gone(); attempt++) await new Promise((resolve) => setTimeout(resolve, 20))
  expect(gone()).toBe(true)
})

test('a child that holds the output does not hold the step for ever', async () => {
  const result = await run({
    text: job('- run: sleep 60 & echo done\n- run: echo next'),
    grace: { interrupt: 50, terminate: 50, streams: 50 },
  })
  expect(printed(result, 'a')).toEqual(['done', 'next'])
})
