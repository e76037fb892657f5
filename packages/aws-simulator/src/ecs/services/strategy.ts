import type { DeploymentConfiguration } from '@aws-sdk/client-ecs'
import { invalidParameter } from '../errors.ts'

const between = (name: string, value: number | undefined, low: number, high: number) => {
  if (value !== undefined && (value < low || value > high)) {
    throw invalidParameter(`${name} must be between ${low} and ${high}.`)
  }
}

/**
 * Fills in and checks what belongs to one strategy only. ECS API: DeploymentConfiguration, LinearConfiguration,
 * CanaryConfiguration, DeploymentEarlySuccessCriteria, DeploymentLifecycleHook. Throws InvalidParameterException.
 */
export function checkStrategy(merged: DeploymentConfiguration, given: DeploymentConfiguration | undefined): void {
  const { strategy } = merged
  if (given?.linearConfiguration && strategy !== 'LINEAR') {
    throw invalidParameter('linearConfiguration is only valid with the LINEAR deployment strategy.')
  }
  if (given?.canaryConfiguration && strategy !== 'CANARY') {
    throw invalidParameter('canaryConfiguration is only valid with the CANARY deployment strategy.')
  }
  if (strategy === 'BLUE_GREEN' && given?.strategy === 'BLUE_GREEN' && given.bakeTimeInMinutes === undefined) {
    throw invalidParameter('bakeTimeInMinutes must be specified when using the BLUE_GREEN deployment strategy.')
  }
  merged.linearConfiguration =
    strategy === 'LINEAR' ? { stepPercent: 10, stepBakeTimeInMinutes: 6, ...merged.linearConfiguration } : undefined
  merged.canaryConfiguration =
    strategy === 'CANARY' ? { canaryPercent: 5, canaryBakeTimeInMinutes: 10, ...merged.canaryConfiguration } : undefined
  between('bakeTimeInMinutes', merged.bakeTimeInMinutes, 0, 1440)
  between('stepPercent', merged.linearConfiguration?.stepPercent, 3, 100)
  between('stepBakeTimeInMinutes', merged.linearConfiguration?.stepBakeTimeInMinutes, 0, 1440)
  between('canaryPercent', merged.canaryConfiguration?.canaryPercent, 0.1, 100)
  between('canaryBakeTimeInMinutes', merged.canaryConfiguration?.canaryBakeTimeInMinutes, 0, 1440)
  checkEarlySuccess(merged)
  checkHooks(merged)
}

function checkEarlySuccess(merged: DeploymentConfiguration): void {
  const criteria = merged.earlySuccessCriteria
  if (!criteria?.enable) return
  if (merged.strategy !== 'ROLLING') {
    throw invalidParameter('earlySuccessCriteria is only valid with the ROLLING deployment strategy.')
  }
  if (criteria.healthyPercent === undefined || !criteria.sourceServiceRevisionCleanup) {
    throw invalidParameter(
      'healthyPercent and sourceServiceRevisionCleanup must be specified when earlySuccessCriteria is enabled.',
    )
  }
  if (criteria.healthyPercent < (merged.minimumHealthyPercent ?? 100)) {
    throw invalidParameter('healthyPercent must be greater than or equal to minimumHealthyPercent.')
  }
}

function checkHooks(merged: DeploymentConfiguration): void {
  for (const hook of merged.lifecycleHooks ?? []) {
    if (!hook.lifecycleStages?.length) throw invalidParameter('lifecycleStages must be specified for a lifecycle hook.')
    const pause = hook.targetType === 'PAUSE'
    if (!pause && !hook.hookTargetArn)
      throw invalidParameter('hookTargetArn must be specified for an AWS_LAMBDA lifecycle hook.')
    const traffic = hook.lifecycleStages.find(
      (stage) => stage === 'TEST_TRAFFIC_SHIFT' || stage === 'PRODUCTION_TRAFFIC_SHIFT',
    )
    if (pause && traffic) throw invalidParameter(`PAUSE lifecycle hooks cannot be configured at the ${traffic} stage.`)
  }
}
