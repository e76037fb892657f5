import type { SSMClient } from '@aws-sdk/client-ssm'
import { type Clock, systemClock, UserError } from '@deploy-actions/action-kit'
import { readParameter, writeParameter } from '../store/versioned-parameter.ts'
import { decodeRecord, recordFormat } from './decode.ts'
import { type RecordKey, recordName } from './names.ts'
import { trimRecord } from './size.ts'
import { emptyState, type RecordState } from './state.ts'

export interface StoredRecord {
  /** `/deploy-actions/<application>/<environment>` */
  name: string
  state: RecordState
  /** SSM's version of the parameter; 0 when it does not exist yet. */
  version: number
  /** The version that the next writer has to follow; higher than `version` after a lost race. */
  newest: number
}

const mostAttempts = 15

/** What it takes to write the record. */
export interface RecordStore {
  ssm: SSMClient
  clock?: Clock
  /** The run's cancel: after it nothing is written any more. */
  signal?: AbortSignal
}

/**
 * Reads the record; undefined when there is none yet. Needs `ssm:GetParameter` on the parameter. Throws a UserError
 * for a damaged record and for one of a newer format.
 */
export async function readRecord(ssm: SSMClient, key: RecordKey): Promise<StoredRecord | undefined> {
  const name = recordName(key)
  const stored = await readParameter(ssm, name)
  return stored && { name, state: decodeRecord(stored, name), version: stored.version, newest: stored.newest }
}

/**
 * Reads the record, applies `change` and writes it after the version that was read; when another writer came first,
 * does it again with what that one wrote. So `change` always judges the very state that the write replaces, and may
 * ask and wait while it does. Creates the record where there is none. A change that returns the very same object
 * writes nothing. Needs `ssm:GetParameter` and `ssm:PutParameter`. Throws a UserError when the run is cancelled
 * before the write.
 */
export async function updateRecord(
  { ssm, clock = systemClock, signal }: RecordStore,
  key: RecordKey,
  change: (state: RecordState) => RecordState | Promise<RecordState>,
): Promise<StoredRecord> {
  const name = recordName(key)
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    if (attempt > 0) await clock.sleep(Math.random() * Math.min(5_000, 50 * 2 ** attempt), signal)
    const before = (await readRecord(ssm, key)) ?? { name, state: emptyState, version: 0, newest: 0 }
    const after = await change(before.state)
    if (after === before.state) return before
    const state = trimRecord(after, name)
    if (signal?.aborted) throw new UserError(`Cancelled before the record ${name} was written. Nothing was changed.`)
    const description = `Releases of ${key.application} in ${key.environment}; written by deploy-actions`
    const version = await writeParameter(ssm, name, { format: recordFormat, ...state }, before.newest, description)
    if (version !== undefined) return { name, state, version, newest: version }
  }
  throw new UserError(
    `The record ${name} was changed by others ${mostAttempts} times while this step tried to write it. Nothing of this step was written; see who writes it with "aws ssm get-parameter-history --name ${name}", and run the job again.`,
  )
}
