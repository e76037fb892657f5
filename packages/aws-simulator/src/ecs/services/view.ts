import type { Deployment, Service, TaskSet } from '@aws-sdk/client-ecs'
import { ecsArn } from '../names.ts'
import type { DeploymentState, Ecs, Revision, ServiceState, TaskState } from '../types.ts'

const PENDING = ['PROVISIONING', 'PENDING', 'ACTIVATING']

function counts(ecs: Ecs, tasks: TaskState[]) {
  const running = ecs.options.drainingCountsAsRunning ? ['RUNNING', 'DEACTIVATING'] : ['RUNNING']
  return {
    runningCount: tasks.filter((task) => running.includes(task.lastStatus)).length,
    pendingCount: tasks.filter((task) => PENDING.includes(task.lastStatus)).length,
  }
}

const tasksOf = (service: ServiceState, revision: Revision) =>
  [...service.tasks].filter((task) => task.deployment?.revision === revision)

/**
 * Requested, running and pending tasks of a revision, as service deployments and currentServiceRevisions show them.
 */
export function revisionCounts(ecs: Ecs, service: ServiceState, revision: Revision) {
  const { runningCount, pendingCount } = counts(ecs, tasksOf(service, revision))
  const deployment = service.deployments.find((other) => other.revision === revision)
  return {
    arn: revision.arn,
    requestedTaskCount: deployment?.desiredCount ?? 0,
    runningTaskCount: runningCount,
    pendingTaskCount: pendingCount,
  }
}

const isFargate = (revision: Revision) =>
  revision.settings.launchType === 'FARGATE' ||
  revision.settings.capacityProviderStrategy?.some(({ capacityProvider }) =>
    capacityProvider?.startsWith('FARGATE'),
  ) === true

/** Capacity, platform and network members that services, deployments, task sets and revisions share. */
export const placementView = (revision: Revision) => ({
  launchType: revision.settings.launchType,
  capacityProviderStrategy: revision.settings.capacityProviderStrategy,
  platformVersion: isFargate(revision) ? fullPlatformVersion(revision.settings.platformVersion) : undefined,
  platformFamily: isFargate(revision) ? 'Linux' : undefined,
  networkConfiguration: revision.settings.networkConfiguration,
})

const fullPlatformVersion = (given: string | undefined) => (!given || given === 'LATEST' ? '1.4.0' : given)

function deploymentView(ecs: Ecs, deployment: DeploymentState): Deployment {
  const { service, revision } = deployment
  return {
    id: deployment.id,
    status: deployment.status,
    taskDefinition: revision.taskDefinition.definition.taskDefinitionArn,
    desiredCount: deployment.desiredCount,
    ...counts(ecs, tasksOf(service, revision)),
    failedTasks: deployment.failedTasks,
    createdAt: deployment.createdAt,
    updatedAt: deployment.updatedAt,
    ...placementView(revision),
    rolloutState: deployment.rolloutState,
    rolloutStateReason: deployment.rolloutStateReason,
    serviceConnectConfiguration: revision.settings.serviceConnectConfiguration,
    volumeConfigurations: revision.settings.volumeConfigurations,
    vpcLatticeConfigurations: revision.settings.vpcLatticeConfigurations,
  }
}

function taskSetView(ecs: Ecs, deployment: DeploymentState): TaskSet {
  const { service, revision } = deployment
  return {
    id: deployment.id,
    taskSetArn: ecsArn(ecs.world, 'task-set', `${service.cluster.name}/${service.name}/${deployment.id}`),
    serviceArn: service.arn,
    clusterArn: service.cluster.arn,
    startedBy: service.controller === 'CODE_DEPLOY' ? 'CODE_DEPLOY' : undefined,
    status: deployment.status,
    taskDefinition: revision.taskDefinition.definition.taskDefinitionArn,
    computedDesiredCount: service.desiredCount,
    ...counts(ecs, tasksOf(service, revision)),
    createdAt: deployment.createdAt,
    updatedAt: deployment.updatedAt,
    ...placementView(revision),
    loadBalancers: revision.settings.loadBalancers ?? [],
    serviceRegistries: revision.settings.serviceRegistries ?? [],
    scale: { value: 100, unit: 'PERCENT' },
    stabilityStatus: service.steady ? 'STEADY_STATE' : 'STABILIZING',
    stabilityStatusAt: deployment.updatedAt,
    tags: [],
  }
}

/** DescribeServices names a new service deployment a little late. */
function currentServiceDeployment(ecs: Ecs, service: ServiceState): string | undefined {
  const now = ecs.world.clock.now().getTime()
  return service.current.findLast(({ at }) => at <= now)?.arn
}

/** The service as CreateService, UpdateService and DescribeServices return it. ECS API: Service. */
export function serviceView(ecs: Ecs, service: ServiceState, include: string[] = []): Service {
  const { request } = service
  const revision = service.deployments[0]?.revision
  const native = service.controller === 'ECS'
  return {
    serviceArn: service.arn,
    serviceName: service.name,
    clusterArn: service.cluster.arn,
    loadBalancers: (revision ? revision.settings.loadBalancers : request.loadBalancers) ?? [],
    serviceRegistries: revision?.settings.serviceRegistries ?? [],
    status: service.status,
    desiredCount: service.desiredCount,
    ...counts(ecs, [...service.tasks]),
    ...(revision ? placementView(revision) : {}),
    taskDefinition: revision?.taskDefinition.definition.taskDefinitionArn,
    deploymentConfiguration: service.deploymentConfiguration,
    deploymentController: request.deploymentController,
    deployments: native ? service.deployments.map((deployment) => deploymentView(ecs, deployment)) : [],
    taskSets: native ? undefined : service.deployments.map((deployment) => taskSetView(ecs, deployment)),
    roleArn: balanced(service)
      ? `arn:aws:iam::${ecs.world.accountId}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS`
      : undefined,
    events: service.events,
    createdAt: service.createdAt,
    currentServiceDeployment: native ? currentServiceDeployment(ecs, service) : undefined,
    currentServiceRevisions: native
      ? service.deployments.map((deployment) => revisionCounts(ecs, service, deployment.revision))
      : undefined,
    placementConstraints: request.placementConstraints ?? [],
    placementStrategy: request.placementStrategy ?? [],
    healthCheckGracePeriodSeconds: request.healthCheckGracePeriodSeconds ?? (balanced(service) ? 0 : undefined),
    schedulingStrategy: request.schedulingStrategy ?? 'REPLICA',
    tags: include.includes('TAGS') ? service.tags : undefined,
    createdBy: `arn:aws:iam::${ecs.world.accountId}:root`,
    enableECSManagedTags: request.enableECSManagedTags ?? false,
    propagateTags: request.propagateTags ?? 'NONE',
    enableExecuteCommand: request.enableExecuteCommand ?? false,
    availabilityZoneRebalancing: request.availabilityZoneRebalancing ?? 'ENABLED',
  }
}

const balanced = (service: ServiceState) =>
  (service.deployments[0]?.revision.settings.loadBalancers ?? service.request.loadBalancers ?? []).length > 0
