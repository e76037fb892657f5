import { type Clock, formatDuration, type Log, messageOf } from '@deploy-actions/action-kit'
import { capitalised } from '../text.ts'
import { RegistryError } from './errors.ts'
import { isLostConnection } from './http.ts'

export interface RetryPolicy {
  clock: Clock
  log: Pick<Log, 'info'>
  signal?: AbortSignal | undefined
  random?: () => number
  /** How long one request may be throttled before that is an error. Default 5 minutes. */
  throttlingMs?: number
}

const attempts = 6
const longestDelayMs = 15_000
const longestHintMs = 60_000
const transientStatus = [408, 500, 502, 503, 504, 522]

/**
 * Repeats `attempt` on throttling for minutes (ECR allows ten PutImage a second per account and region, shared with everyone), and on lost
 * connections, 408 and 5xx up to six times, with full jitter. Retry-After is obeyed up to a minute. `attempt` must start afresh every time.
 */
export async function withRetries<T>(
  what: string,
  policy: RetryPolicy,
  attempt: (retries: number) => Promise<T>,
): Promise<T> {
  const { clock, log, signal, random = Math.random, throttlingMs = 300_000 } = policy
  let throttledSince: number | undefined
  let failures = 0
  for (let retries = 0; ; retries++) {
    try {
      return await attempt(retries)
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      const throttled = isThrottled(error)
      if (!throttled && !isTransient(error)) throw error
      const now = clock.now().getTime()
      throttledSince ??= throttled ? now : undefined
      if (!throttled) failures++
      const waited = throttledSince === undefined ? 0 : now - throttledSince
      if (failures >= attempts || (throttled && waited >= throttlingMs))
        throw exhausted(error, what, throttled ? waited : attempts)

      const ceiling = Math.min(longestDelayMs, 500 * 2 ** Math.min(retries, 8))
      const hint = error instanceof RegistryError ? Math.min(error.retryAfterMs ?? 0, longestHintMs) : 0
      const delay = Math.max(100, random() * ceiling, hint)
      log.info(`${capitalised(what)}: ${reasonOf(error)}; again in ${(delay / 1000).toFixed(1)} s.`)
      await clock.sleep(delay, signal)
      signal?.throwIfAborted()
    }
  }
}

export function isThrottled(error: unknown): boolean {
  return error instanceof RegistryError && (error.status === 429 || error.code === 'TOOMANYREQUESTS')
}

export function isTransient(error: unknown): boolean {
  if (error instanceof RegistryError) return transientStatus.includes(error.status)
  return isLostConnection(error)
}

function reasonOf(error: unknown): string {
  if (error instanceof RegistryError) return `status ${error.status}${error.said ? ` (${error.said})` : ''}`
  return messageOf(error)
}

function exhausted(error: unknown, what: string, spent: number): Error {
  if (error instanceof RegistryError) {
    const note = isThrottled(error)
      ? `It stayed throttled for ${formatDuration(spent)}: other jobs of the account use up the same rate.`
      : `${spent} attempts failed alike.`
    return new RegistryError(`${error.message} ${note}`, error)
  }
  return new Error(`The ${what} failed ${spent} times, the last time with: ${messageOf(error)}.`, { cause: error })
}
