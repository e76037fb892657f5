import type { Clock } from '@deploy-actions/action-kit'
import type { RetryErrorInfo, RetryStrategyV2, RetryToken } from '@smithy/types'

export interface RetryOptions {
  clock: Clock
  /** Ends a wait between attempts when the run is cancelled. */
  signal?: AbortSignal
  /** How long one call may be throttled before its error counts. Default 5 minutes. */
  throttlingMs?: number
  /** Called once per call, when its first throttled attempt has to wait. */
  onThrottled?: (error: Error | undefined) => void
  random?: () => number
}

const transientAttempts = 6
const transientBaseMs = 200
const throttlingBaseMs = 500
const longestDelayMs = 15_000

interface PatientToken extends RetryToken {
  retries: number
  throttledSince: number | undefined
}

/**
 * Retries throttling for minutes with full jitter, because API rates are shared by every deployment of an account
 * and region, and lost connections or 5xx a few times. Two errors that the SDK classifies otherwise: `Too many
 * concurrent attempts to create a new revision` of RegisterTaskDefinition is contention and is waited for;
 * LimitExceededException is a quota and is not.
 */
export function patientRetries(options: RetryOptions): RetryStrategyV2 {
  const { clock, signal, throttlingMs = 300_000, onThrottled, random = Math.random } = options

  return {
    acquireInitialRetryToken: async () => token(0, undefined),
    async refreshRetryTokenForRetry(previous, info) {
      const { retries, throttledSince } = previous as PatientToken
      const kind = classify(info)
      const now = clock.now().getTime()
      const since = kind === 'throttled' ? (throttledSince ?? now) : throttledSince
      const spent = kind === 'throttled' ? now - (since ?? now) >= throttlingMs : retries + 1 >= transientAttempts
      if (kind === 'final' || spent || signal?.aborted) throw info.error ?? new Error('The call may not be repeated.')

      if (kind === 'throttled' && throttledSince === undefined) onThrottled?.(info.error)
      const base = kind === 'throttled' ? throttlingBaseMs : transientBaseMs
      const hint = info.retryAfterHint ? info.retryAfterHint.getTime() - now : 0
      await clock.sleep(Math.max(fullJitter(retries, base, random), Math.min(hint, longestDelayMs)), signal)
      return token(retries + 1, since)
    },
    recordSuccess: () => {},
  }
}

/**
 * Milliseconds before the next attempt: anything up to `baseMs` doubled with every retry, but half of it at least
 * and 15 s at most.
 */
export function fullJitter(retries: number, baseMs: number, random: () => number = Math.random): number {
  return Math.max(baseMs / 2, random() * Math.min(longestDelayMs, baseMs * 2 ** Math.min(retries, 10)))
}

function token(retries: number, throttledSince: number | undefined): PatientToken {
  return { retries, throttledSince, getRetryCount: () => retries, getRetryDelay: () => 0 }
}

function classify(info: RetryErrorInfo): 'throttled' | 'transient' | 'final' {
  const { error, errorType } = info
  if (error?.name === 'LimitExceededException') return 'final'
  if (error?.message.includes('Too many concurrent attempts')) return 'throttled'
  if (errorType === 'THROTTLING') return 'throttled'
  return errorType === 'TRANSIENT' || errorType === 'SERVER_ERROR' ? 'transient' : 'final'
}
