import type { DeploymentConfiguration } from '@aws-sdk/client-ecs'

export interface BakeTime {
  strategy: string
  /** What ECS waits in all, however well everything goes. */
  minutes: number
  /** What that is made of, for a reader: `9 × 6 min and a bake time of 30 min`. */
  text: string
}

/**
 * How long a deployment waits by its strategy alone: between the steps of the traffic and at the end. Undefined for
 * rolling deployments. What is not set counts as its default. ECS API: DeploymentConfiguration,
 * LinearConfiguration, CanaryConfiguration.
 */
export function bakeTime(configuration: DeploymentConfiguration | undefined): BakeTime | undefined {
  const { strategy = 'ROLLING', bakeTimeInMinutes = 0, linearConfiguration, canaryConfiguration } = configuration ?? {}
  if (strategy === 'ROLLING') return undefined
  const end = `a bake time of ${bakeTimeInMinutes} min`
  if (strategy === 'LINEAR') {
    const { stepPercent = 10, stepBakeTimeInMinutes: step = 6 } = linearConfiguration ?? {}
    // After the last step, which reaches 100 percent, only the bake time at the end follows.
    const waits = Math.ceil(100 / stepPercent) - 1
    return { strategy, minutes: waits * step + bakeTimeInMinutes, text: `${waits} × ${step} min and ${end}` }
  }
  if (strategy === 'CANARY') {
    const canary = canaryConfiguration?.canaryBakeTimeInMinutes ?? 10
    return { strategy, minutes: canary + bakeTimeInMinutes, text: `${canary} min of the canary and ${end}` }
  }
  return { strategy, minutes: bakeTimeInMinutes, text: end }
}
