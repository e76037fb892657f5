import type { RecordKey } from '../record/names.ts'
import { type RecordStore, type StoredRecord, updateRecord } from '../record/record.ts'
import type { RecordState } from '../record/state.ts'
import type { GateAnswer, GateGo } from './types.ts'

/**
 * Asks the gate on the very state that the write replaces, and writes `change` only when it lets go: whatever
 * another writer puts there in between is seen. A refusal leaves the record as it was. For every intent: a release,
 * a way back, a migration. Returns the record as it was written or, where the gate refused, as it was found.
 */
export async function recordIntent<Answer extends GateAnswer | { go: false }>(
  store: RecordStore,
  key: RecordKey,
  ask: (state: RecordState) => Promise<Answer>,
  change: (state: RecordState, answer: GateGo) => RecordState,
): Promise<{ answer: Answer; record: StoredRecord }> {
  let answer!: Answer
  const record = await updateRecord(store, key, async (state) => {
    answer = await ask(state)
    return answer.go ? change(state, answer) : state
  })
  return { answer, record }
}
