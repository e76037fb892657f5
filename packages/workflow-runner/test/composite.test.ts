import { nodeAction, printed, run, steps } from './stage.ts'

const job = (lines: string) =>
  `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n${lines.replaceAll(/^/gm, '      ')}\n`
const composite = (lines: string, head = '') => ({
  'act/action.yml': `name: x\ndescription: x\n${head}runs:\n  using: composite\n  steps:\n${lines.replaceAll(/^/gm, '    ')}\n`,
})

// docs.github.com: Metadata syntax reference, runs for composite actions; actions/runner: CompositeActionHandler.
describe('composite actions', () => {
  test('inputs, environment, outputs, paths', async () => {
    const result = await run({
      text: job(`
- { id: act, uses: $/act, with: { who: you }, env: { OUTER: outer } }
- run: echo "\${{ steps.act.outputs.greeting }} [\${{ steps.inner.outcome }}] $LATER"`),
      files: {
        ...composite(
          `
- id: inner
  shell: bash
  env: { OWN: "\${{ inputs.who }}" }
  run: |
    echo "greeting=hello $OWN from $OUTER" >> "$GITHUB_OUTPUT"
    echo "LATER=set inside" >> "$GITHUB_ENV"
    cat "$GITHUB_ACTION_PATH/data.txt"; cat \${{ github.action_path }}/data.txt
- { shell: bash, run: 'echo "$LATER, \${{ steps.inner.conclusion }}, \${{ inputs.size }}"' }
- { uses: $/tool }`,
          'inputs: { who: { description: d }, size: { description: d, default: "7" } }\noutputs: { greeting: { description: d, value: "${{ steps.inner.outputs.greeting }}" } }\n',
        ),
        'act/data.txt': 'data\n',
        ...nodeAction('tool', { main: "console.log('tool', process.env.OUTER)", post: "console.log('tool ends')" }),
      },
    })
    expect(printed(result, 'a')).toEqual([
      'data',
      'data',
      'set inside, success, 7',
      'tool outer',
      'hello you from outer [] set inside',
      'tool ends',
    ])
  })

  test('a failing step skips the rest, but for its conditions; the step around it fails', async () => {
    const result = await run({
      text: job('- { name: act, uses: $/act }\n- { name: next, run: "true" }'),
      files: composite(`
- { shell: bash, run: exit 1 }
- { shell: bash, run: echo never }
- { shell: bash, if: failure(), run: "echo after failure" }
- { shell: bash, if: always(), run: "echo always" }`),
    })
    expect(printed(result, 'a')).toEqual(['##[error]Process completed with exit code 1.', 'after failure', 'always'])
    expect(steps(result, 'a')).toMatchObject({ act: 'failure', next: 'skipped' })
  })

  test('continue-on-error inside', async () => {
    const result = await run({
      text: job('- { name: act, uses: $/act }'),
      files: composite(
        '- { id: one, shell: bash, continue-on-error: true, run: exit 1 }\n- { shell: bash, run: "echo ${{ steps.one.outcome }} ${{ steps.one.conclusion }}" }',
      ),
    })
    expect(printed(result, 'a').at(-1)).toBe('failure success')
    expect(result.conclusion).toBe('success')
  })

  test('failure() inside looks at the action, not at the job', async () => {
    const result = await run({
      text: job('- run: exit 1\n- { if: always(), uses: $/act }'),
      files: composite('- { shell: bash, run: "echo ran" }\n- { shell: bash, if: failure(), run: "echo not here" }'),
    })
    expect(printed(result, 'a').slice(1)).toEqual(['ran'])
  })

  test('defaults of the job do not reach inside, and shell is required', async () => {
    const files = composite('- { run: "true" }')
    const result = await run({ text: job('- uses: $/act'), files })
    expect(result.annotations[0]?.message).toContain('shell')
  })

  test('one within another, up to nine', async () => {
    const chain = Object.fromEntries(
      Array.from({ length: 10 }, (_, at) => [
        `act${at}/action.yml`,
        `name: x\ndescription: x\nruns: { using: composite, steps: [${at === 9 ? '{ run: echo deepest, shell: bash }' : `{ uses: $/act${at + 1} }`}] }`,
      ]),
    )
    expect(printed(await run({ text: job('- uses: $/act1'), files: chain }), 'a').at(-1)).toBe('deepest')
    expect((await run({ text: job('- uses: $/act0'), files: chain })).annotations[0]?.message).toContain('max depth 9')
  })
})
