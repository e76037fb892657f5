import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** A release that this job has begun: enough to end it, in whatever step. */
export interface Ticket {
  application: string
  environment: string
  region: string
  /** Of the lock. */
  token: string
  run: string
}

/**
 * Files in the job's temporary folder, which the runner empties afterwards. They tell a later step of the job which
 * releases it has begun, and `post` which of them have been ended: state (GITHUB_STATE) reaches only the step's own
 * `post`.
 */
export function tickets(temp: string) {
  const folder = path.join(temp, 'deploy-actions', 'releases')
  const ended = (token: string) => path.join(folder, `${token}.ended`)
  return {
    keep(ticket: Ticket): void {
      mkdirSync(folder, { recursive: true })
      writeFileSync(path.join(folder, `${ticket.token}.json`), JSON.stringify(ticket))
    },
    /** Those that nobody has ended yet. */
    open(): Ticket[] {
      if (!existsSync(folder)) return []
      return readdirSync(folder)
        .filter((name) => name.endsWith('.json') && !existsSync(ended(name.slice(0, -'.json'.length))))
        .map((name) => JSON.parse(readFileSync(path.join(folder, name), 'utf8')))
    },
    end({ token }: Ticket): void {
      mkdirSync(folder, { recursive: true })
      writeFileSync(ended(token), '')
    },
    hasEnded: ({ token }: Ticket) => existsSync(ended(token)),
  }
}
