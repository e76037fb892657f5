import { messageOf, UserError } from '@deploy-actions/action-kit'
import { allOf, frozen, intentEnded, markedBad, servicesCompleted, wayBackBegun, wayBackCompleted } from './changes.ts'
import { olderReleases } from './releases.ts'
import type { RecordState, Release } from './state.ts'

/**
 * An advanced parameter holds 8192 bytes (SSM API: PutParameter); the rest is left for the `write` member and the
 * format's version.
 */
export const largestState = 8192 - 192
const mostReleases = 10
const mostBad = 20
const longestReason = 200
const longestRun = 'https://github.example.com/organisation-name/repository-name/actions/runs/12345678901/attempts/12'

/**
 * Makes the state fit into one SSM parameter: the oldest entries go first, releases down to three, then bad marks,
 * then releases again; never the newest release, nor the one that a rollback would return to. Throws a UserError
 * when even those do not fit.
 */
export function trimRecord(state: RecordState, name: string): RecordState {
  const { bad, freeze } = state
  let trimmed: RecordState = {
    ...state,
    releases: dropOldest(state, mostReleases),
    bad: bad.slice(0, mostBad).map((mark) => ({ ...mark, reason: mark.reason && shortText(mark.reason) })),
    freeze: freeze && { ...freeze, reason: shortText(freeze.reason) },
  }
  for (let size = bytesOf(trimmed); size > largestState; size = bytesOf(trimmed)) {
    const smaller = dropOne(trimmed)
    if (!smaller)
      throw new UserError(
        `The record ${name} would need ${size} bytes, more than the ${largestState} that fit into one SSM parameter, although older releases were dropped already. ${countServices(state)} services are too many for one application: release them as two.`,
      )
    trimmed = smaller
  }
  return trimmed
}

/**
 * Whether the record can take what may come of the release whose target it holds: its completion, and a rollback
 * with freeze and mark. Throws a UserError when it cannot, before anything has happened that it could not hold.
 */
export function checkSizeToCome(state: RecordState, name: string): void {
  const { intent, releases, counter } = state
  if (!intent) return
  const { since, digest, sourceKey, run, target } = intent
  const text = { by: 'x'.repeat(39), reason: 'x'.repeat(longestReason), since }
  const completed = allOf(servicesCompleted(run, target, since), intentEnded({ run }, 'cancelled'))(state)
  const stopped = [markedBad([{ digest, sourceKey, ...text }]), frozen({ ...text, run: longestRun })]
  const wayBack = releases.slice(0, 1).flatMap((newest) => {
    const subject = { ...newest, run: longestRun }
    const release = newest.number
    return [
      wayBackBegun({ ...subject, target: newest.services, since, by: text.by, release }),
      wayBackCompleted({ number: counter + 1, release }, subject, since),
    ]
  })
  try {
    for (const then of [completed, allOf(...stopped, ...wayBack)(completed)]) trimRecord(then, name)
  } catch (error) {
    throw new UserError(
      `${messageOf(error)} With ${countServices(state)} services a rollback of this release could not be written down any more. Nothing was changed.`,
    )
  }
}

function countServices({ intent, releases }: RecordState): number {
  return Object.keys({ ...releases[0]?.services, ...intent?.target }).length
}

function dropOne(state: RecordState): RecordState | undefined {
  const { releases, bad } = state
  const fewer = dropOldest(state, releases.length - 1)
  const oldestBad = bad.findLastIndex(({ digest }) => !releases.some((one) => one.digest === digest))
  if (oldestBad !== -1 && (releases.length <= 3 || fewer.length === releases.length))
    return { ...state, bad: bad.toSpliced(oldestBad, 1) }
  return fewer.length < releases.length ? { ...state, releases: fewer } : undefined
}

/** At most `count` releases (but all that are needed), dropping from the oldest. */
function dropOldest({ releases, bad }: RecordState, count: number): Release[] {
  const [wayBack] = olderReleases(releases, bad, releases[0])
  const spare = releases.filter((release, index) => index > 0 && release !== wayBack)
  const dropped = new Set(spare.slice(Math.max(0, spare.length - Math.max(0, releases.length - count))))
  return releases.filter((release) => !dropped.has(release))
}

/**
 * One line of at most 200 characters. SSM refuses a value that holds `{{`, which would refer to another parameter.
 */
function shortText(text: string): string {
  const line = text.replace(/\s+/g, ' ').replaceAll('{{', '{ {').trim()
  return line.length > longestReason ? `${line.slice(0, longestReason - 1)}…` : line
}

function bytesOf(value: object): number {
  return Buffer.byteLength(JSON.stringify(value))
}
