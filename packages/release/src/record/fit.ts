import { UserError } from '@deploy-actions/action-kit'
import { olderReleases } from './releases.ts'
import { bytesOf, packed } from './services.ts'
import type { RecordState } from './state.ts'

/** A standard parameter holds 4096 bytes; the rest is left for the `write` member and the format's version. */
export const largestState = 4096 - 96
const mostReleases = 10
const mostBad = 20
export const longestReason = 200

/**
 * Makes the state fit into an SSM standard parameter, with its services packed where they have to be (see `storedForm`): the oldest entries go first, releases down to three, then bad digests, then
 * releases again; never the newest release, nor the one that a rollback would return to. Throws a UserError when even those do not fit.
 */
export function fitRecord(state: RecordState, name: string): RecordState {
  let fitted = withShortTexts({
    ...state,
    releases: trim(state, mostReleases),
    bad: state.bad.slice(0, mostBad),
  })
  for (let size = bytesOf(packed(fitted)); size > largestState; size = bytesOf(packed(fitted))) {
    const smaller = dropOne(fitted)
    if (!smaller)
      throw new UserError(
        `The record ${name} would need ${size} bytes, more than the ${largestState} that fit into one SSM parameter, although older releases were dropped already. ${Object.keys(state.attempt?.services ?? state.releases[0]?.services ?? {}).length} services are too many for one application: release them as two.`,
      )
    fitted = smaller
  }
  return fitted
}

function dropOne(state: RecordState): RecordState | undefined {
  const fewerReleases = { ...state, releases: trim(state, state.releases.length - 1) }
  if (state.releases.length > 3 && fewerReleases.releases.length < state.releases.length) return fewerReleases
  const oldestBad = state.bad.findLastIndex(
    ({ digest }) => !state.releases.some((release) => release.digest === digest),
  )
  if (oldestBad !== -1) return { ...state, bad: state.bad.filter((_, index) => index !== oldestBad) }
  return fewerReleases.releases.length < state.releases.length ? fewerReleases : undefined
}

/** At most `count` releases (but all that are needed), dropping from the oldest. */
function trim({ releases, bad }: RecordState, count: number): RecordState['releases'] {
  const [wayBack] = olderReleases(releases, bad, releases[0])
  const kept = [...releases]
  for (let index = releases.length - 1; index > 0 && kept.length > count; index--)
    if (releases[index] !== wayBack) kept.splice(index, 1)
  return kept
}

function withShortTexts(state: RecordState): RecordState {
  return {
    ...state,
    bad: state.bad.map((entry) => (entry.reason ? { ...entry, reason: shortText(entry.reason) } : entry)),
    ...(state.freeze ? { freeze: { ...state.freeze, reason: shortText(state.freeze.reason) } } : {}),
  }
}

/** One line of at most 200 characters. SSM refuses a value that holds `{{`, which would refer to another parameter. */
function shortText(text: string): string {
  const line = text.replace(/\s+/g, ' ').replaceAll('{{', '{ {').trim()
  return line.length > longestReason ? `${line.slice(0, longestReason - 1)}…` : line
}
