import { isSameRun } from '../record/names.ts'

/** Who holds the lock. Whoever reads it should be able to find that run. */
export interface LockHolder {
  /** Made by the holder before it asks, so that it can release whatever it may have got before it was killed. */
  token: string
  /** Link to the run, or another text that names the holder. */
  run: string
  attempt?: number
  job?: string
  by?: string
  /** What for: a commit or digest. */
  what?: string
}

export interface LockState {
  /** Absent when the lock is free. */
  holder?: LockHolder
  since: string
  /** From then on others may take it. */
  until?: string
}

/** Allowed difference between the clocks of two runners. A lock is taken over only that long after its end. */
export const clockSkewMs = 60_000

/** Whether `holder` may have the lock that is in this state. */
export function isAvailable(state: LockState | undefined, holder: LockHolder, now: Date): boolean {
  const held = state?.holder
  if (!held || held.token === holder.token) return true
  if (state.until && now.getTime() > Date.parse(state.until) + clockSkewMs) return true
  return isEarlierAttempt(held, holder)
}

/** A run is repeated only after its previous attempt has ended, so what that one left behind holds nobody up. */
function isEarlierAttempt(held: LockHolder, holder: LockHolder): boolean {
  return isSameRun(held.run, holder.run) && held.job === holder.job && (held.attempt ?? 1) < (holder.attempt ?? 1)
}
