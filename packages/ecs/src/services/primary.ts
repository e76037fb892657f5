import type { Deployment, Service } from '@aws-sdk/client-ecs'

/**
 * The deployment that a service is meant to run (ECS API: Deployment.status). Undefined for controllers other than
 * ECS, which have task sets.
 */
export function primaryOf(service: Service | undefined): Deployment | undefined {
  return service?.deployments?.find(({ status }) => status === 'PRIMARY')
}
