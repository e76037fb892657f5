import { messageOf } from '@deploy-actions/action-kit'
import { gateText, type RecordState, recordName } from '@deploy-actions/release'
import type { Deps, UndoRight } from '../deps.ts'
import type { Inputs } from '../inputs.ts'
import type { Wanted } from '../revision/types.ts'
import { askFor, imagesBefore, stateNow } from './question.ts'

/** Whether the gate lets us go back to what served before. */
export async function undoRight(inputs: Inputs, wanted: Wanted[], state: RecordState, deps: Deps): Promise<UndoRight> {
  try {
    const answer = await askFor('undo', state, await imagesBefore(wanted, state, deps), inputs, deps)
    if (answer.go && answer.because === 'unguarded') return { allowed: true, why: 'The application has no migrations.' }
    if (answer.go) return { allowed: true, why: 'The present release expects the schema that the database has.' }
    const { refusal } = answer
    const { pending, schema } = state
    const database = pending ? `${pending.level} (pending)` : schema?.level
    return {
      allowed: false,
      why: gateText(refusal, recordName(inputs.release!)).replace(/ Nothing was changed\./, ''),
      ...('level' in refusal && database !== undefined && { schema: { code: refusal.level, database } }),
    }
  } catch (error) {
    return { allowed: false, why: messageOf(error) }
  }
}

/** The same, by what the record says now; where that cannot be read, as it was right before the update. */
export async function undoRightNow(
  inputs: Inputs,
  wanted: Wanted[],
  before: UndoRight,
  deps: Deps,
): Promise<UndoRight> {
  if (deps.cancelled.aborted) return before
  try {
    const state = await stateNow(inputs, deps)
    return state ? await undoRight(inputs, wanted, state, deps) : before
  } catch (error) {
    deps.log.warning(`Whether the release may be undone was not asked again. ${messageOf(error)}`)
    return before
  }
}
