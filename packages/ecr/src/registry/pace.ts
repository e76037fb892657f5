import type { Clock } from '@deploy-actions/action-kit'

/**
 * Spaces calls so that one process stays below `perSecond` after a burst of as many. ECR allows ten PutImage a
 * second to a whole account and region (ECR user guide: service quotas), and an image of many platforms needs two
 * for each.
 */
export function pace(clock: Clock, perSecond: number): (signal?: AbortSignal) => Promise<void> {
  const interval = 1000 / perSecond
  // The moment at which all earlier calls would have been spent at an even pace.
  let spent = 0
  return async (signal) => {
    const now = clock.now().getTime()
    spent = Math.max(spent, now - 1000) + interval
    if (spent > now) await clock.sleep(spent - now, signal)
  }
}
