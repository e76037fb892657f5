import type {
  Cluster,
  CreateClusterRequest,
  DeleteClusterRequest,
  DescribeClustersRequest,
  Failure,
  ListClustersRequest,
} from '@aws-sdk/client-ecs'
import { AwsFailure } from '../world.ts'
import { clientError, clusterNotFound, invalidParameter } from './errors.ts'
import { ecsArn, lastPart } from './names.ts'
import { page } from './paging.ts'
import type { ClusterState, Ecs } from './types.ts'

/** The cluster named or meant by an ARN; none given means `default`. Throws ClusterNotFoundException. */
export function clusterOf(ecs: Ecs, reference: string | undefined): ClusterState {
  const cluster = ecs.clusters.get(lastPart(reference ?? 'default'))
  if (cluster?.status !== 'ACTIVE') throw clusterNotFound()
  return cluster
}

/** Creates the cluster, or returns the one of that name: the call is idempotent. */
export function createCluster(ecs: Ecs, request: CreateClusterRequest): ClusterState {
  const name = request.clusterName ?? 'default'
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(name)) throw invalidParameter('Identifier contains invalid characters.')
  if (request.tags?.length === 0) throw clientError('Tags can not be empty.')
  const known = ecs.clusters.get(name)
  if (known?.status === 'ACTIVE') return known
  const cluster: ClusterState = {
    arn: ecsArn(ecs.world, 'cluster', name),
    name,
    status: 'ACTIVE',
    tags: request.tags ?? [],
    settings: request.settings ?? [{ name: 'containerInsights', value: 'disabled' }],
    configuration: request.configuration,
    serviceConnectDefaults: request.serviceConnectDefaults?.namespace
      ? { namespace: request.serviceConnectDefaults.namespace }
      : undefined,
    capacityProviders: request.capacityProviders ?? [],
    defaultCapacityProviderStrategy: request.defaultCapacityProviderStrategy ?? [],
    services: new Map(),
  }
  ecs.clusters.set(name, cluster)
  return cluster
}

function clusterView(ecs: Ecs, cluster: ClusterState, include: string[] = []): Cluster {
  const tasks = [...ecs.tasks.values()].filter((task) => task.cluster === cluster && task.lastStatus !== 'STOPPED')
  const active = [...cluster.services.values()].filter((service) => service.status === 'ACTIVE')
  return {
    clusterArn: cluster.arn,
    clusterName: cluster.name,
    status: cluster.status,
    registeredContainerInstancesCount: 0,
    runningTasksCount: tasks.filter((task) => task.lastStatus === 'RUNNING').length,
    pendingTasksCount: tasks.filter((task) => ['PROVISIONING', 'PENDING', 'ACTIVATING'].includes(task.lastStatus))
      .length,
    activeServicesCount: active.length,
    statistics: [],
    tags: include.includes('TAGS') ? cluster.tags : [],
    settings: include.includes('SETTINGS') ? cluster.settings : [],
    configuration: include.includes('CONFIGURATIONS') ? cluster.configuration : undefined,
    capacityProviders: cluster.capacityProviders,
    defaultCapacityProviderStrategy: cluster.defaultCapacityProviderStrategy,
    serviceConnectDefaults: cluster.serviceConnectDefaults,
  }
}

export function clusterOperations(ecs: Ecs) {
  return {
    CreateCluster(request: CreateClusterRequest) {
      return { cluster: clusterView(ecs, createCluster(ecs, request), ['TAGS', 'SETTINGS', 'CONFIGURATIONS']) }
    },

    DescribeClusters(request: DescribeClustersRequest) {
      const failures: Failure[] = []
      const clusters: Cluster[] = []
      for (const reference of request.clusters?.length ? request.clusters : ['default']) {
        const found = ecs.clusters.get(lastPart(reference))
        if (found) clusters.push(clusterView(ecs, found, request.include))
        else {
          const arn = reference.startsWith('arn:') ? reference : ecsArn(ecs.world, 'cluster', reference)
          failures.push({ arn, reason: 'MISSING' })
        }
      }
      return { clusters, failures }
    },

    ListClusters(request: ListClustersRequest) {
      const all = [...ecs.clusters.values()].filter(({ status }) => status === 'ACTIVE').map(({ arn }) => arn)
      const { items, nextToken } = page(all, request.maxResults, 100, request.nextToken)
      return { clusterArns: items, nextToken }
    },

    DeleteCluster(request: DeleteClusterRequest) {
      const cluster = clusterOf(ecs, request.cluster)
      if ([...cluster.services.values()].some((service) => service.status === 'ACTIVE')) {
        throw new AwsFailure(
          'ClusterContainsServicesException',
          'The Cluster cannot be deleted while Services are active.',
        )
      }
      if ([...ecs.tasks.values()].some((task) => task.cluster === cluster && task.lastStatus !== 'STOPPED')) {
        throw new AwsFailure('ClusterContainsTasksException', 'The Cluster cannot be deleted while Tasks are active.')
      }
      cluster.status = 'INACTIVE'
      return { cluster: clusterView(ecs, cluster) }
    },
  }
}
