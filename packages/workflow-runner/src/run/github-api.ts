import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Permissions } from '../model/permissions.ts'
import type { ConsumerRepository } from './options.ts'
import { gitOutput } from './repository.ts'

/** GitHub's REST API as far as a step may ask it here: comparing two commits of the repository on this machine. */
export interface GitHubApi {
  /** Where jobs find it, which answers a job's token by the permissions of that job. */
  forJob(token: string, permissions: Permissions): Promise<string>
  close(): Promise<void>
}

/** Starts with the first job. */
export function createGitHubApi(repository: ConsumerRepository): GitHubApi {
  const jobs = new Map<string, Permissions>()
  let server: Server | undefined

  const answer = (url: string, token: string, response: ServerResponse) => {
    const permissions = jobs.get(token)
    if (!permissions) return reply(response, 401, { message: 'Bad credentials' })
    const [, name, base = '', head = ''] = /^\/repos\/([^/]+\/[^/]+)\/compare\/(.+)\.\.\.([^?]+)/.exec(url) ?? []
    if (name === undefined) return reply(response, 501, { message: `The workflow runner does not answer ${url}` })
    const mayRead = name === repository.name && (permissions.contents ?? 'none') !== 'none'
    const comparison = mayRead ? compare(repository, base, head) : undefined
    return comparison ? reply(response, 200, comparison) : reply(response, 404, { message: 'Not Found' })
  }

  return {
    async forJob(token, permissions) {
      jobs.set(token, permissions)
      server ??= createServer(({ url = '', headers }, response) =>
        answer(decodeURIComponent(url), headers.authorization?.replace(/^(token|bearer) /i, '') ?? '', response),
      )
      const listening = server
      if (!listening.listening) await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
      return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`
    },
    async close() {
      const running = server
      if (!running?.listening) return
      running.closeAllConnections()
      await new Promise((resolve) => running.close(resolve))
    },
  }
}

/**
 * The answer of "Compare two commits" without paging: the newest 250 commits, oldest first. Undefined when git does
 * not know one of the two.
 */
function compare({ path, name }: ConsumerRepository, base: string, head: string): Record<string, unknown> | undefined {
  const git = (...args: string[]) => gitOutput(path, ...args)
  try {
    const [behind = 0, ahead = 0] = git('rev-list', '--left-right', '--count', `${base}...${head}`)
      .split(/\s+/)
      .map(Number)
    const commits = git('log', '-z', '--max-count=250', '--format=%H%x1f%an%x1f%ae%x1f%aI%x1f%B', `${base}..${head}`)
      .split('\0')
      .filter(Boolean)
      .map((entry) => {
        const [sha, author, email, date, message = ''] = entry.split('\x1f')
        return { sha, commit: { message: message.trim(), author: { name: author, email, date } } }
      })
    return {
      status: ahead > 0 ? (behind > 0 ? 'diverged' : 'ahead') : behind > 0 ? 'behind' : 'identical',
      ahead_by: ahead,
      behind_by: behind,
      total_commits: ahead,
      html_url: `https://github.com/${name}/compare/${base}...${head}`,
      commits: commits.reverse(),
    }
  } catch {
    return undefined
  }
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body))
}
