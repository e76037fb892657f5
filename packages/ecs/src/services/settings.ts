import type { DeploymentConfiguration } from '@aws-sdk/client-ecs'

/** What an update may change beside the task definition. Only what is given is changed. */
export interface ServiceSettings {
  deploymentConfiguration?: DeploymentConfiguration
  healthCheckGracePeriodSeconds?: number
}

/**
 * The deployment configuration to send: what the service has, with the changes on top. Whether ECS keeps the parts
 * that a request leaves out is not documented, so the parts that are set elsewhere are sent back as they were. A
 * change of the strategy drops the knobs of the former one.
 */
export function mergedConfiguration(
  current: DeploymentConfiguration = {},
  changes: DeploymentConfiguration,
): DeploymentConfiguration {
  const merged: DeploymentConfiguration = {
    ...current,
    ...changes,
    ...(changes.deploymentCircuitBreaker && {
      deploymentCircuitBreaker: { ...current.deploymentCircuitBreaker, ...changes.deploymentCircuitBreaker },
    }),
    ...(changes.alarms && { alarms: { ...current.alarms, ...changes.alarms } }),
  }
  const strategy = merged.strategy ?? 'ROLLING'
  if (strategy === 'ROLLING' && !merged.bakeTimeInMinutes) delete merged.bakeTimeInMinutes
  if (strategy === (current.strategy ?? 'ROLLING')) return merged
  if (strategy === 'ROLLING') {
    if (changes.bakeTimeInMinutes === undefined) delete merged.bakeTimeInMinutes
    delete merged.lifecycleHooks
  } else {
    delete merged.deploymentCircuitBreaker
    delete merged.earlySuccessCriteria
  }
  if (strategy !== 'LINEAR') delete merged.linearConfiguration
  if (strategy !== 'CANARY') delete merged.canaryConfiguration
  return merged
}
