import type { CreateServiceRequest } from '@aws-sdk/client-ecs'
import { clusterOf } from '../clusters.ts'
import { beginDeployment, newRevision } from '../deployments/start.ts'
import { clientError, invalidParameter } from '../errors.ts'
import { ecsArn } from '../names.ts'
import { same } from '../same.ts'
import { usableTaskDefinition } from '../task-definitions/lookup.ts'
import type { Ecs, RegisteredTaskDefinition, ServiceSettings, ServiceState } from '../types.ts'
import {
  capacityOf,
  checkLoadBalancers,
  checkNetwork,
  checkServiceName,
  deploymentConfigurationOf,
} from './settings.ts'

function settingsOf(
  ecs: Ecs,
  request: CreateServiceRequest,
  taskDefinition: RegisteredTaskDefinition,
  strategy: string | undefined,
): ServiceSettings {
  checkLoadBalancers(ecs, request.loadBalancers ?? [], taskDefinition, strategy)
  return {
    ...capacityOf(clusterOf(ecs, request.cluster), request, taskDefinition),
    networkConfiguration: checkNetwork(request.networkConfiguration, taskDefinition),
    platformVersion: request.platformVersion,
    loadBalancers: request.loadBalancers ?? [],
    serviceRegistries: request.serviceRegistries ?? [],
    serviceConnectConfiguration: request.serviceConnectConfiguration,
    volumeConfigurations: request.volumeConfigurations,
    vpcLatticeConfigurations: request.vpcLatticeConfigurations,
  }
}

/**
 * Creates a service and its first deployment. The same request again returns the service that is there.
 * ECS API: CreateService. Throws InvalidParameterException, ClientException, ClusterNotFoundException.
 */
export function createService(ecs: Ecs, request: CreateServiceRequest): ServiceState {
  const name = checkServiceName(request.serviceName)
  const cluster = clusterOf(ecs, request.cluster)
  const known = cluster.services.get(name)
  if (known && known.status !== 'INACTIVE') {
    if (known.status === 'ACTIVE' && same(known.given, request)) return known
    throw invalidParameter(
      known.status === 'DRAINING'
        ? 'Unable to Start a service that is still Draining.'
        : 'Creation of service was not idempotent.',
    )
  }
  if (request.tags?.length === 0) throw clientError('Tags can not be empty.')
  const controller = request.deploymentController?.type ?? 'ECS'
  const scheduling = request.schedulingStrategy ?? 'REPLICA'
  if (!request.taskDefinition && controller !== 'EXTERNAL') throw invalidParameter('TaskDefinition can not be blank.')
  if (request.desiredCount === undefined && scheduling === 'REPLICA' && controller !== 'EXTERNAL') {
    throw invalidParameter('Cannot create a replica service without a desired count.')
  }
  if ((request.desiredCount ?? 0) < 0) throw invalidParameter('desiredCount can not be negative.')
  const taskDefinition = request.taskDefinition
    ? usableTaskDefinition(ecs, request.taskDefinition, clientError)
    : undefined
  const configuration = deploymentConfigurationOf(request.deploymentConfiguration, undefined, scheduling)
  const settings = taskDefinition && settingsOf(ecs, request, taskDefinition, configuration.strategy)
  const service: ServiceState = {
    arn: ecsArn(ecs.world, 'service', `${cluster.name}/${name}`),
    name,
    cluster,
    status: 'ACTIVE',
    controller,
    createdAt: ecs.world.clock.now(),
    given: structuredClone(request),
    request: structuredClone(request),
    desiredCount: request.desiredCount ?? 0,
    deploymentConfiguration: configuration,
    tags: structuredClone(request.tags ?? []),
    revisions: [],
    deployments: [],
    serviceDeployments: [],
    current: [],
    events: [],
    said: new Map(),
    tasks: new Set(),
    stoppedRunning: [],
    registered: [],
    steady: false,
    wakeUps: new Map(),
  }
  cluster.services.set(name, service)
  if (taskDefinition && settings) beginDeployment(ecs, service, newRevision(ecs, service, taskDefinition, settings))
  return service
}
