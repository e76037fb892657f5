import { conclusions, printed, run } from './stage.ts'

describe('needs and conditions (docs: Using conditions to control job execution; Evaluate expressions)', () => {
  test('a failure or skip runs down the whole chain, unless a condition says otherwise', async () => {
    const result = await run({
      text: `
on: push
jobs:
  ok: { runs-on: x, steps: [{ run: "true" }] }
  bad: { runs-on: x, needs: ok, steps: [{ run: "false" }] }
  after-bad: { runs-on: x, needs: [ok, bad], steps: [{ run: "true" }] }
  after-after: { runs-on: x, needs: after-bad, steps: [{ run: "true" }] }
  always: { runs-on: x, needs: after-after, if: always(), steps: [{ run: 'echo "\${{ needs.after-after.result }} \${{ toJSON(needs) }}"' }] }
  # success() looks at all ancestors, so a job behind one with always() is skipped still.
  behind-always: { runs-on: x, needs: always, steps: [{ run: "true" }] }
  on-failure: { runs-on: x, needs: after-after, if: failure(), steps: [{ run: "true" }] }
  no-failure: { runs-on: x, needs: ok, if: failure(), steps: [{ run: "true" }] }
  by-result: { runs-on: x, needs: bad, if: "!cancelled() && needs.bad.result == 'failure'", steps: [{ run: "true" }] }
`,
    })
    expect(conclusions(result)).toEqual({
      ok: 'success',
      bad: 'failure',
      'after-bad': 'skipped',
      'after-after': 'skipped',
      always: 'success',
      'behind-always': 'skipped',
      'on-failure': 'success',
      'no-failure': 'skipped',
      'by-result': 'success',
    })
    expect(result.conclusion).toBe('failure')
    expect(printed(result, 'always')[0]).toContain('skipped {')
  })

  test('everything skipped is a skipped run', async () => {
    const result = await run({
      text: 'on: push\njobs: { a: { if: "github.ref_name == \'x\'", runs-on: x, steps: [{ run: "true" }] } }',
    })
    expect(result.conclusion).toBe('skipped')
  })

  test('continue-on-error lets the run and its dependents pass', async () => {
    const result = await run({
      text: `
on: push
jobs:
  a: { runs-on: x, continue-on-error: true, steps: [{ run: "false" }] }
  b: { runs-on: x, needs: a, steps: [{ run: "true" }] }
`,
    })
    expect(conclusions(result)).toEqual({ a: 'failure', b: 'success' })
    expect(result.conclusion).toBe('success')
  })

  test('jobs without needs run at the same time', async () => {
    // Each waits for the other's file: one after the other they would never end.
    const meet = (mine: string, other: string) =>
      `{ runs-on: x, timeout-minutes: 1, steps: [{ run: 'touch "$PLACE/${mine}"; until [ -e "$PLACE/${other}" ]; do sleep 0.05; done' }] }`
    const { temporaryDirectory } = await import('./stage.ts')
    const result = await run({
      text: `on: push\njobs:\n  a: ${meet('a', 'b')}\n  b: ${meet('b', 'a')}\n`,
      env: { PLACE: temporaryDirectory() },
      minute: 20_000,
    })
    expect(result.conclusion).toBe('success')
  })
})

describe('outputs (docs: Passing information between jobs)', () => {
  test('those that are empty or would show a secret do not leave the job', async () => {
    const result = await run({
      text: `
on: push
jobs:
  a:
    runs-on: x
    outputs: { plain: "\${{ steps.one.outputs.plain }}", empty: "\${{ steps.one.outputs.none }}", masked: "\${{ steps.one.outputs.masked }}", secret: "x\${{ secrets.WORD }}" }
    steps:
      - id: one
        run: |
          echo "::add-mask::123456789012"
          echo "plain=release/app@sha256:1" >> "$GITHUB_OUTPUT"
          echo "masked=arn:aws:ecs:eu-central-1:123456789012:task" >> "$GITHUB_OUTPUT"
  b:
    needs: a
    runs-on: x
    steps: [{ run: 'echo "[\${{ needs.a.outputs.plain }}][\${{ needs.a.outputs.masked }}][\${{ needs.a.outputs.secret }}]"' }]
`,
      secrets: { WORD: 'hush' },
    })
    expect(printed(result, 'b')).toEqual(['[release/app@sha256:1][][]'])
    expect(result.jobs[0]?.outputs).toEqual({ plain: 'release/app@sha256:1' })
    expect(result.annotations).toMatchObject([
      { level: 'warning', step: 'Complete job', message: "Skip output 'masked' since it may contain secret." },
      { level: 'warning', step: 'Complete job', message: "Skip output 'secret' since it may contain secret." },
    ])
  })

  test('are set after a failure as well', async () => {
    const result = await run({
      text: `
on: push
jobs:
  a: { runs-on: x, outputs: { at: "\${{ steps.one.outputs.at }}" }, steps: [{ id: one, run: 'echo at=1 >> "$GITHUB_OUTPUT"; exit 1' }] }
  b: { needs: a, if: failure(), runs-on: x, steps: [{ run: 'echo "at \${{ needs.a.outputs.at }}"' }] }
`,
    })
    expect(printed(result, 'b')).toEqual(['at 1'])
  })

  test('more than 1 MB of one job fails it', async () => {
    const result = await run({
      text: `
on: push
jobs:
  a: { runs-on: x, outputs: { large: "\${{ steps.one.outputs.large }}" }, steps: [{ id: one, run: 'echo "large=$(head -c 600000 /dev/zero | tr "\\0" x)" >> "$GITHUB_OUTPUT"' }] }
`,
    })
    expect(result.conclusion).toBe('failure')
    expect(result.annotations[0]?.message).toContain('1 MB')
  })
})

describe('strategy (docs: Running variations of jobs)', () => {
  test('names, contexts, outputs of the last', async () => {
    const result = await run({
      text: `
on: push
jobs:
  plan: { runs-on: x, outputs: { list: '["a","b"]' }, steps: [{ run: "true" }] }
  each:
    needs: plan
    runs-on: x
    strategy: { max-parallel: 1, matrix: { name: "\${{ fromJSON(needs.plan.outputs.list) }}", size: [1] } }
    outputs: { last: "\${{ matrix.name }}" }
    steps: [{ run: 'echo "\${{ matrix.name }} \${{ strategy.job-index }}/\${{ strategy.job-total }} \${{ strategy.max-parallel }} \${{ strategy.fail-fast }}"' }]
  end: { needs: each, runs-on: x, steps: [{ run: 'echo "\${{ needs.each.outputs.last }}"' }] }
`,
    })
    expect(printed(result, 'each (a, 1)')).toEqual(['a 0/2 1 true'])
    expect(printed(result, 'each (b, 1)')).toEqual(['b 1/2 1 true'])
    expect(printed(result, 'end')).toEqual(['b'])
  })

  test('fail-fast cancels what runs and what waits; without it all run', async () => {
    const text = (failFast: boolean) => `
on: push
jobs:
  a:
    runs-on: x
    strategy: { fail-fast: ${failFast}, max-parallel: 2, matrix: { n: [1, 2, 3] } }
    steps: [{ run: "[ \${{ matrix.n }} = 2 ] && exit 1; exec sleep \${{ matrix.n == 1 && '${failFast ? 30 : 0}' || '0' }}" }]
`
    expect(conclusions(await run({ text: text(true) }))).toEqual({
      'a (1)': 'cancelled',
      'a (2)': 'failure',
      'a (3)': 'cancelled',
    })
    expect(conclusions(await run({ text: text(false) }))).toEqual({
      'a (1)': 'success',
      'a (2)': 'failure',
      'a (3)': 'success',
    })
  })

  test('many jobs at a time, without a warning from Node', async () => {
    const warnings: string[] = []
    const hear = (warning: Error) => void warnings.push(warning.message)
    process.on('warning', hear)
    const result = await run({
      text: 'on: push\njobs: { a: { runs-on: x, strategy: { matrix: { n: [1,2,3,4,5,6,7,8,9,10,11,12] } }, steps: [{ run: "true" }] } }',
    })
    process.off('warning', hear)
    expect(Object.values(conclusions(result))).toEqual(Array(12).fill('success'))
    expect(warnings).toEqual([])
  })

  test('an empty matrix fails the job', async () => {
    const result = await run({
      text: `on: push\njobs: { a: { runs-on: x, strategy: { matrix: { n: "\${{ fromJSON('[]') }}" } }, steps: [{ run: "true" }] } }`,
    })
    expect(result.conclusion).toBe('failure')
    expect(result.annotations[0]?.message).toContain("Matrix vector 'n' does not contain any values")
  })
})

describe('contexts (docs: Contexts reference)', () => {
  test('job names the file that defines it, github the caller’s', async () => {
    const called = `
on: workflow_call
jobs:
  inner:
    runs-on: x
    steps:
      - run: echo "\${{ job.workflow_repository }} \${{ job.workflow_file_path }} \${{ job.workflow_ref }} \${{ github.workflow }} \${{ github.workflow_ref }} \${{ github.repository }}"
`
    const result = await run({
      text: 'name: Main\non: push\njobs: { outer: { uses: org/deploy-actions/.github/workflows/called.yml@v1 } }',
      suite: { '.github/workflows/called.yml': called },
    })
    expect(printed(result, 'outer/inner')).toEqual([
      'org/deploy-actions .github/workflows/called.yml org/deploy-actions/.github/workflows/called.yml@refs/tags/v1 Main example/shop/.github/workflows/main.yml@refs/heads/main example/shop',
    ])
  })

  test('runner, github, vars and the token', async () => {
    const result = await run({
      text: `
on: push
jobs:
  a:
    runs-on: x
    steps:
      - run: echo "\${{ runner.os }} \${{ github.ref_name }} \${{ github.ref_type }} \${{ github.event.head_commit.message }} \${{ vars.REGION }} [\${{ vars.NONE }}]"
      - run: echo "\${{ github.token == secrets.GITHUB_TOKEN }} token \${{ github.token }}"
      - run: '[ "\${{ runner.temp }}" = "$RUNNER_TEMP" ] && [ "\${{ github.workspace }}" = "$PWD" ]'
`,
      vars: { REGION: 'eu-central-1' },
    })
    expect(printed(result, 'a').slice(0, 2)).toEqual(['Linux main branch Start eu-central-1 []', 'true token ***'])
    expect(result.conclusion).toBe('success')
  })

  test('a tag', async () => {
    const { git, repository } = await import('./stage.ts')
    const { runWorkflow } = await import('../src/index.ts')
    const directory = repository({
      '.github/workflows/main.yml':
        'on: push\njobs: { a: { runs-on: x, steps: [{ run: "echo $GITHUB_REF $GITHUB_REF_TYPE" }] } }',
    })
    git(directory, 'tag', 'v1')
    const result = await runWorkflow({
      repository: { name: 'example/shop', path: directory, ref: 'v1' },
      workflow: '.github/workflows/main.yml',
      event: { name: 'push' },
    })
    expect(printed(result, 'a')).toEqual(['refs/tags/v1 tag'])
  })
})

test('a job’s time limit cancels it (docs: jobs.<job_id>.timeout-minutes)', async () => {
  const result = await run({
    text: `
on: push
jobs:
  a: { runs-on: x, timeout-minutes: 2, steps: [{ name: slow, run: exec sleep 60 }, { name: told, if: cancelled(), run: "true" }, { name: after, run: "true" }] }
  b: { needs: a, runs-on: x, steps: [{ run: "true" }] }
`,
    minute: 150,
  })
  const { steps } = await import('./stage.ts')
  expect(steps(result, 'a')).toMatchObject({ slow: 'cancelled', told: 'success', after: 'skipped' })
  expect(conclusions(result)).toEqual({ a: 'cancelled', b: 'skipped' })
  expect(result.conclusion).toBe('cancelled')
})
