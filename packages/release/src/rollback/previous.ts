import { isUnfinishedWayBack } from '../record/changes.ts'
import { badMark, goodReleases, isOpen, olderReleases } from '../record/releases.ts'
import type { Intent, RecordState, Release } from '../record/state.ts'

/** What serves one service now. */
export interface PresentService {
  service: string
  /** `family:revision` */
  taskDefinition: string
}

export type Previous =
  /** A way back is on record that has not ended: the same question has the same answer. */
  | { kind: 'under-way'; wayBack: Intent }
  /**
   * The release before has gone back already, by ECS or by the step that deployed it: there is a good release in
   * service.
   */
  | { kind: 'gone-back'; failed: Intent; serves: Release; further: Release | undefined }
  /** Best first; empty where the record knows none. */
  | { kind: 'releases'; releases: Release[] }

/**
 * Where a rollback to `previous` goes: the newest release that ended well, is older than what is meant to serve and
 * is not marked bad. Meant to serve is a release that has written down its target; otherwise what serves now. What
 * is on record nowhere (a failed release, a change by hand) is newer than all.
 */
export function previousOf(state: RecordState, present: PresentService[]): Previous {
  const { intent, bad } = state
  if (isUnfinishedWayBack(intent)) return { kind: 'under-way', wayBack: intent }
  const good = goodReleases(state)
  const [newest] = good
  const isDeployed = intent?.kind === 'release' && isOpen(intent) && Object.keys(intent.target).length > 0
  const serving = present.map(({ service, taskDefinition }) =>
    good.find((release) => release.services[service] === taskDefinition),
  )
  const isUnknown = serving.length === 0 || serving.includes(undefined)
  const newestServing = serving.filter((one) => one !== undefined).sort((a, b) => b.number - a.number)[0]
  const releases = olderReleases(good, bad, isDeployed || isUnknown ? undefined : newestServing)
  const failed = intent?.kind === 'release' && intent.outcome ? intent : undefined
  const serves = newest && !badMark(bad, newest) && isAllOf(newest, present) ? newest : undefined
  if (failed && serves && !badMark(bad, failed))
    return { kind: 'gone-back', failed, serves, further: releases.find((one) => one.number < serves.number) }
  return { kind: 'releases', releases }
}

function isAllOf({ services }: Release, present: PresentService[]): boolean {
  return present.every(({ service, taskDefinition }) => services[service] === taskDefinition)
}

/** Releases whose commit starts with `prefix`, newest first. */
export function releasesOfCommit(state: RecordState, prefix: string): Release[] {
  return goodReleases(state).filter(({ commit }) => commit?.startsWith(prefix))
}
