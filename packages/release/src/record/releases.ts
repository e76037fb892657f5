import type { BadMark, Intent, RecordState, Release, Subject } from './state.ts'

/** What tells one image from another: its digest, and the sources it was built from. */
export type ImageIdentity = Pick<Subject, 'digest' | 'sourceKey'>

/** The mark that an image has, by its digest or by its sources. */
export function badMark(bad: BadMark[], { digest, sourceKey }: ImageIdentity): BadMark | undefined {
  return bad.find(
    (mark) =>
      (digest !== undefined && mark.digest === digest) || (sourceKey !== undefined && mark.sourceKey === sourceKey),
  )
}

/** What the record knows of a digest, from the intent or from a release. */
export function knownImage(
  { intent, releases }: RecordState,
  digest: string | undefined,
): Intent | Release | undefined {
  return digest === undefined ? undefined : [intent, ...releases].find((one) => one?.digest === digest)
}

/** Whether a release or way back is under way, as far as the record knows. */
export function isOpen(intent: Intent | undefined): intent is Intent {
  return intent !== undefined && !intent.outcome && !intent.completed
}

/** Whether the intent is the release of this run (of this attempt of it), which has not ended badly. */
export function isReleaseOf(
  intent: Intent | undefined,
  { run, digest }: { run?: string; digest?: string },
): intent is Intent & { kind: 'release' } {
  const isAnother = intent?.digest !== undefined && digest !== undefined && intent.digest !== digest
  return intent?.kind === 'release' && !intent.outcome && !isAnother && run !== undefined && intent.run === run
}

/** Whether the intent is a way back that was begun while the release of this run was under way. */
export function wentBackFrom(
  intent: Intent | undefined,
  run: string | undefined,
): intent is Intent & { kind: 'rollback' } {
  return intent?.kind === 'rollback' && run !== undefined && intent.leaving?.run === run
}

/**
 * Whether the release on record as intent is what serves, however its job ended: all that it meant to put into
 * service completed, and no service of the release before is missing, as it would be between two deployments of one
 * job.
 */
export function intentServes({ intent, releases: [newest] }: RecordState): boolean {
  if (intent?.kind !== 'release' || !intent.completed || intent.outcome) return false
  return Object.keys(newest?.services ?? {}).every((service) => service in intent.services)
}

/** The releases that ended well, and before them the intent, where it is what serves. */
export function goodReleases(state: RecordState): Release[] {
  return state.intent && intentServes(state) ? withNewest(state.releases, releaseOf(state.intent)) : state.releases
}

/** Of `releases`, those made before `present` (undefined: all) and not marked bad, in their order. */
export function olderReleases(releases: Release[], bad: BadMark[], present: Release | undefined): Release[] {
  return releases.filter((release) => (!present || release.number < present.number) && !badMark(bad, release))
}

/** The release that an intent has become. A way back is as old as what it went back to. */
export function releaseOf(intent: Intent, at?: string): Release {
  const { digest, sourceKey, commit, level, services, run, runOrder, since, completed } = intent
  const number = intent.release ?? intent.number
  return { number, digest, sourceKey, commit, level, services, at: completed ?? at ?? since, run, runOrder }
}

/** The same image under the same task definitions stands once in the list: where it last came into service. */
export function withNewest(releases: Release[], newest: Release): Release[] {
  return [newest, ...releases.filter((release) => !isSameRelease(release, newest))]
}

function isSameRelease(one: Release, other: Release): boolean {
  const names = new Set([...Object.keys(one.services), ...Object.keys(other.services)])
  return one.digest === other.digest && [...names].every((name) => one.services[name] === other.services[name])
}
