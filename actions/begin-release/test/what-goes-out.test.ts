import type { ServerResponse } from 'node:http'
import type { ActionRun } from '@deploy-actions/workflow-runner'
import { type Change, comparison, type GitHubStandIn, gitHub, json } from './github-api.ts'
import { commit, type Stage, since, stage } from './stage.ts'

let on: Stage
let github: GitHubStandIn | undefined
const served = 'a'.repeat(40)
const compareUrl = `https://github.com/example/shop/compare/${served}...${commit}`

beforeEach(async () => {
  on = await stage()
  await serves(served)
})
afterEach(async () => {
  await on[Symbol.asyncDispose]()
  await github?.[Symbol.asyncDispose]()
  github = undefined
})

/** Begins a release while GitHub answers as given. */
async function begin(
  answer: (response: ServerResponse) => void,
  inputs: Record<string, string> = {},
): Promise<ActionRun> {
  github = await gitHub(answer)
  return on.run({ token: 'ghs_secret', ...inputs }, { env: { ...on.simulator.env, GITHUB_API_URL: github.url } })
}

const serves = (sha: string | undefined) =>
  on.write({
    schema: { level: 'none', since },
    releases: [
      {
        number: 1,
        digest: on.digests.plain,
        ...(sha && { commit: sha }),
        level: 'none',
        services: { web: 'shop:1' },
        at: since,
      },
    ],
  })

const changes = (count: number): Change[] =>
  Array.from({ length: count }, (_, index) => ({ message: `Change ${index + 1}` }))

test('lists commits, authors and pull requests, the newest first, in log, summary and outputs', async () => {
  const main = await begin(
    json(
      200,
      comparison([
        { message: 'Open the door (#12)\n\nIt was shut.', sha: '1'.repeat(40) },
        {
          message: 'Merge pull request #13 from acme/window\n\nClean the window',
          author: 'Grace',
          sha: '2'.repeat(40),
        },
      ]),
    ),
  )
  expect(github!.requests).toEqual([`GET /repos/example/shop/compare/${served}...${commit} token ghs_secret`])
  expect(main.outputs).toMatchObject({
    commits: '2222222 Merge pull request #13 from acme/window (Grace)\n1111111 Open the door (#12) (Ada)',
    'compare-url': compareUrl,
  })
  expect(main.log).toContain(
    `##[group]What goes out: 2 commits\n2222222 Merge pull request #13 from acme/window (Grace)\n1111111 Open the door (#12) (Ada)\n${compareUrl}\n##[endgroup]`,
  )
  expect(main.summary).toContain(
    `**What goes out:** [2 commits](${compareUrl}) by Grace, Ada in [#13](https://github.com/example/shop/pull/13), [#12](https://github.com/example/shop/pull/12)\n\n- [\`2222222\`](https://github.com/example/shop/commit/${'2'.repeat(40)}) Merge pull request`,
  )
  expect(main.log).not.toContain('It was shut')
})

test('lists at most 20 of many, and counts those that GitHub itself leaves out', async () => {
  const main = await begin(json(200, comparison(changes(300))))
  const lines = main.outputs.commits!.split('\n')
  expect(lines).toHaveLength(21)
  expect(lines[0]).toContain('Change 300 (Ada)')
  expect(lines[19]).toContain('Change 281 (Ada)')
  expect(lines[20]).toBe('and 280 more')
  expect(main.summary).toContain(`- [and 280 more](${compareUrl})`)
  expect(main.log).toContain('##[group]What goes out: 300 commits')
})

test.each<[string, object, string]>([
  [
    'behind',
    { status: 'behind', behind_by: 3 },
    'nothing new; this release is behind what serves and takes 3 commits back',
  ],
  ['identical', { status: 'identical' }, 'the commit that serves already'],
])('says that it is %s', async (_, more, text) => {
  const main = await begin(json(200, comparison([], more)))
  expect(main).toMatchObject({ exitCode: 0, outputs: { commits: '', 'compare-url': compareUrl } })
  expect(main.log).toContain(`What goes out: ${text}`)
  expect(main.summary).toContain(`[${text}](${compareUrl})`)
})

test('says that the two have parted', async () => {
  const main = await begin(json(200, comparison(changes(1), { status: 'diverged', behind_by: 2 })))
  expect(main.log).toContain('What goes out: 1 commit; 2 commits that serve now are not in this release')
})

test('texts of authors stay texts', async () => {
  const main = await begin(
    json(
      200,
      comparison([
        {
          message: '::error::gone ##[error]gone [x](http://evil) <img src=x> `y` | \u202Eend\u0007',
          author: '<b>*Eve*\n::warning::no',
        },
        { message: '', author: null },
        { message: 'x'.repeat(5_000), author: 'y'.repeat(500) },
      ]),
    ),
  )
  expect(main.exitCode).toBe(0)
  expect(main.annotations.filter(({ level }) => level !== 'notice')).toEqual([])
  expect(main.summary).toContain(
    '::error::gone ##\\[error\\]gone \\[x\\](http://evil) \\<img src=x> \\`y\\` | end (\\<b>\\*Eve\\* ::warning::no)',
  )
  expect(main.outputs.commits!.split('\n')).toHaveLength(3)
  expect(main.outputs.commits).toContain('(no message) (unknown)')
  expect(main.outputs.commits!.length).toBeLessThan(500)
})

describe('says less and is green', () => {
  const hang = () => {}
  const html = (response: ServerResponse) =>
    void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in</html>')
  test.each<[string, (response: ServerResponse) => void, string]>([
    [
      'denied',
      json(403, { message: 'Resource not accessible by integration' }),
      "the job's token may not read contents",
    ],
    [
      'a commit that is not there',
      json(404, { message: 'Not Found' }),
      'or one of the commits is not in this repository',
    ],
    ['a bad token', json(401, { message: 'Bad credentials' }), 'GitHub does not accept the token'],
    [
      'rate limited',
      json(403, { message: 'API rate limit exceeded' }, { 'x-ratelimit-remaining': '0' }),
      "GitHub's rate limit is used up",
    ],
    [
      'throttled',
      json(429, { message: 'secondary rate limit' }, { 'retry-after': '60' }),
      "GitHub's rate limit is used up",
    ],
    ['a server error', json(502, { message: 'Server Error' }), 'GitHub answered with status 502'],
    ['no JSON', json(200, '{"status":'), 'not'],
    ['a login page', html, 'the answer was not that of GitHub'],
    ['another status', json(200, { status: 'sideways', commits: [] }), 'the answer was not that of GitHub'],
    ['commits of another kind', json(200, { status: 'ahead', commits: 'many' }), 'the answer was not that of GitHub'],
    ['a dropped connection', (response) => void response.destroy(), 'GitHub could not be reached'],
    ['silence', hang, 'GitHub did not answer within 5 s'],
    [
      'a body that never ends',
      (response) => void response.writeHead(200, { 'content-type': 'application/json' }).write('{'),
      'within 5 s',
    ],
  ])('%s', async (_, answer, why) => {
    const main = await begin(answer)
    expect(main).toMatchObject({ exitCode: 0, outputs: { proceed: 'true', commits: '', 'compare-url': compareUrl } })
    const told = main.log.split('\n').filter((line) => line.startsWith('What goes out'))
    expect(told).toEqual([expect.stringContaining(why)])
    expect(told[0]).toMatch(
      new RegExp(`^What goes out is not listed: .*\\. It can be seen at ${compareUrl.replaceAll('.', '\\.')}$`),
    )
    expect(main.annotations).toEqual([])
    expect(github!.requests.length).toBeLessThanOrEqual(2)
  })

  test.each<[string, () => Promise<unknown>, Record<string, string>, string]>([
    ['no commit on record', () => serves(undefined), {}, 'no commit is on record for what serves.'],
    ['no commit of its own', async () => {}, { commit: '' }, 'the commit of this release is not known.'],
    ['no token', async () => {}, { token: '' }, 'the step has no token for GitHub (input "token").'],
  ])('%s: GitHub is not asked', async (_, prepare, inputs, why) => {
    await prepare()
    const main = await begin(json(200, comparison(changes(1))), inputs)
    expect(main).toMatchObject({ exitCode: 0, outputs: { proceed: 'true', commits: '' } })
    expect(main.log).toContain(`What goes out is not listed: ${why}`)
    expect(github!.requests).toEqual([])
  })

  test('the same commit again: GitHub is not asked', async () => {
    await serves(commit)
    const main = await begin(json(500, {}))
    expect(main.log).toContain('What goes out: the commit that serves already')
    expect(github!.requests).toEqual([])
  })

  test('a cancel ends the wait at once', async () => {
    const cancel = new AbortController()
    github = await gitHub(() => cancel.abort())
    const main = await on.run(
      { token: 'ghs_secret' },
      { env: { ...on.simulator.env, GITHUB_API_URL: github.url }, signal: cancel.signal },
    )
    expect(main.killed).toBe(false)
    expect(main.log).toContain('What goes out is not listed: the run was cancelled.')
  })
})
