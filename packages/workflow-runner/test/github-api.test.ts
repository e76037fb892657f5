import { appendFileSync } from 'node:fs'
import path from 'node:path'
import { runWorkflow } from '../src/index.ts'
import { git, repository } from './stage.ts'

/** What a step of a job with these permissions is answered, as status and body. */
async function compare(
  permissions: string,
  from: string,
  to: string,
  token = '${{ github.token }}',
  name = 'example/shop',
) {
  const text = `on: push\njobs:\n  a:\n    runs-on: x\n    permissions: ${permissions}\n    steps:\n      - name: ask\n        run: |\n          curl -s -w '\\n%{http_code}\\n' -H "Authorization: token $TOKEN" "$GITHUB_API_URL/repos/${name}/compare/$FROM...$TO"\n        env: { TOKEN: "${token}", FROM: "${from}", TO: "${to}" }\n`
  const directory = repository({ '.github/workflows/main.yml': text })
  for (const message of ['Second (#2)', 'Third']) {
    appendFileSync(path.join(directory, 'file'), message)
    git(directory, 'add', '--all')
    git(directory, 'commit', '--quiet', '--message', message)
  }
  const result = await runWorkflow({
    repository: { name: 'example/shop', path: directory },
    workflow: '.github/workflows/main.yml',
    event: { name: 'push' },
  })
  const lines = result.jobs[0]!.steps.find(({ name }) => name === 'ask')!.log
  return { status: lines.at(-1), body: JSON.parse(lines.at(-2)!) }
}

test('compares two commits of the repository on this machine', async () => {
  const { status, body } = await compare('{ contents: read }', 'main~2', 'main')
  expect(status).toBe('200')
  expect(body).toMatchObject({ status: 'ahead', ahead_by: 2, behind_by: 0, total_commits: 2 })
  expect(body.commits).toMatchObject([
    { commit: { message: 'Second (#2)', author: { name: 'Test' } } },
    { commit: { message: 'Third' } },
  ])
  expect((await compare('{ contents: read }', 'main', 'main~1')).body).toMatchObject({
    status: 'behind',
    behind_by: 1,
    commits: [],
  })
  expect((await compare('{ contents: read }', 'main', 'main')).body).toMatchObject({ status: 'identical' })
})

test.each<[string, Parameters<typeof compare>, string]>([
  ['without the right to read contents', ['{ id-token: write }', 'main~1', 'main'], '404'],
  ['for a commit that is not there', ['{ contents: read }', 'f'.repeat(40), 'main'], '404'],
  ['for another repository', ['{ contents: read }', 'main~1', 'main', undefined, 'example/other'], '404'],
  ['with a token of its own making', ['{ contents: read }', 'main~1', 'main', 'ghs_mine'], '401'],
])('refuses %s', async (_, args, status) => {
  expect((await compare(...args)).status).toBe(status)
})
