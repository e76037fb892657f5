import type { CreateServiceRequest, UpdateServiceRequest } from '@aws-sdk/client-ecs'
import { beginDeployment, checkRoomForDeployment, newRevision } from '../deployments/start.ts'
import { poke } from '../deployments/wake.ts'
import { clientError, invalidParameter } from '../errors.ts'
import { same } from '../same.ts'
import { usableTaskDefinition } from '../task-definitions/lookup.ts'
import type { DeploymentState, Ecs, ServiceSettings, ServiceState } from '../types.ts'
import { activeService } from './lookup.ts'
import { checkLoadBalancers, checkNetwork, deploymentConfigurationOf } from './settings.ts'

/**
 * Changes of these start a deployment. ECS API: UpdateService, "this parameter triggers a new service deployment".
 */
const TRIGGERS = [
  'networkConfiguration',
  'platformVersion',
  'loadBalancers',
  'serviceRegistries',
  'serviceConnectConfiguration',
  'volumeConfigurations',
  'vpcLatticeConfigurations',
] as const satisfies (keyof ServiceSettings & keyof UpdateServiceRequest)[]

/** Changes of these do not. */
const QUIET = [
  'availabilityZoneRebalancing',
  'enableECSManagedTags',
  'enableExecuteCommand',
  'healthCheckGracePeriodSeconds',
  'placementConstraints',
  'placementStrategy',
  'propagateTags',
] as const satisfies (keyof CreateServiceRequest & keyof UpdateServiceRequest)[]

/** What UpdateService cannot change under CodeDeploy or an external controller, with the words AWS uses for it. */
function checkController(service: ServiceState, request: UpdateServiceRequest): void {
  if (service.controller === 'ECS') return
  const codeDeploy = service.controller === 'CODE_DEPLOY'
  const article = codeDeploy ? 'a CODE_DEPLOY' : 'an EXTERNAL'
  const hint = codeDeploy
    ? 'Use AWS CodeDeploy to trigger a new deployment.'
    : 'Use CreateTaskSet to create a new task set.'
  const refused: [unknown, string][] = [
    [request.taskDefinition, 'Unable to update task definition on services with'],
    [request.networkConfiguration, 'Unable to update network parameters on services with'],
    [request.platformVersion, 'Unable to update platform version on services with'],
    [request.loadBalancers, 'Unable to update load balancers on services with'],
    [request.forceNewDeployment || undefined, 'Cannot force a new deployment on services with'],
    [
      codeDeploy ? undefined : request.deploymentConfiguration,
      'Unable to update deployment configuration on services with',
    ],
  ]
  for (const [given, text] of refused) {
    if (given !== undefined) throw invalidParameter(`${text} ${article} deployment controller. ${hint}`)
  }
}

/** The settings after the request, and whether that is a change that needs new tasks. */
function nextSettings(
  ecs: Ecs,
  primary: DeploymentState,
  request: UpdateServiceRequest,
  taskDefinition: DeploymentState['revision']['taskDefinition'],
  strategy: string | undefined,
) {
  const before = primary.revision.settings
  const after: ServiceSettings = { ...before }
  for (const name of TRIGGERS) {
    if (request[name] !== undefined) (after as Record<string, unknown>)[name] = request[name]
  }
  after.networkConfiguration = checkNetwork(after.networkConfiguration, taskDefinition)
  checkLoadBalancers(ecs, after.loadBalancers ?? [], taskDefinition, strategy)
  const changed = TRIGGERS.some((name) => !same(before[name], after[name]))
  if (request.capacityProviderStrategy?.length) {
    after.capacityProviderStrategy = request.capacityProviderStrategy
    after.launchType = undefined
  }
  const other = taskDefinition !== primary.revision.taskDefinition
  return { after, deploys: changed || other || request.forceNewDeployment === true }
}

/**
 * Changes a service. A new deployment starts when the task definition or another of the properties that trigger one
 * really changes, or with forceNewDeployment; the desired count alone never does. Concurrent calls are all
 * accepted, the last wins. ECS API: UpdateService.
 */
export function updateService(ecs: Ecs, request: UpdateServiceRequest): ServiceState {
  const service = activeService(ecs, request.cluster, request.service)
  const migrates = request.deploymentController?.type === 'ECS' && service.controller !== 'ECS'
  if (!migrates) checkController(service, request)
  if ((request.desiredCount ?? 0) < 0) throw invalidParameter('desiredCount can not be negative.')
  const scheduling = service.request.schedulingStrategy ?? 'REPLICA'
  const configuration = deploymentConfigurationOf(
    request.deploymentConfiguration,
    service.deploymentConfiguration,
    scheduling,
  )
  const [primary] = service.deployments
  const taskDefinition =
    request.taskDefinition === undefined
      ? primary?.revision.taskDefinition
      : usableTaskDefinition(ecs, request.taskDefinition, clientError)
  const next =
    primary && taskDefinition ? nextSettings(ecs, primary, request, taskDefinition, configuration.strategy) : undefined
  if (next?.deploys) checkRoomForDeployment(service)

  if (migrates) {
    service.controller = 'ECS'
    service.request.deploymentController = request.deploymentController
  }
  service.deploymentConfiguration = configuration
  for (const name of QUIET) {
    if (request[name] !== undefined) (service.request as unknown as Record<string, unknown>)[name] = request[name]
  }
  if (request.desiredCount !== undefined && request.desiredCount !== service.desiredCount) {
    service.desiredCount = request.desiredCount
    service.steady = false
  }
  if (next?.deploys && taskDefinition) {
    beginDeployment(ecs, service, newRevision(ecs, service, taskDefinition, next.after))
  } else if (next && primary) {
    primary.revision.settings = next.after
  }
  poke(ecs, service)
  return service
}
