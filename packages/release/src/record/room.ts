import { UserError } from '@deploy-actions/action-kit'
import { allOf, attemptCompleted, frozen, markedBad, releaseBegun, releaseCompleted, rolledBackTo } from './changes.ts'
import { fitRecord, longestReason } from './fit.ts'
import type { Attempt, RecordState } from './state.ts'

const longestRun = 'https://github.example.com/organisation-name/repository-name/actions/runs/12345678901/attempts/12'

/**
 * Whether the record can take what will come of this release: its services (those of the release before, with revisions of more digits), its completion, a rollback with freeze and mark. Throws
 * a UserError when it cannot, before anything has happened that it could not hold. `state` is the record before the release begins.
 */
export function checkRoom(state: RecordState, attempt: Attempt, name: string): void {
  const [newest] = state.releases
  const services = Object.fromEntries(
    Object.entries(newest?.services ?? {}).map(([service, revision]) => [service, `${revision}0`]),
  )
  const { digest, since, run } = attempt
  const text = { by: 'x'.repeat(39), reason: 'x'.repeat(longestReason), since }
  const completed = allOf(releaseBegun({ ...attempt, services }), attemptCompleted(digest, since))
  const stopped = allOf(markedBad([{ digest, ...text }]), frozen({ ...text, run: longestRun }))
  const back = newest ? [rolledBackTo({ ...newest, services, at: since, run: longestRun }, newest)] : []
  try {
    fitRecord(allOf(completed, stopped)(state), name)
    fitRecord(allOf(completed, releaseCompleted(run, since), stopped, ...back)(state), name)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    throw new UserError(
      `${error.message} With ${Object.keys(services).length} services a rollback of this release could not be written down any more. Nothing was changed.`,
    )
  }
}
