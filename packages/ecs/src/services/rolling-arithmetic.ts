import type { Service } from '@aws-sdk/client-ecs'

export interface RollingBounds {
  desired: number
  minimumPercent: number
  maximumPercent: number
  /** Healthy tasks that must stay. */
  floor: number
  /** Running and starting tasks that may be. */
  ceiling: number
  /** Whether tasks can neither be started first nor stopped first, so that a deployment stands still for ever. */
  stuck: boolean
}

/**
 * The arithmetic of a rolling deployment: the floor rounds up, the ceiling down (ECS API: DeploymentConfiguration).
 * Undefined where it does not apply: another strategy, a daemon, nothing desired.
 */
export function rollingBounds({
  desiredCount: desired = 0,
  deploymentConfiguration,
  schedulingStrategy,
}: Pick<Service, 'desiredCount' | 'deploymentConfiguration' | 'schedulingStrategy'>): RollingBounds | undefined {
  const strategy = deploymentConfiguration?.strategy ?? 'ROLLING'
  if (strategy !== 'ROLLING' || schedulingStrategy === 'DAEMON' || desired === 0) return undefined
  const minimumPercent = deploymentConfiguration?.minimumHealthyPercent ?? 100
  const maximumPercent = deploymentConfiguration?.maximumPercent ?? 200
  const floor = Math.ceil((desired * minimumPercent) / 100)
  const ceiling = Math.floor((desired * maximumPercent) / 100)
  return { desired, minimumPercent, maximumPercent, floor, ceiling, stuck: floor >= desired && ceiling <= desired }
}

/** Why a stuck deployment cannot move, and what to set. */
export function stuckText({ desired, minimumPercent, maximumPercent, floor, ceiling }: RollingBounds): string {
  return `With a desired count of ${desired}, minimum-healthy-percent ${minimumPercent} keeps ${floor} of ${desired} tasks and maximum-percent ${maximumPercent} allows ${ceiling}: ECS can neither stop an old task first nor start a new one first. Raise maximum-percent to at least ${Math.ceil(((desired + 1) / desired) * 100)}, or lower minimum-healthy-percent to at most ${Math.floor(((desired - 1) / desired) * 100)}.`
}
