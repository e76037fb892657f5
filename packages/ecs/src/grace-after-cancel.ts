import type { Clock } from '@deploy-actions/action-kit'

export interface GraceAfterCancel {
  /** Resolves so many milliseconds after the run's cancel, and never after `dispose`. */
  over: Promise<void>
  dispose(): void
}

/**
 * What may still be done after a cancel of the run ends with this. `onCancel` is called at the cancel, also at one
 * that has come already.
 */
export function graceAfterCancel(
  clock: Clock,
  cancelled: AbortSignal,
  milliseconds: number,
  onCancel?: () => void,
): GraceAfterCancel {
  const disposed = new AbortController()
  const { signal } = disposed
  const over = new Promise<void>((resolve) => {
    const begin = async () => {
      onCancel?.()
      await clock.sleep(milliseconds, signal)
      if (!signal.aborted) resolve()
    }
    if (cancelled.aborted) void begin()
    else cancelled.addEventListener('abort', begin, { once: true, signal })
  })
  return { over, dispose: () => disposed.abort() }
}
