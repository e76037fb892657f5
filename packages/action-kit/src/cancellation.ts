/**
 * Turns the runner's cancel sequence into an AbortSignal: SIGINT first, SIGTERM 7.5 s later, SIGKILL 2.5 s after
 * that (actions/runner: ProcessInvoker). Whoever listens has 7.5 s for what must still be sent.
 */
export function cancellation(target: NodeJS.EventEmitter): { signal: AbortSignal; dispose(): void } {
  const controller = new AbortController()
  const abort = () => controller.abort(new Error('The run was cancelled.'))
  target.on('SIGINT', abort)
  target.on('SIGTERM', abort)
  return {
    signal: controller.signal,
    dispose() {
      target.off('SIGINT', abort)
      target.off('SIGTERM', abort)
    },
  }
}
