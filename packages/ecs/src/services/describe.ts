import { DescribeServicesCommand, type ECSClient, type Service } from '@aws-sdk/client-ecs'
import { UserError } from '@deploy-actions/action-kit'
import { isAwsError } from '@deploy-actions/aws'
import { inBatches } from '../batches.ts'

/** DescribeServices takes ten services a call. */
const batchSize = 10

export interface DescribedServices {
  services: Service[]
  /** Whether a call had to be repeated, which means that the API is under pressure. */
  repeated: boolean
}

/**
 * Describes services of one cluster, ten a call, in the order of `names`. Throws a UserError when the cluster does
 * not exist.
 */
export async function describeServices(
  ecs: ECSClient,
  cluster: string,
  names: string[],
  abortSignal?: AbortSignal,
): Promise<DescribedServices> {
  const answers = await Promise.all(
    inBatches(names, batchSize).map((services) =>
      ecs.send(new DescribeServicesCommand({ cluster, services }), { abortSignal }),
    ),
  ).catch((error: unknown) => {
    if (!isAwsError(error, 'ClusterNotFoundException')) throw error
    throw new UserError(
      `Cluster "${cluster}" does not exist in this account and region. Check the input "cluster", the region and the role of this job.`,
      { cause: error },
    )
  })
  return {
    services: answers.flatMap(({ services = [] }) => services),
    repeated: answers.some(({ $metadata }) => ($metadata.attempts ?? 1) > 1),
  }
}

/** Whether describeServices failed because there is no such cluster. */
export function isUnknownCluster(error: unknown): boolean {
  return error instanceof UserError && isAwsError(error.cause, 'ClusterNotFoundException')
}

/**
 * One service that can be deployed to. Throws a UserError when it is missing, being deleted, or steered by a
 * controller other than ECS.
 */
export async function describeService(ecs: ECSClient, cluster: string, service: string): Promise<Service> {
  const { services } = await describeServices(ecs, cluster, [service])
  return deployable(cluster, [[service, services[0]]])[0]!
}

/** All services, each checked as describeService does; the UserError names every one that cannot be deployed to. */
export async function describeDeployableServices(ecs: ECSClient, cluster: string, names: string[]): Promise<Service[]> {
  const { services } = await describeServices(ecs, cluster, names)
  return deployable(
    cluster,
    names.map((name) => [name, services.find((service) => isNamed(service, name))]),
  )
}

export function isNamed(service: Service, nameOrArn: string): boolean {
  return service.serviceName === nameOrArn || service.serviceArn === nameOrArn
}

function deployable(cluster: string, found: [string, Service | undefined][]): Service[] {
  const problems = found.flatMap(([name, service]) => problemOf(service, cluster, name) ?? [])
  if (problems.length > 0) throw new UserError(problems.join('\n'))
  return found.flatMap(([, service]) => service ?? [])
}

/** Why a service takes no deployment from here; undefined where it does. */
function problemOf(service: Service | undefined, cluster: string, name: string): string | undefined {
  if (!service) return `Service "${name}" does not exist in cluster "${cluster}". Check "service" and "cluster".`
  if (service.status !== 'ACTIVE')
    return `Service "${name}" in cluster "${cluster}" is ${service.status}: it is being or has been deleted and takes no deployment. Create it again first.`
  const controller = service.deploymentController?.type ?? 'ECS'
  if (controller === 'CODE_DEPLOY')
    return `Service "${name}" is deployed by AWS CodeDeploy (deployment controller CODE_DEPLOY), which alone may change its task definition. Deploy it with aws-actions/amazon-ecs-deploy-task-definition and its codedeploy inputs, or move the service to the controller ECS, whose strategy BLUE_GREEN does the same without CodeDeploy.`
  return controller === 'ECS'
    ? undefined
    : `Service "${name}" has the deployment controller ${controller}: its task sets belong to the tool that made them. Deploy it with that tool, or move the service to the controller ECS.`
}
