import type { GitHubContext } from '../github-context.ts'

/**
 * A commit that a release brings. Its texts are its author's: one line each, without control characters, but not
 * escaped.
 */
export interface Commit {
  sha: string
  subject: string
  author: string
  /** Numbers of the pull requests that its subject names, as GitHub's merges write them. */
  pullRequests: number[]
}

/** How a release stands to what serves: it has more, less, both, or the same commits. */
export type Relation = (typeof relations)[number]

export interface Comparison {
  kind: 'compared'
  relation: Relation
  /** What comes, the newest first; at most `shownCommits`. */
  commits: Commit[]
  /** How many commits come, and how many of those that serve go. */
  ahead: number
  behind: number
  /** GitHub's page of the comparison. */
  url: string
}

/** Why there is no comparison, as the end of a sentence; the page is known as soon as both commits are. */
export interface NoComparison {
  kind: 'not-compared'
  why: string
  url: string | undefined
}

export interface CompareQuestion {
  /** Full SHA of what serves, and of what is to be released; undefined where it is not known. */
  base: string | undefined
  head: string | undefined
  /** May read contents. */
  token: string | undefined
  github: GitHubContext
  cancelled: AbortSignal
}

const shownCommits = 20
const patienceMs = 5_000
const foreign = 'the answer was not that of GitHub'
const relations = ['ahead', 'behind', 'diverged', 'identical'] as const

/**
 * Asks GitHub for the commits between two (REST API: "Compare two commits"; GITHUB_API_URL names a server of one's
 * own). Never throws and takes no longer than 5 s: what a release brings is worth telling, but not worth a failure.
 */
export async function compareCommits(question: CompareQuestion): Promise<Comparison | NoComparison> {
  const { base, head, token, github } = question
  const [owner, repo] = github.repository.split('/')
  if (!owner || !repo) return { kind: 'not-compared', why: 'this is no run on GitHub', url: undefined }
  if (!base) return { kind: 'not-compared', why: 'no commit is on record for what serves', url: undefined }
  if (!head) return { kind: 'not-compared', why: 'the commit of this release is not known', url: undefined }
  const url = `${github.serverUrl}/${owner}/${repo}/compare/${base}...${head}`
  if (base === head) return { kind: 'compared', relation: 'identical', commits: [], ahead: 0, behind: 0, url }
  if (!token) return { kind: 'not-compared', why: 'the step has no token for GitHub (input "token")', url }
  const timeout = AbortSignal.timeout(patienceMs)
  try {
    const { getOctokit } = await import('@actions/github')
    const { data } = await getOctokit(token).rest.repos.compareCommitsWithBasehead({
      owner,
      repo,
      // Without paging, GitHub answers the newest 250 commits in one call, oldest first.
      basehead: `${base}...${head}`,
      request: { signal: AbortSignal.any([timeout, question.cancelled]) },
    })
    return readComparison(data, url)
  } catch (error) {
    if (question.cancelled.aborted) return { kind: 'not-compared', why: 'the run was cancelled', url }
    return { kind: 'not-compared', why: timeout.aborted ? 'GitHub did not answer within 5 s' : whyOf(error), url }
  }
}

/**
 * Takes nothing on trust: a proxy may answer in GitHub's place, and octokit gives what came of an answer that
 * breaks off.
 */
function readComparison(data: unknown, url: string): Comparison {
  const { status, total_commits, ahead_by, behind_by, commits } = (data ?? {}) as Record<string, unknown>
  const relation = relations.find((one) => one === status)
  if (!relation || !Array.isArray(commits)) throw new TypeError(foreign)
  const shown = commits.slice(-shownCommits).reverse().map(readCommit)
  return {
    kind: 'compared',
    relation,
    commits: shown,
    ahead: Math.max(count(ahead_by), count(total_commits), shown.length),
    behind: count(behind_by),
    url,
  }
}

function readCommit(found: {
  sha?: unknown
  commit?: { message?: unknown; author?: { name?: unknown } | null }
}): Commit {
  const subject = oneLine(String(found?.commit?.message ?? '').split(/\r?\n|\r/, 1)[0]!)
  return {
    sha: /^[0-9a-f]{40}$/.exec(String(found?.sha))?.[0] ?? '',
    subject: shortened(subject, 120) || '(no message)',
    author: shortened(oneLine(String(found?.commit?.author?.name ?? '')), 60) || 'unknown',
    pullRequests: pullRequestsIn(subject),
  }
}

/** `Fix the door (#12)` of a squash or rebase, and `Merge pull request #12 from …`. */
function pullRequestsIn(subject: string): number[] {
  const found = [...subject.matchAll(/\(#(\d{1,9})\)|^Merge pull request #(\d{1,9}) /g)]
  return [...new Set(found.map(([, squashed, merged]) => Number(squashed ?? merged)))]
}

/** Control characters, and those that turn the direction of writing, could make a text look like another one. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069\s]+/gu, ' ').trim()
}

function shortened(text: string, length: number): string {
  const characters = [...text]
  return characters.length > length ? `${characters.slice(0, length - 1).join('')}…` : text
}

function count(value: unknown): number {
  return Number.isSafeInteger(value) && Number(value) > 0 ? Number(value) : 0
}

/** A failure without an answer has no response, though octokit gives it the status 500. */
function whyOf(error: unknown): string {
  if (error instanceof TypeError) return foreign
  const { status, response } = error as { status?: number; response?: { headers: Record<string, unknown> } }
  if (!response || !status) return 'GitHub could not be reached'
  if (status === 429 || String(response.headers['x-ratelimit-remaining']) === '0' || response.headers['retry-after'])
    return "GitHub's rate limit is used up"
  if (status === 401) return 'GitHub does not accept the token (input "token")'
  if (status === 403 || status === 404)
    return "the job's token may not read contents (permissions: contents: read), or one of the commits is not in this repository"
  return `GitHub answered with status ${status}`
}
