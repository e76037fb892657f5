import { familyRevision } from '@deploy-actions/ecs'
import { goodReleases, type RecordState, recordName } from '@deploy-actions/release'
import type { Deps } from '../deps.ts'
import type { Inputs } from '../inputs.ts'
import type { Wanted } from '../revision/types.ts'
import { stateNow } from './question.ts'

/** Says where the services run something other than the newest release of the record. */
export async function sayDrift(inputs: Inputs, wanted: Wanted[], deps: Deps): Promise<void> {
  const state = await stateNow(inputs, deps)
  const newest = state && goodReleases(state)[0]
  if (!newest) return
  for (const { target } of wanted) {
    const recorded = newest.services[target.name]
    const runs = familyRevision(target.runs)
    if (recorded && recorded !== runs)
      deps.log.warning(
        `${target.name} runs ${runs}, but the record ${recordName(inputs.release!)} says ${recorded} (released ${newest.at}): ${driftCause(state, target.name, runs)}. This release goes on from what runs.`,
      )
  }
}

function driftCause({ intent }: RecordState, service: string, runs: string): string {
  if (intent && (intent.target[service] === runs || intent.services[service] === runs))
    return `it was deployed by the ${intent.kind === 'release' ? 'release' : 'way back'} of ${intent.since}${intent.run ? ` (${intent.run})` : ''}, which ${intent.outcome ? `ended as ${intent.outcome}` : 'did not come to its end'}`
  return 'since then a release left it there that failed, was cancelled or timed out, or it was changed by hand or with an infrastructure tool'
}
