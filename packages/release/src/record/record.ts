import type { SSMClient } from '@aws-sdk/client-ssm'
import { type Clock, systemClock, UserError } from '@deploy-actions/action-kit'
import { DamagedValue, readParameter, type Stored, writeParameter } from '../store/versioned-parameter.ts'
import type { Change } from './changes.ts'
import { damagedRecord, decodeRecord, recordFormat } from './decode.ts'
import { fitRecord, largestState } from './fit.ts'
import { recordName } from './names.ts'
import { storedForm } from './services.ts'
import { emptyState, type RecordState } from './state.ts'

export interface StoredRecord {
  /** `/deploy-actions/<application>/<environment>` */
  name: string
  state: RecordState
  /** SSM's version of the parameter; 0 when it does not exist yet. */
  version: number
}

const mostAttempts = 15

/**
 * Reads the record; undefined when there is none yet. Needs `ssm:GetParameter` on the parameter. Throws a UserError for a damaged record and for
 * one of a newer format.
 */
export async function readRecord(
  ssm: SSMClient,
  application: string,
  environment: string,
): Promise<StoredRecord | undefined> {
  const name = recordName(application, environment)
  const stored = await readStored(ssm, name)
  return stored && { name, state: decodeRecord(stored.value, name, stored.version), version: stored.version }
}

/**
 * Reads the record, applies `change` and writes it after the version that was read; when another writer came first, does it again with what that one
 * wrote, so `change` must be a plain function of the state. Creates the record where there is none. A change that returns the very same object writes
 * nothing. Needs `ssm:GetParameter` and `ssm:PutParameter`.
 */
export async function updateRecord(
  ssm: SSMClient,
  application: string,
  environment: string,
  change: Change,
  clock: Clock = systemClock,
): Promise<StoredRecord> {
  const name = recordName(application, environment)
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    if (attempt > 0) await clock.sleep(Math.random() * Math.min(5_000, 50 * 2 ** attempt))
    const stored = await readStored(ssm, name)
    const before = stored ? decodeRecord(stored.value, name, stored.version) : emptyState
    const after = change(before)
    if (after === before) return { name, state: before, version: stored?.version ?? 0 }
    const state = fitRecord(after, name)
    const description = `Releases of ${application} in ${environment}; written by deploy-actions`
    const version = await writeParameter(
      ssm,
      name,
      { format: recordFormat, ...storedForm(state, largestState) },
      stored,
      description,
    )
    if (version !== undefined) return { name, state, version }
  }
  throw new UserError(
    `The record ${name} was changed by others ${mostAttempts} times while this step tried to write it. Nothing of this step was written; see who writes it with "aws ssm get-parameter-history --name ${name}", and run the job again.`,
  )
}

async function readStored(ssm: SSMClient, name: string): Promise<Stored | undefined> {
  try {
    return await readParameter(ssm, name)
  } catch (error) {
    if (error instanceof DamagedValue) throw damagedRecord(name, error.version, 'no JSON object')
    throw error
  }
}
