import { type AdmissionQuestion, freezeHolds } from './admission.ts'

/**
 * Why a deployment that was admitted, and has completed since, is not wanted any more: an operator went back while it ran (a rollback waits for nobody). Undefined when nothing
 * speaks against it. A freeze alone does not stop a release that is under way on record; it ends the release that nobody has recorded, whose overruling shows in nothing else.
 */
export function overruledText({ state, digest, commit, run, now }: AdmissionQuestion): string | undefined {
  if (!state) return undefined
  const { attempt, freeze } = state
  const own = attempt?.run === run || attempt?.digest === digest ? attempt : undefined
  const bad = state.bad.find((entry) => entry.digest === digest)
  const holds = freezeHolds(freeze, commit, now) ? freeze : undefined
  const isOver = bad || (own ? own.run === run && own.outcome === 'rolled-back' : holds)
  if (!isOver) return undefined
  const { by, reason, since } = bad ?? holds ?? {}
  const who = by ? ` (${by}${since ? ` on ${since}` : ''}${reason ? `: ${reason}` : ''})` : ''
  return `An operator went back${who} while this release was being deployed. It completed all the same, so it may serve against that decision: look at what the services run, and run rollback again if it is this release. It is not recorded as one that ended well, and no tag should move to it.`
}
