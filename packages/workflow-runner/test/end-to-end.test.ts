import { consoleLog } from '../src/index.ts'
import { conclusions, nodeAction, printed, run } from './stage.ts'

const deploy = `
on:
  workflow_call:
    inputs:
      application: { type: string, default: "\${{ github.event.repository.name }}" }
      wait: { type: boolean, default: true }
    secrets:
      token: { required: true }
    outputs:
      digest: { value: "\${{ jobs.build.outputs.digest }}" }
jobs:
  build:
    runs-on: ubuntu-latest
    permissions: { contents: read }
    outputs:
      digest: \${{ steps.build.outputs.digest }}
    steps:
      - uses: actions/checkout@v6
      - id: build
        uses: $/actions/build
        with: { application: "\${{ inputs.application }}" }
  deploy:
    needs: build
    runs-on: ubuntu-latest
    environment: { name: "\${{ github.ref_name == 'prod' && 'production' || 'staging' }}", url: "https://\${{ vars.HOST }}" }
    steps:
      - uses: aws-actions/configure-aws-credentials@v6
        with: { role-to-assume: "\${{ vars.ROLE }}", aws-region: eu-central-1 }
      - run: echo "deploying \${{ needs.build.outputs.digest }} wait=\${{ inputs.wait }} with \${{ secrets.token }} to $AWS_ENDPOINT_URL"
`

test('a consumer calls a reusable workflow with two jobs, a JavaScript action and outputs across jobs', async () => {
  const lines: string[] = []
  const result = await run({
    text: `
on: { push: { branches: [main] } }
permissions: { contents: read, id-token: write }
jobs:
  release:
    uses: org/deploy-actions/.github/workflows/deploy.yml@v1
    secrets: { token: "\${{ secrets.TOKEN }}" }
  after:
    needs: release
    runs-on: ubuntu-latest
    steps:
      - run: echo "released \${{ needs.release.outputs.digest }}"
`,
    files: { 'src/app.js': 'content' },
    suite: {
      '.github/workflows/deploy.yml': deploy,
      ...nodeAction('actions/build', {
        head: 'inputs: { application: { description: d, required: true } }\noutputs: { digest: { description: d } }\n',
        main: `
import { appendFileSync, readFileSync } from 'node:fs'
console.log('building ' + process.env.INPUT_APPLICATION + ' from ' + readFileSync('src/app.js', 'utf8'))
appendFileSync(process.env.GITHUB_OUTPUT, 'digest=sha256:123\\n')`,
        post: "console.log('tidying up')",
      }),
    },
    secrets: { TOKEN: 'hush-hush' },
    environments: { staging: { vars: { HOST: 'staging.example.com', ROLE: 'arn:aws:iam::123456789012:role/deploy' } } },
    aws: { AWS_ENDPOINT_URL: 'http://127.0.0.1:4566' },
    onLine: consoleLog((text) => lines.push(text)),
  })

  expect(result.conclusion).toBe('success')
  expect(conclusions(result)).toEqual({ 'release/build': 'success', 'release/deploy': 'success', after: 'success' })
  expect(printed(result, 'release/build').slice(-2)).toEqual(['building shop from content', 'tidying up'])
  expect(printed(result, 'release/deploy').at(-1)).toBe(
    'deploying sha256:123 wait=true with *** to http://127.0.0.1:4566',
  )
  expect(printed(result, 'after')).toEqual(['released sha256:123'])
  expect(result.jobs.find(({ key }) => key === 'release/deploy')?.environment).toEqual({
    name: 'staging',
    url: 'https://staging.example.com',
  })
  expect(result.log).not.toContain('hush-hush')
  expect(lines.join('')).toContain('■ release / deploy\n')
})
