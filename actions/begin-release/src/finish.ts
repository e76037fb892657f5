import type { SSMClient } from '@aws-sdk/client-ssm'
import type { Clock, Log } from '@deploy-actions/action-kit'
import { shortDigest } from '@deploy-actions/ecr'
import {
  intentEnded,
  intentServes,
  isReleaseOf,
  leaves,
  type RecordState,
  readRecord,
  releaseCompleted,
  releaseLock,
  updateRecord,
} from '@deploy-actions/release'
import type { Ticket } from './tickets.ts'

export interface Ending extends Ticket {
  /** `success`, `failure` or `cancelled`, as the runner knows it when it evaluates the input. */
  jobStatus: string
}

/**
 * What `mode: end` and `post` do: writes how the release ended, then gives the lock back, whichever of the two fails.
 * It ended well when deploy-service has completed all its services, whatever failed after that, or when the job
 * succeeded and at least one completed service is noted. Where the release never began (refused, cancelled while
 * waiting) nothing is written.
 */
export async function finish(ending: Ending, deps: { ssm: SSMClient; clock: Clock; log: Log }): Promise<void> {
  const { application, environment, token } = ending
  try {
    await recordOutcome(ending, deps)
  } finally {
    if (await releaseLock(deps.ssm, deps.clock, { application, environment, token }))
      deps.log.info(`The lock of ${application} in ${environment} is free again.`)
  }
}

async function recordOutcome(ending: Ending, { ssm, clock, log }: { ssm: SSMClient; clock: Clock; log: Log }) {
  const { environment, run, jobStatus } = ending
  const store = { ssm, clock }
  const state = (await readRecord(ssm, ending))?.state
  const intent = state?.intent
  if (!state || !isReleaseOf(intent, { run })) {
    sayNotOurs(state, run, log)
    return
  }
  const services = Object.entries(intent.services)
  const now = clock.now().toISOString()
  const serves = intentServes(state)
  if (serves || (jobStatus === 'success' && services.length > 0)) {
    await updateRecord(store, ending, releaseCompleted(run, now))
    if (jobStatus !== 'success')
      log.notice(
        `The job ended as ${jobStatus}, but deploy-service had completed all services by then, so the release is on record as the one that serves. What the job did not do any more (such as moving a tag) is left to be done.`,
      )
    log.info(
      `Recorded: ${shortDigest(intent.digest ?? run)} serves ${environment} (${services.map((pair) => pair.join(' on ')).join(', ')}).`,
    )
    return
  }
  const outcome = jobStatus === 'cancelled' ? 'cancelled' : 'failed'
  await updateRecord(store, ending, intentEnded({ run }, outcome))
  if (jobStatus === 'success')
    log.warning(
      `The job succeeded, but no deploy-service step of it noted a completed service (or could not write it down; its own warnings say so), so nothing is recorded as a release. Give deploy-service the inputs application and environment, or leave begin-release out of jobs that do not deploy.`,
    )
  else
    log.info(
      `Recorded: the release of ${shortDigest(intent.digest ?? run)} to ${environment} ${outcome === 'cancelled' ? 'was cancelled' : 'failed'}.`,
    )
}

/** Why there is nothing to write down for this run. */
function sayNotOurs(state: RecordState | undefined, run: string, log: Log): void {
  const intent = state?.intent
  if (leaves(intent, run))
    log.warning(
      `An operator${intent.by ? ` (${intent.by})` : ''} went back on ${intent.since}, while this release was under way${intent.run ? ` (${intent.run})` : ''}. It is not recorded as one that ended well.`,
    )
  else if (intent?.outcome && intent.run === run) log.warning(`This release is on record as ${intent.outcome} already.`)
  else log.info('This run has no release under way; nothing is recorded.')
}
