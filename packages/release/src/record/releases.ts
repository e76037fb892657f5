import type { BadDigest, Release } from './state.ts'

/** When a release was made, which for one that an operator went back to is not when it came into service again. */
export function releasedAt(release: Release): string {
  return release.first ?? release.at
}

/**
 * Releases made before `present`, without those that are marked bad, in the order in which they came into service (again), the last one first: what an operator went back to has served
 * later than what was made after it. Undefined as `present`: all.
 */
export function olderReleases(releases: Release[], bad: BadDigest[], present: Release | undefined): Release[] {
  return releases
    .filter((release) => !present || Date.parse(releasedAt(release)) < Date.parse(releasedAt(present)))
    .filter(({ digest }) => !bad.some((entry) => entry.digest === digest))
}
