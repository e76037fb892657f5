import type { ReviewRequest } from '../src/index.ts'
import { conclusions, printed, run, steps } from './stage.ts'

const deploy = (environment: string, steps: string, more = '') =>
  `on: push\npermissions: { id-token: write, contents: read }\njobs:\n  a:\n    runs-on: x\n    environment: ${environment}\n${more}    steps: [${steps}]\n`

// docs.github.com: Deployments and environments; Contexts reference.
describe('environments', () => {
  const settings = {
    vars: { HOST: 'repository', ONLY: 'repository' },
    secrets: { KEY: 'repository-key' },
    environments: {
      staging: { vars: { host: 'staging.example.com' }, secrets: { KEY: 'staging-key' } },
      other: { vars: { HOST: 'other' } },
    },
  }

  test('their variables and secrets go before those of the repository, and only into the job that names them', async () => {
    const show = `run: 'echo "\${{ vars.HOST }} \${{ vars.ONLY }} \${{ secrets.KEY == env.EXPECTED }}"'`
    const result = await run({
      text: `
on: push
jobs:
  a: { runs-on: x, environment: Staging, env: { EXPECTED: staging-key }, steps: [{ ${show} }] }
  b: { runs-on: x, env: { EXPECTED: repository-key }, steps: [{ ${show} }] }
`,
      ...settings,
    })
    expect(printed(result, 'a')).toEqual(['staging.example.com repository true'])
    expect(printed(result, 'b')).toEqual(['repository repository true'])
    expect(result.jobs.find(({ key }) => key === 'a')?.environment).toEqual({ name: 'staging', url: undefined })
  })

  test('a name that comes to nothing is no environment, an unknown one comes into being', async () => {
    const none = await run({ text: deploy('{ name: "${{ inputs.nothing }}" }', '{ run: "true" }'), ...settings })
    expect(none.jobs[0]?.environment).toBeUndefined()
    const fresh = await run({ text: deploy('brand-new', '{ run: "true" }'), ...settings })
    expect(fresh.jobs[0]?.environment?.name).toBe('brand-new')
  })

  test('the url may name outputs of steps, but no secret', async () => {
    const url = '{ name: staging, url: "https://${{ steps.one.outputs.host }}/${{ vars.HOST }}" }'
    const result = await run({
      text: deploy(url, `{ id: one, run: 'echo "host=x.example.com" >> "$GITHUB_OUTPUT"' }`),
      ...settings,
    })
    expect(result.jobs[0]?.environment?.url).toBe('https://x.example.com/staging.example.com')
    const masked = await run({
      text: deploy(url, `{ id: one, run: 'echo "::add-mask::abcdef"; echo "host=abcdef" >> "$GITHUB_OUTPUT"' }`),
      ...settings,
    })
    expect(masked.jobs[0]?.environment?.url).toBeUndefined()
    expect(masked.annotations[0]?.message).toBe(
      "Skip setting environment url as environment 'staging' may contain secret.",
    )
  })

  test('only the branches that are allowed', async () => {
    const environments = { production: { branches: ['prod', 'release/*'] } }
    const refused = await run({ text: deploy('production', '{ run: "true" }'), environments })
    expect(refused.conclusion).toBe('failure')
    expect(refused.annotations[0]?.message).toContain('Branch "main" is not allowed to deploy to production')
  })

  test('a reviewer approves or rejects before the job begins', async () => {
    const asked: ReviewRequest[] = []
    const review = (verdict: 'approved' | 'rejected') => ({
      production: {
        review: async (request: ReviewRequest) => {
          asked.push(request)
          return verdict
        },
      },
    })
    const text = deploy('production', '{ run: echo deployed }')
    expect(printed(await run({ text, environments: review('approved') }), 'a')).toEqual(['deployed'])
    const rejected = await run({ text, environments: review('rejected') })
    expect(conclusions(rejected)).toEqual({ a: 'failure' })
    expect(rejected.annotations[0]?.message).toContain('was rejected')
    expect(asked).toMatchObject([{ environment: 'production', job: 'a' }, { environment: 'production' }])
  })

  test('a run that is cancelled while it waits for a reviewer ends', async () => {
    const cancel = new AbortController()
    const result = await run({
      text: deploy('production', '{ run: echo deployed }'),
      environments: { production: { review: () => new Promise<'approved'>(() => cancel.abort()) } },
      signal: cancel.signal,
    })
    expect(conclusions(result)).toEqual({ a: 'cancelled' })
  })
})

// docs.github.com: OpenID Connect reference.
describe('OIDC tokens', () => {
  const ask = `{ run: 'curl -sS -H "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=sts.amazonaws.com" | node -e "const j=JSON.parse(require(\\"fs\\").readFileSync(0));const c=JSON.parse(Buffer.from(j.value.split(\\".\\")[1],\\"base64url\\"));console.log([c.sub,c.aud,c.environment,c.job_workflow_ref,c.ref].join(\\" \\"))"' }`

  test('name the environment, or the ref, and the workflow that asks', async () => {
    const staged = await run({ text: deploy('staging', ask) })
    expect(printed(staged, 'a')).toEqual([
      'repo:example/shop:environment:staging sts.amazonaws.com staging example/shop/.github/workflows/main.yml@refs/heads/main refs/heads/main',
    ])
    const result = await run({ text: deploy('""', ask) })
    expect(printed(result, 'a')[0]).toContain('repo:example/shop:ref:refs/heads/main sts.amazonaws.com  ')
  })

  test('only for who has the bearer', async () => {
    const text = deploy(
      'staging',
      `{ run: 'curl -s -o /dev/null -w "%{http_code}" -H "Authorization: bearer wrong" "$ACTIONS_ID_TOKEN_REQUEST_URL"; echo' }`,
    )
    expect(printed(await run({ text }), 'a')).toEqual(['401'])
  })
})

describe('stand-ins', () => {
  const credentials = (inputs: string, permissions = '{ id-token: write }') =>
    `on: push\njobs:\n  a:\n    runs-on: x\n    permissions: ${permissions}\n    steps:\n      - { name: aws, uses: aws-actions/configure-aws-credentials@v5, with: ${inputs} }\n      - run: echo "$AWS_REGION $AWS_ENDPOINT_URL $AWS_SECRET_ACCESS_KEY"\n`
  const role = 'role-to-assume: "arn:aws:iam::123456789012:role/deploy"'
  const aws = {
    AWS_ENDPOINT_URL: 'http://127.0.0.1:4566',
    AWS_ACCESS_KEY_ID: 'key-id',
    AWS_SECRET_ACCESS_KEY: 'very-secret',
  }

  test('credentials reach the steps that follow, masked', async () => {
    const result = await run({ text: credentials(`{ ${role}, aws-region: eu-central-1 }`), aws })
    expect(printed(result, 'a').at(-1)).toBe('eu-central-1 http://127.0.0.1:4566 ***')
    expect(result.log).not.toContain('very-secret')
  })

  test.each([
    [
      'without id-token: write',
      `{ ${role}, aws-region: eu-central-1 }`,
      '{ contents: read }',
      "needs 'id-token: write'",
    ],
    [
      'with a misspelt input',
      `{ ${role}, aws-regoin: eu-central-1 }`,
      '{ id-token: write }',
      "does not know the input 'aws-regoin'",
    ],
    ['without a region', `{ ${role} }`, '{ id-token: write }', 'Input required and not supplied: aws-region'],
    [
      'with something that is no role',
      '{ role-to-assume: deploy, aws-region: eu-central-1 }',
      '{ id-token: write }',
      "'deploy' is not the ARN of a role",
    ],
  ])('%s the step fails', async (_, inputs, permissions, message) => {
    const result = await run({ text: credentials(inputs, permissions), aws })
    expect(steps(result, 'a').aws).toBe('failure')
    expect(result.annotations[0]?.message).toContain(message)
  })

  test('the caller’s own, with outputs and a post step', async () => {
    const seen: string[] = []
    const result = await run({
      text: 'on: push\njobs: { a: { runs-on: x, steps: [{ id: one, uses: Acme/Notify@v3, with: { TEXT: "to ${{ github.ref_name }}" } }, { run: "echo ${{ steps.one.outputs.sent }}" }] } }',
      standIns: {
        'acme/notify': {
          inputs: { text: { required: true }, channel: { default: 'ops' } },
          run(step) {
            seen.push(`${step.inputs.text} in ${step.inputs.channel}`)
            step.setOutput('sent', 'yes')
          },
          post: () => void seen.push('post'),
        },
      },
    })
    expect(printed(result, 'a').at(-1)).toBe('yes')
    expect(seen).toEqual(['to main in ops', 'post'])
  })

  test.each([
    ['', '1 main'],
    ['with: { fetch-depth: 0 }', '2 main'],
    ['with: { ref: "${{ github.sha }}" }', '1 HEAD'],
    ['with: { path: sub }', 'in sub: file'],
  ])('actions/checkout %s', async (inputs, expected) => {
    const { git, repository, writeFiles } = await import('./stage.ts')
    const { runWorkflow } = await import('../src/index.ts')
    const directory = repository({
      '.github/workflows/main.yml': `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: actions/checkout@v6\n${inputs && `        ${inputs}\n`}      - run: '[ -d sub ] && echo "in sub: $(ls sub)" || echo "$(git rev-list --count HEAD) $(git rev-parse --abbrev-ref HEAD)"'\n`,
    })
    writeFiles(directory, { file: 'x' })
    git(directory, 'add', '--all')
    git(directory, 'commit', '--quiet', '--message', 'Second')
    const result = await runWorkflow({
      repository: { name: 'example/shop', path: directory },
      workflow: '.github/workflows/main.yml',
      event: { name: 'push' },
    })
    expect(printed(result, 'a').at(-1)).toBe(expected)
  })
})
