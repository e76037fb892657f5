import { setTimeout as delay } from 'node:timers/promises'

export interface Clock {
  now(): Date
  /**
   * Resolves after `milliseconds`, or at once, without an error, when `signal` aborts: the caller looks at the
   * signal.
   */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>
}

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => new Date(),
  async sleep(milliseconds, signal) {
    try {
      await delay(milliseconds, undefined, { signal })
    } catch (error) {
      if (!signal?.aborted) throw error
    }
  },
}
