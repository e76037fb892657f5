import type { ActionResult, Clock, Log } from '@deploy-actions/action-kit'
import { ssmClient } from '@deploy-actions/release'
import { finish } from './finish.ts'
import type { Ticket, tickets } from './tickets.ts'

export interface EndDeps {
  clock: Clock
  log: Log
  tickets: ReturnType<typeof tickets>
}

/** Ends the releases of this job that nobody has ended yet, each once: by a step with `mode: end`, otherwise by `post`. */
export async function endReleases(open: Ticket[], jobStatus: string, deps: EndDeps): Promise<ActionResult> {
  const { clock, log, tickets } = deps
  const waiting = open.filter((ticket) => !tickets.hasEnded(ticket))
  if (waiting.length === 0) log.info('No release of this job is left to be ended.')
  for (const ticket of waiting) {
    await finish({ ...ticket, jobStatus }, { ssm: ssmClient({ region: ticket.region, log, clock }), clock, log })
    tickets.end(ticket)
  }
  return {}
}
