import type {
  CreateServiceRequest,
  DeploymentConfiguration,
  LoadBalancer,
  NetworkConfiguration,
} from '@aws-sdk/client-ecs'
import { clientError, invalidParameter } from '../errors.ts'
import type { ClusterState, Ecs, RegisteredTaskDefinition, ServiceSettings } from '../types.ts'
import { checkStrategy } from './strategy.ts'

/**
 * The network configuration with what the service fills in. Throws InvalidParameterException when it does not fit
 * the network mode.
 */
export function checkNetwork(
  network: NetworkConfiguration | undefined,
  taskDefinition: RegisteredTaskDefinition,
): NetworkConfiguration | undefined {
  const awsvpc = taskDefinition.definition.networkMode === 'awsvpc'
  const given = network?.awsvpcConfiguration
  if (awsvpc && !given)
    throw invalidParameter("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
  if (!awsvpc && given) {
    throw invalidParameter('Network Configuration is not valid for the given networkMode of this task definition.')
  }
  if (!given) return undefined
  if (!given.subnets?.length) throw invalidParameter('subnets can not be empty.')
  if (given.subnets.length > 16) throw invalidParameter('subnets can have at most 16 items.')
  if ((given.securityGroups?.length ?? 0) > 5) throw invalidParameter('securityGroups can have at most 5 items.')
  for (const subnet of given.subnets) {
    if (!/^subnet-[0-9a-z-]+$/.test(subnet)) {
      throw invalidParameter(
        `Error retrieving subnet information for [${subnet}]: The subnet ID '${subnet}' does not exist (ErrorCode: InvalidSubnetID.NotFound)`,
      )
    }
  }
  return {
    awsvpcConfiguration: {
      subnets: given.subnets,
      securityGroups: given.securityGroups ?? [],
      assignPublicIp: given.assignPublicIp ?? 'DISABLED',
    },
  }
}

/**
 * Throws InvalidParameterException when a load balancer names a container, port or target group that is not there.
 */
export function checkLoadBalancers(
  ecs: Ecs,
  balancers: LoadBalancer[],
  taskDefinition: RegisteredTaskDefinition,
  strategy: string | undefined,
): void {
  const advanced = balancers.filter(({ advancedConfiguration }) => advancedConfiguration).length
  if (strategy !== 'ROLLING' && advanced < balancers.length) {
    throw invalidParameter(
      'advancedConfiguration field is required for all loadBalancers when using a non-ROLLING deployment strategy',
    )
  }
  if (advanced > 0 && advanced < balancers.length) {
    throw invalidParameter('Either all or none of the provided loadBalancers must have advancedConfiguration defined')
  }
  for (const balancer of balancers) {
    const container = taskDefinition.definition.containerDefinitions?.find(
      ({ name }) => name === balancer.containerName,
    )
    if (!container)
      throw invalidParameter(`The container ${balancer.containerName} does not exist in the task definition.`)
    if (!container.portMappings?.some(({ containerPort }) => containerPort === balancer.containerPort)) {
      throw invalidParameter(
        `The container ${balancer.containerName} did not have a container port ${balancer.containerPort} defined.`,
      )
    }
    if (balancer.targetGroupArn && !ecs.world.targetGroups.exists(balancer.targetGroupArn)) {
      throw invalidParameter(`The target group ${balancer.targetGroupArn} does not exist.`)
    }
  }
}

/**
 * Either launchType or strategy, with the cluster's default where neither is given. ECS API: CreateService,
 * launchType.
 */
export function capacityOf(
  cluster: ClusterState,
  given: Pick<CreateServiceRequest, 'launchType' | 'capacityProviderStrategy'>,
  taskDefinition: RegisteredTaskDefinition,
): Pick<ServiceSettings, 'launchType' | 'capacityProviderStrategy'> {
  if (given.launchType && given.capacityProviderStrategy?.length) {
    throw invalidParameter(
      'Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.',
    )
  }
  const strategy = given.capacityProviderStrategy?.length
    ? given.capacityProviderStrategy
    : given.launchType
      ? undefined
      : cluster.defaultCapacityProviderStrategy
  if (strategy?.length) {
    return { capacityProviderStrategy: strategy.map((item) => ({ weight: 0, base: 0, ...item })) }
  }
  const launchType = given.launchType ?? 'EC2'
  if (launchType === 'FARGATE' && !taskDefinition.definition.compatibilities?.includes('FARGATE')) {
    throw invalidParameter('Task definition does not support launch_type FARGATE.')
  }
  return { launchType }
}

/**
 * The deployment configuration in force: what is given over what was, with the service's defaults filled in as
 * DescribeServices shows them. Throws InvalidParameterException for percentages and strategies that ECS refuses.
 */
export function deploymentConfigurationOf(
  given: DeploymentConfiguration | undefined,
  before: DeploymentConfiguration | undefined,
  scheduling: string,
): DeploymentConfiguration {
  const merged: DeploymentConfiguration = {
    maximumPercent: scheduling === 'DAEMON' ? 100 : 200,
    minimumHealthyPercent: scheduling === 'DAEMON' ? 0 : 100,
    strategy: 'ROLLING',
    bakeTimeInMinutes: 0,
    ...before,
    ...given,
  }
  const { minimumHealthyPercent = 100, maximumPercent = 200 } = merged
  if (minimumHealthyPercent < 0 || maximumPercent < 0)
    throw invalidParameter('Deployment percentages must not be negative.')
  if (minimumHealthyPercent === 100 && maximumPercent === 100) {
    throw invalidParameter(
      'Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.',
    )
  }
  merged.deploymentCircuitBreaker = {
    enable: false,
    rollback: false,
    resetOnHealthyTask: true,
    ...merged.deploymentCircuitBreaker,
    thresholdConfiguration: {
      type: 'BOUNDED_PERCENT',
      value: 50,
      ...merged.deploymentCircuitBreaker?.thresholdConfiguration,
    },
  }
  const { type, value = 50 } = merged.deploymentCircuitBreaker.thresholdConfiguration ?? {}
  if (value < 1 || (type !== 'COUNT' && value > 100)) {
    throw invalidParameter('The circuit breaker threshold value must be between 1 and 100.')
  }
  checkStrategy(merged, given)
  return merged
}

/** Throws ClientException for a name that ECS does not take. */
export function checkServiceName(name: string | undefined): string {
  if (!name) throw clientError('Service name cannot be empty.')
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(name)) throw invalidParameter('Identifier contains invalid characters.')
  return name
}
