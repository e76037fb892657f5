import type { ActionResult, ActionRuntime } from '@deploy-actions/action-kit'
import { ssmClient } from '@deploy-actions/release'
import { finish } from './finish.ts'
import { type Ticket, tickets } from './tickets.ts'

/**
 * Ends the releases of this job that nobody has ended yet, each once: by a step with `mode: end`, otherwise by
 * `post`.
 */
export async function endReleases(
  open: Ticket[],
  { inputs, github, clock, log }: ActionRuntime,
): Promise<ActionResult> {
  const kept = tickets(github.temp)
  const jobStatus = inputs.text('job-status') ?? 'unknown'
  const waiting = open.filter((ticket) => !kept.hasEnded(ticket))
  if (waiting.length === 0) log.info('No release of this job is left to be ended.')
  for (const ticket of waiting) {
    await finish(ticket, jobStatus, { ssm: ssmClient({ region: ticket.region, log, clock }), clock, log })
    kept.end(ticket)
  }
  return {}
}
