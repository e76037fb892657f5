import { type Clock, formatDuration, type Log, UserError } from '@deploy-actions/action-kit'
import { fullJitter } from '@deploy-actions/aws'
import { capitalised } from '../text.ts'
import { RegistryError } from './errors.ts'
import { isLostConnection } from './http.ts'

export interface RetryPolicy {
  clock: Clock
  log: Pick<Log, 'info'>
  signal?: AbortSignal | undefined
  random?: () => number
  /** How long one request may go on failing before that is an error. Default 5 minutes. */
  patienceMs?: number
}

/** A large layer may take longer than anyone's patience: it gets this many attempts all the same. */
const leastAttempts = 4
const baseMs = 500
const longestHintMs = 60_000
const transientStatus = [408, 416, 429, 500, 502, 503, 504, 522]
/** Refusals of one attempt that the next, with a session of its own, need not meet. */
const transientCodes = ['TOOMANYREQUESTS', 'BLOB_UPLOAD_UNKNOWN']

/**
 * Repeats `attempt` for minutes where that may mend it: on lost and silent connections, throttling (ECR allows ten
 * PutImage a second per account and region, shared with everyone) and 5xx, with full jitter. Retry-After is obeyed
 * up to a minute. Any other error ends it at once. `attempt` must start afresh every time.
 */
export async function withRetries<T>(
  what: string,
  policy: RetryPolicy,
  attempt: (retries: number) => Promise<T>,
): Promise<T> {
  const { clock, log, signal, random = Math.random, patienceMs = 300_000 } = policy
  let since: number | undefined
  for (let retries = 0; ; retries++) {
    try {
      return await attempt(retries)
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      if (!isTransient(error)) throw error
      const now = clock.now().getTime()
      since ??= now
      const attempts = retries + 1
      if (now - since >= patienceMs && attempts >= leastAttempts) throw exhausted(error, what, attempts, now - since)

      const hint = error instanceof RegistryError ? Math.min(error.retryAfterMs ?? 0, longestHintMs) : 0
      const delay = Math.max(fullJitter(retries, baseMs, random), hint)
      const next =
        retries === 0 ? `again in ${(delay / 1000).toFixed(1)} s` : `waiting up to ${formatDuration(patienceMs)}`
      if (retries < 2) log.info(`${capitalised(what)}: ${reasonOf(error)}; ${next}.`)
      await clock.sleep(delay, signal)
      signal?.throwIfAborted()
    }
  }
}

/** Whether another attempt may succeed where this one failed. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof RegistryError)) return isLostConnection(error)
  return transientStatus.includes(error.status) || transientCodes.includes(error.code)
}

/** Short, for a line of progress: what a reader could do about it comes with the failure. */
function reasonOf(error: unknown): string {
  if (error instanceof RegistryError) return `status ${error.status}${error.said ? ` (${error.said})` : ''}`
  return (error as Error).message
}

function exhausted(error: unknown, what: string, attempts: number, spentMs: number): Error {
  const spent = formatDuration(spentMs)
  const sent = 'What the registry has by now is not sent again.'
  if (!(error instanceof RegistryError))
    return new UserError(
      `The ${what} got no answer: ${attempts} attempts in ${spent} failed, the last one with: ${reasonOf(error)}. Run the job again; if it stays so, check the network and the proxy (HTTPS_PROXY) of this runner. ${sent}`,
      { cause: error },
    )
  const isThrottled = error.status === 429 || error.code === 'TOOMANYREQUESTS'
  const note = isThrottled
    ? `It stayed throttled for ${spent}: other jobs of the account use up the same rate.`
    : `${attempts} attempts in ${spent} failed.`
  return new RegistryError(`${error.message} ${note} ${sent}`, error)
}
