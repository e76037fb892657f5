import type { SSMClient } from '@aws-sdk/client-ssm'
import { type Clock, formatDuration, type Log, UserError } from '@deploy-actions/action-kit'
import { lockName } from '../record/names.ts'
import { type Stored, writeParameter } from '../store/versioned-parameter.ts'
import { readLockParameter } from './read.ts'
import { isAvailable, type LockHolder, type LockState } from './state.ts'

export interface LockDeps {
  ssm: SSMClient
  clock: Clock
  log: Log
  signal?: AbortSignal
}

export interface LockRequest {
  application: string
  environment: string
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
 * Takes the lock of a record, waiting for whoever holds it, with a line when it changes hands and every minute. A lock
 * past its end, one that an earlier attempt of the same run left behind, and one's own are taken over. Of several
 * takers only one gets it, since every write has to follow the version that its writer read. Needs `ssm:GetParameter`
 * and `ssm:PutParameter` on `<record>/lock`.
 */
export async function acquireLock(deps: LockDeps, request: LockRequest): Promise<LockResult> {
  const { ssm, clock, log, signal } = deps
  const { application, environment, holder, expiresMs, timeoutMs } = request
  const name = lockName({ application, environment })
  const start = clock.now().getTime()
  let said: { token: string; at: number } | undefined

  while (true) {
    const stored = await readLockParameter(ssm, name)
    const now = clock.now()
    const state = stored && (stored.value as unknown as LockState)
    const waitedMs = now.getTime() - start
    if (signal?.aborted) return { status: 'cancelled', holder: state?.holder ?? holder, waitedMs }

    if (isAvailable(state, holder, now)) {
      const until = new Date(now.getTime() + expiresMs)
      const taken = { holder, since: now.toISOString(), until: until.toISOString() } satisfies LockState
      if (await writeLock(ssm, name, taken, stored)) {
        const tookOver = state?.holder?.token === holder.token ? undefined : state?.holder
        return { status: 'held', until, waitedMs, ...(tookOver ? { tookOver } : {}) }
      }
      await clock.sleep(Math.random() * 500, signal)
      continue
    }

    const held = state!.holder!
    if (waitedMs >= timeoutMs) return { status: 'timed-out', holder: held, until: state!.until, waitedMs }
    if (said?.token !== held.token || now.getTime() - said.at >= sayAgainMs) {
      const left = state?.until ? Date.parse(state.until) - now.getTime() : 0
      log.info(
        `Waiting for the lock of ${application} in ${environment}: ${describeHolder(held)} holds it since ${state!.since}${left > 0 ? `, for at most ${formatDuration(left)} more` : ''}. Waited ${formatDuration(waitedMs)} of ${formatDuration(timeoutMs)}.`,
      )
      said = { token: held.token, at: now.getTime() }
    }
    // Jitter, so that several who wait do not ask in step.
    await clock.sleep(Math.min(pollMs * (0.75 + Math.random() / 2), Math.max(0, timeoutMs - waitedMs)), signal)
  }
}

/**
 * Gives the lock back, if it is held under `token`; never another's. Returns whether it was ours. The parameter stays,
 * as free: deleting it could take a lock away that somebody else has got in the meantime.
 */
export async function releaseLock(
  ssm: SSMClient,
  clock: Clock,
  request: { application: string; environment: string; token: string },
): Promise<boolean> {
  const name = lockName(request)
  for (let attempt = 0; attempt < 10; attempt++) {
    const stored = await readLockParameter(ssm, name)
    const state = stored && (stored.value as unknown as LockState)
    if (!stored || state?.holder?.token !== request.token) return false
    if (await writeLock(ssm, name, { since: clock.now().toISOString() }, stored)) return true
  }
  throw new UserError(`The lock ${name} could not be released: others write it all the time. It ends by itself.`)
}

/** How to take a lock away from a run that no longer exists. */
export function breakLockText(application: string, environment: string): string {
  return `If that run no longer exists: aws ssm delete-parameter --name ${lockName({ application, environment })}`
}

export function describeHolder(holder: LockHolder): string {
  const what = [holder.by && `by ${holder.by}`, holder.what && `for ${holder.what}`].filter(Boolean).join(', ')
  return `${holder.run}${what ? ` (${what})` : ''}`
}

async function writeLock(ssm: SSMClient, name: string, state: LockState, previous: Stored | undefined) {
  const description = 'Held by one release at a time; written by deploy-actions'
  return (await writeParameter(ssm, name, { ...state }, previous, description)) !== undefined
}
