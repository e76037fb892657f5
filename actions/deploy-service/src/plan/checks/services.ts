import { loadBalancerMismatch, rollingBounds, stuckText } from '@deploy-actions/ecs'
import type { Inputs } from '../../inputs.ts'
import { replacementAdvice, replacements } from '../../revision/replacement.ts'
import type { Wanted } from '../../revision/types.ts'
import type { Check } from './types.ts'

/**
 * Whether a service would become another one, whether ports and load balancers agree, and whether the percentages
 * let a rolling deployment move at all.
 */
export function checkServices(inputs: Inputs, wanted: Wanted[]): Check[] {
  const { settings } = inputs
  const replaced = replacements(inputs, wanted).map(
    (text): Check => ({ level: 'problem', text: `${text} ${replacementAdvice}` }),
  )
  const others = wanted.flatMap(({ target: { name, service }, definition }): Check[] => {
    const mismatch = loadBalancerMismatch(service.loadBalancers ?? [], definition.containerDefinitions ?? [])
    const bounds = rollingBounds({
      ...service,
      deploymentConfiguration: { ...service.deploymentConfiguration, ...settings?.deploymentConfiguration },
    })
    const balanced = (service.loadBalancers ?? []).length > 0
    return [
      ...(mismatch
        ? [{ level: 'problem' as const, text: `${name}: ${mismatch}` }]
        : balanced
          ? [{ level: 'ok' as const, text: `${name}: the ports of the containers and of the load balancer agree.` }]
          : []),
      ...(bounds?.stuck
        ? [{ level: 'problem' as const, text: `${name}: ${stuckText(bounds)}` }]
        : bounds
          ? [
              {
                level: 'ok' as const,
                text: `${name}: between ${bounds.floor} and ${bounds.ceiling} of ${bounds.desired} tasks run during the deployment.`,
              },
            ]
          : []),
    ]
  })
  return [...replaced, ...others]
}
