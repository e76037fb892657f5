/** One task as the arithmetic sees it. `alive`: nobody has asked it to stop and it has not ended. */
export interface Counted {
  healthy: boolean
  unhealthy: boolean
}

export interface Situation<T extends Counted> {
  desired: number
  minimumHealthyPercent: number
  maximumPercent: number
  /** Live tasks of the PRIMARY deployment, and of all others. */
  primary: T[]
  others: T[]
  /**
   * How many tasks may be started at most now (the first one alone while digests are unknown, none while throttled
   * or failed).
   */
  allowance: number
  /**
   * The deployment has succeeded early: old tasks leave without waiting for a replacement each, down to the floor.
   */
  cleanUp?: boolean
}

export interface Plan<T> {
  start: number
  stop: T[]
  /** Neither starting nor stopping is allowed by the two percentages, and nothing under way will change that. */
  stuck: boolean
}

/**
 * Lower and upper bound of a service's tasks. ECS API: DeploymentConfiguration, minimumHealthyPercent (rounded up)
 * and maximumPercent (rounded down).
 */
export const bounds = (desired: number, minimumHealthyPercent: number, maximumPercent: number) => ({
  floor: Math.ceil((desired * minimumHealthyPercent) / 100),
  ceiling: Math.floor((desired * maximumPercent) / 100),
})

/**
 * The next step of a rolling deployment: how many tasks to start and which to stop, so that healthy tasks never
 * fall below the floor by the scheduler's own hand and tasks never exceed the ceiling. Old tasks leave as new ones
 * become healthy; only where the ceiling leaves no room are they stopped first. ECS guide: "Deploy Amazon ECS
 * services by replacing tasks".
 */
export function planStep<T extends Counted>(situation: Situation<T>): Plan<T> {
  const { desired, primary, others, allowance } = situation
  const { floor, ceiling } = bounds(desired, situation.minimumHealthyPercent, situation.maximumPercent)
  const good = primary.filter((task) => !task.unhealthy)
  const sick = primary.filter((task) => task.unhealthy)
  const want = Math.max(0, desired - good.length)
  const room = Math.max(0, ceiling - primary.length - others.length)
  const start = Math.min(want, room, allowance)
  const healthyCount = good.filter((task) => task.healthy).length + others.filter((task) => task.healthy).length
  let surplus = Math.max(0, healthyCount - floor)
  const stop: T[] = []

  // Sick tasks leave when their replacement starts, or one by one where there is no room for one.
  stop.push(...sick.slice(0, want === 0 ? sick.length : start > 0 ? start : room === 0 ? 1 : 0))

  const excess = Math.max(0, good.length - desired)
  stop.push(...expendable(good).slice(0, excess))

  const blocked = want > room && allowance > 0
  const replaced = good.filter((task) => task.healthy).length + others.length - desired
  let leaving = blocked || situation.cleanUp ? others.length : Math.min(others.length, Math.max(0, replaced))
  for (const task of expendable(others)) {
    if (leaving === 0) break
    if (task.healthy && surplus === 0) continue
    if (task.healthy) surplus--
    leaving--
    stop.push(task)
  }
  const waiting = primary.some((task) => !task.healthy) || others.some((task) => !task.healthy)
  return { start, stop, stuck: want > 0 && allowance > 0 && room === 0 && stop.length === 0 && !waiting }
}

/** Those first that are missed least: sick ones, then not yet healthy ones, then the rest in their order. */
const expendable = <T extends Counted>(tasks: T[]): T[] => {
  const rank = (task: T) => (task.unhealthy ? 0 : task.healthy ? 2 : 1)
  return [...tasks].sort((a, b) => rank(a) - rank(b))
}
