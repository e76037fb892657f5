import type { DeleteServiceRequest } from '@aws-sdk/client-ecs'
import { unsteady } from '../deployments/events.ts'
import { stopTasks } from '../deployments/staff.ts'
import { invalidParameter } from '../errors.ts'
import type { Ecs, ServiceState } from '../types.ts'
import { activeService } from './lookup.ts'

/**
 * Deletes a service that is scaled to 0, or any with `force`: DRAINING while tasks end, then INACTIVE. ECS API:
 * DeleteService.
 */
export function deleteService(ecs: Ecs, request: DeleteServiceRequest): ServiceState {
  const service = activeService(ecs, request.cluster, request.service)
  const live = [...service.tasks].filter((task) => !task.stopRequested)
  if (!request.force && service.desiredCount > 0) {
    throw invalidParameter('The service cannot be stopped while it is scaled above 0.')
  }
  service.desiredCount = 0
  service.status = 'DRAINING'
  unsteady(service)
  for (const cancel of service.wakeUps.values()) cancel()
  service.wakeUps.clear()
  stopTasks(ecs, service, live)
  if (service.tasks.size === 0) service.status = 'INACTIVE'
  return service
}

/** The end of a deleted service: INACTIVE once its tasks are stopping, its service deployments are gone with it. */
export function finishDeletion(service: ServiceState): void {
  const serving = [...service.tasks].some(
    (task) => !['STOPPING', 'DEPROVISIONING', 'STOPPED'].includes(task.lastStatus),
  )
  if (serving) return
  service.status = 'INACTIVE'
  service.deployments = []
  service.serviceDeployments = []
}
