import type { SSMClient } from '@aws-sdk/client-ssm'
import { type Clock, formatDuration, type Log, UserError } from '@deploy-actions/action-kit'
import { lockName, type RecordKey } from '../record/names.ts'
import { readParameter, writeParameter } from '../store/versioned-parameter.ts'
import { holderOf, type LockHolder, type LockState, mayTake } from './state.ts'

export interface LockDeps {
  ssm: SSMClient
  clock: Clock
  log: Log
  signal?: AbortSignal
}

export interface LockRequest extends RecordKey {
  holder: LockHolder
  /** How long the lock is held at most, should nobody release it. */
  expiresMs: number
  /** How long to wait for another holder. */
  timeoutMs: number
}

export type LockResult =
  | { status: 'held'; until: Date; waitedMs: number; tookOver?: LockHolder }
  | { status: 'timed-out' | 'cancelled'; holder: LockHolder; until?: string; waitedMs: number }

const pollMs = 5_000
const sayAgainMs = 60_000

/**
 * Takes the lock of a record, waiting for whoever holds it, with a line when it changes hands and every minute. A
 * lock past its end, one that an earlier attempt of the same run left behind, and one's own are taken over. Of
 * several takers only one gets it, since every write has to follow the version that its writer read. Needs
 * `ssm:GetParameter` and `ssm:PutParameter` on `<record>/lock`.
 */
export async function acquireLock(deps: LockDeps, request: LockRequest): Promise<LockResult> {
  const { ssm, clock, log, signal } = deps
  const { application, environment, holder, expiresMs, timeoutMs } = request
  const start = clock.now().getTime()
  let said: { token: string; at: number } | undefined

  let known = holder
  while (true) {
    if (signal?.aborted) return { status: 'cancelled', holder: known, waitedMs: clock.now().getTime() - start }
    const { state, newest } = await readLockState(ssm, request)
    const now = clock.now()
    const waitedMs = now.getTime() - start
    known = state?.holder ?? holder

    const held = holderOf(state, now)
    if (!held || mayTake(held, holder)) {
      const until = new Date(now.getTime() + expiresMs)
      const taken = { holder, since: now.toISOString(), until: until.toISOString() }
      const tookOver = state?.holder?.token === holder.token ? undefined : state?.holder
      if (await writeLock(ssm, request, taken, newest)) return { status: 'held', until, waitedMs, tookOver }
      await clock.sleep(Math.random() * 500, signal)
      continue
    }

    if (waitedMs >= timeoutMs) return { status: 'timed-out', holder: held, until: state?.until, waitedMs }
    if (said?.token !== held.token || now.getTime() - said.at >= sayAgainMs) {
      const left = state?.until ? Date.parse(state.until) - now.getTime() : 0
      log.info(
        `Waiting for the lock of ${application} in ${environment}: ${describeHolder(held)} holds it since ${state?.since}${left > 0 ? `, for at most ${formatDuration(left)} more` : ''}. Waited ${formatDuration(waitedMs)} of ${formatDuration(timeoutMs)}.`,
      )
      said = { token: held.token, at: now.getTime() }
    }
    // Jitter, so that several who wait do not ask in step.
    await clock.sleep(Math.min(pollMs * (0.75 + Math.random() / 2), Math.max(0, timeoutMs - waitedMs)), signal)
  }
}

/**
 * Gives the lock back, if it is held under `token`; never another's. Returns whether it was ours. The parameter
 * stays, as free: deleting it could take a lock away that somebody else has got in the meantime.
 */
export async function releaseLock(ssm: SSMClient, clock: Clock, key: RecordKey, token: string): Promise<boolean> {
  for (let attempt = 0; attempt < 10; attempt++) {
    const { state, newest } = await readLockState(ssm, key)
    if (state?.holder?.token !== token) return false
    if (await writeLock(ssm, key, { since: clock.now().toISOString() }, newest)) return true
  }
  throw new UserError(
    `The lock ${lockName(key)} could not be released: others write it all the time. It ends by itself.`,
  )
}

/** Who holds the lock now; undefined when it is free or past its end. */
export async function readLock(ssm: SSMClient, key: RecordKey, now: Date): Promise<LockHolder | undefined> {
  return holderOf((await readLockState(ssm, key)).state, now)
}

/** How to take a lock away from a run that no longer exists. */
export function breakLockText(key: RecordKey): string {
  return `If that run no longer exists: aws ssm delete-parameter --name ${lockName(key)}`
}

export function describeHolder(holder: LockHolder): string {
  const what = [holder.by && `by ${holder.by}`, holder.what && `for ${holder.what}`].filter(Boolean).join(', ')
  return `${holder.run}${what ? ` (${what})` : ''}`
}

/**
 * A damaged lock counts as free: it protects nothing that can be named, and would hold up every release for ever.
 */
async function readLockState(ssm: SSMClient, key: RecordKey): Promise<{ state?: LockState; newest: number }> {
  const { value, newest = 0 } = (await readParameter(ssm, lockName(key))) ?? {}
  return { state: value as LockState | undefined, newest }
}

async function writeLock(ssm: SSMClient, key: RecordKey, state: LockState, after: number): Promise<boolean> {
  const description = 'Held by one release at a time; written by deploy-actions'
  return (await writeParameter(ssm, lockName(key), { ...state }, after, description)) !== undefined
}
