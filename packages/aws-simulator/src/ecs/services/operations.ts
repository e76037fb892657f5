import type {
  CreateServiceRequest,
  DeleteServiceRequest,
  DescribeServicesRequest,
  Failure,
  ListServicesRequest,
  Service,
  UpdateServiceRequest,
} from '@aws-sdk/client-ecs'
import { clusterOf } from '../clusters.ts'
import { invalidParameter } from '../errors.ts'
import { ecsArn } from '../names.ts'
import { page } from '../paging.ts'
import type { Ecs } from '../types.ts'
import { createService } from './create.ts'
import { findService } from './lookup.ts'
import { deleteService } from './remove.ts'
import { updateService } from './update.ts'
import { serviceView } from './view.ts'

export function serviceOperations(ecs: Ecs) {
  return {
    CreateService: (request: CreateServiceRequest) => ({
      service: serviceView(ecs, createService(ecs, request), ['TAGS']),
    }),
    UpdateService: (request: UpdateServiceRequest) => ({ service: serviceView(ecs, updateService(ecs, request)) }),
    DeleteService: (request: DeleteServiceRequest) => ({ service: serviceView(ecs, deleteService(ecs, request)) }),

    DescribeServices(request: DescribeServicesRequest) {
      const references = request.services ?? []
      if (references.length === 0) throw invalidParameter('Services cannot be empty.')
      if (references.length > 10) throw invalidParameter('service names can have at most 10 items.')
      const cluster = clusterOf(ecs, request.cluster)
      const services: Service[] = []
      const failures: Failure[] = []
      for (const reference of references) {
        const found = findService(cluster, reference)
        if (found) services.push(serviceView(ecs, found, request.include))
        else {
          const arn = reference.startsWith('arn:')
            ? reference
            : ecsArn(ecs.world, 'service', `${cluster.name}/${reference}`)
          failures.push({ arn, reason: 'MISSING' })
        }
      }
      return { services, failures }
    },

    ListServices(request: ListServicesRequest) {
      const all = [...clusterOf(ecs, request.cluster).services.values()]
        .filter((service) => service.status === 'ACTIVE')
        .filter(
          (service) =>
            !request.schedulingStrategy ||
            (service.request.schedulingStrategy ?? 'REPLICA') === request.schedulingStrategy,
        )
        .filter(
          (service) =>
            !request.launchType || service.deployments[0]?.revision.settings.launchType === request.launchType,
        )
        .map(({ arn }) => arn)
      const { items, nextToken } = page(all, request.maxResults, 10, request.nextToken)
      return { serviceArns: items, nextToken }
    },
  }
}
