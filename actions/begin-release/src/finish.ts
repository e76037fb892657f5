import type { SSMClient } from '@aws-sdk/client-ssm'
import type { Clock, Log } from '@deploy-actions/action-kit'
import { shortDigest } from '@deploy-actions/ecr'
import {
  intentEnded,
  intentServes,
  isReleaseOf,
  type RecordState,
  readRecord,
  releaseCompleted,
  releaseLock,
  updateRecord,
  wentBackFrom,
} from '@deploy-actions/release'
import type { Ticket } from './tickets.ts'

interface FinishDeps {
  ssm: SSMClient
  clock: Clock
  log: Log
}

/**
 * What `mode: end` and `post` do: writes how the release ended, then gives the lock back, whichever of the two
 * fails. It ended well when deploy-service has completed all its services, whatever failed after that, or when the
 * job succeeded and at least one completed service is noted. Where the release never began (refused, cancelled
 * while waiting) nothing is written. `jobStatus`: `success`, `failure` or `cancelled`, as the runner knows it by
 * then.
 */
export async function finish(ticket: Ticket, jobStatus: string, deps: FinishDeps): Promise<void> {
  try {
    await recordOutcome(ticket, jobStatus, deps)
  } finally {
    if (await releaseLock(deps.ssm, deps.clock, ticket, ticket.token))
      deps.log.info(`The lock of ${ticket.application} in ${ticket.environment} is free again.`)
  }
}

async function recordOutcome(ticket: Ticket, jobStatus: string, { ssm, clock, log }: FinishDeps): Promise<void> {
  const { environment, run } = ticket
  const state = (await readRecord(ssm, ticket))?.state
  const intent = state?.intent
  if (!state || !isReleaseOf(intent, { run })) return sayNotOurs(state, run, log)
  const isSuccess = jobStatus === 'success'
  const name = shortDigest(intent.digest ?? run)
  const services = Object.entries(intent.services).map((pair) => pair.join(' on '))
  if (intentServes(state) || (isSuccess && services.length > 0)) {
    await updateRecord({ ssm, clock }, ticket, releaseCompleted(run, clock.now().toISOString()))
    if (!isSuccess)
      log.notice(
        `The job ended as ${jobStatus}, but deploy-service had completed all services by then, so the release is on record as the one that serves. What the job did not do any more (such as moving a tag) is left to be done.`,
      )
    return log.info(`Recorded: ${name} serves ${environment} (${services.join(', ')}).`)
  }
  const outcome = jobStatus === 'cancelled' ? 'cancelled' : 'failed'
  await updateRecord({ ssm, clock }, ticket, intentEnded({ run }, outcome))
  if (isSuccess)
    log.warning(
      `The job succeeded, but no deploy-service step of it noted a completed service (or could not write it down; its own warnings say so), so nothing is recorded as a release. Give deploy-service the inputs application and environment, or leave begin-release out of jobs that do not deploy.`,
    )
  else
    log.info(
      `Recorded: the release of ${name} to ${environment} ${outcome === 'cancelled' ? 'was cancelled' : 'failed'}.`,
    )
}

/** Why there is nothing to write down for this run. */
function sayNotOurs(state: RecordState | undefined, run: string, log: Log): void {
  const intent = state?.intent
  if (wentBackFrom(intent, run))
    log.warning(
      `An operator${intent.by ? ` (${intent.by})` : ''} went back on ${intent.since}, while this release was under way${intent.run ? ` (${intent.run})` : ''}. It is not recorded as one that ended well.`,
    )
  else if (intent?.outcome && intent.run === run) log.warning(`This release is on record as ${intent.outcome} already.`)
  else log.info('This run has no release under way; nothing is recorded.')
}
