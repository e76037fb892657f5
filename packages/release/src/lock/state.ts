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
const clockSkewMs = 60_000

/** Who holds the lock that is in this state; undefined when it is free or past its end. */
export function holderOf(state: LockState | undefined, now: Date): LockHolder | undefined {
  return state?.until && now.getTime() > Date.parse(state.until) + clockSkewMs ? undefined : state?.holder
}

/**
 * Whether `holder` may have the lock that `held` has: it is its own, or that of an earlier attempt. A run is
 * repeated only after its previous attempt has ended, so what that one left behind holds nobody up.
 */
export function mayTake(held: LockHolder, holder: LockHolder): boolean {
  const isEarlier = (held.attempt ?? 1) < (holder.attempt ?? 1)
  return held.token === holder.token || (isSameRun(held.run, holder.run) && held.job === holder.job && isEarlier)
}
