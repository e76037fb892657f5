import type { SSMClient } from '@aws-sdk/client-ssm'
import { lockName } from '../record/names.ts'
import { DamagedValue, readParameter, type Stored } from '../store/versioned-parameter.ts'
import { clockSkewMs, type LockHolder, type LockState } from './state.ts'

/** Who holds the lock now; undefined when it is free or past its end. */
export async function readLock(
  ssm: SSMClient,
  application: string,
  environment: string,
  now: Date,
): Promise<LockHolder | undefined> {
  const stored = await readLockParameter(ssm, lockName({ application, environment }))
  const state = stored && (stored.value as unknown as LockState)
  if (state?.until && now.getTime() > Date.parse(state.until) + clockSkewMs) return undefined
  return state?.holder
}

/** A damaged lock counts as free: it protects nothing that can be named, and would hold up every release for ever. */
export async function readLockParameter(ssm: SSMClient, name: string): Promise<Stored | undefined> {
  try {
    return await readParameter(ssm, name)
  } catch (error) {
    if (!(error instanceof DamagedValue)) throw error
    return { value: {}, version: error.version, newest: error.version, modified: undefined }
  }
}
