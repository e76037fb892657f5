import { clusterOf } from '../clusters.ts'
import { serviceNotActive, serviceNotFound } from '../errors.ts'
import { lastPart } from '../names.ts'
import type { ClusterState, Ecs, ServiceState } from '../types.ts'

/** The service of that name or ARN in a cluster, whatever its status. */
export const findService = (cluster: ClusterState, reference: string): ServiceState | undefined =>
  cluster.services.get(lastPart(reference))

/** Throws ClusterNotFoundException, ServiceNotFoundException or, for a deleted one, ServiceNotActiveException. */
export function activeService(ecs: Ecs, cluster: string | undefined, reference: string | undefined): ServiceState {
  const service = findService(clusterOf(ecs, cluster), reference ?? '')
  if (!service) throw serviceNotFound()
  if (service.status !== 'ACTIVE') throw serviceNotActive()
  return service
}
