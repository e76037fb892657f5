import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Change {
  message: string
  author?: string | null
  sha?: string
}

export interface GitHubStandIn {
  url: string
  /** Method, path and `authorization` of each request. */
  requests: string[]
  [Symbol.asyncDispose](): Promise<void>
}

/** A loopback server in place of GitHub's API. */
export async function gitHub(
  answer: (response: ServerResponse, request: IncomingMessage) => void,
): Promise<GitHubStandIn> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url} ${request.headers.authorization}`)
    answer(response, request)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export const json =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  (response: ServerResponse) =>
    void response
      .writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
      .end(typeof body === 'string' ? body : JSON.stringify(body))

/** What "Compare two commits" answers: oldest first; without paging the newest 250, whatever `total_commits` says. */
export function comparison(changes: Change[], more: { status?: string; behind_by?: number } = {}) {
  const commits = changes.map(({ message, author = 'Ada', sha }, index) => ({
    sha: sha ?? index.toString(16).padStart(40, 'a'),
    commit: { message, author: author === null ? null : { name: author, email: 'ada@example.org' } },
    author: null,
  }))
  return {
    status: 'ahead',
    ahead_by: changes.length,
    behind_by: 0,
    total_commits: changes.length,
    commits: commits.slice(-250),
    files: [],
    ...more,
  }
}
