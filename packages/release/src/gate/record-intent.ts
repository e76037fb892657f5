import type { RecordKey } from '../record/names.ts'
import { type RecordStore, type StoredRecord, updateRecord } from '../record/record.ts'
import type { RecordState } from '../record/state.ts'
import type { GateAnswer } from './types.ts'

export interface IntentAnswer {
  answer: GateAnswer
  /** As it was written; where the gate refused, as it was found. */
  record: StoredRecord
}

/**
 * Asks the gate on the very state that the write replaces, and writes `change` only when it lets go: whatever another
 * writer puts there in between is seen. A refusal leaves the record as it was. For every intent: a release, a way back,
 * a migration.
 */
export async function recordIntent(
  store: RecordStore,
  key: RecordKey,
  ask: (state: RecordState) => Promise<GateAnswer>,
  change: (state: RecordState, answer: Extract<GateAnswer, { go: true }>) => RecordState,
): Promise<IntentAnswer> {
  const asked: GateAnswer[] = []
  const record = await updateRecord(store, key, async (state) => {
    const answer = await ask(state)
    asked.push(answer)
    return answer.go ? change(state, answer) : state
  })
  return { answer: asked.at(-1)!, record }
}
