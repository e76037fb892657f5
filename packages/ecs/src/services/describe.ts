import { DescribeServicesCommand, type ECSClient, type Service } from '@aws-sdk/client-ecs'
import { UserError } from '@deploy-actions/action-kit'
import { isAwsError } from '@deploy-actions/aws'

/** DescribeServices takes ten services a call. */
const batchSize = 10

export interface DescribedServices {
  services: Service[]
  /** Names or ARNs that the cluster does not have. */
  missing: string[]
  /** Whether a call had to be repeated, which means that the API is under pressure. */
  repeated: boolean
}

/** Describes services of one cluster, ten a call, in the order of `names`. Throws a UserError when the cluster does not exist. */
export async function describeServices(
  ecs: ECSClient,
  cluster: string,
  names: string[],
  abortSignal?: AbortSignal,
): Promise<DescribedServices> {
  const batches = Array.from({ length: Math.ceil(names.length / batchSize) }, (_, index) =>
    names.slice(index * batchSize, (index + 1) * batchSize),
  )
  const answers = await Promise.all(
    batches.map(async (services) => {
      try {
        return await ecs.send(new DescribeServicesCommand({ cluster, services }), { abortSignal })
      } catch (error) {
        if (isAwsError(error, 'ClusterNotFoundException'))
          throw new UserError(
            `Cluster "${cluster}" does not exist in this account and region. Check the input "cluster", the region and the role of this job.`,
            { cause: error },
          )
        throw error
      }
    }),
  )
  return {
    services: answers.flatMap(({ services = [] }) => services),
    missing: answers.flatMap(({ failures = [] }) => failures.map(({ arn = '' }) => arn)),
    repeated: answers.some(({ $metadata }) => ($metadata.attempts ?? 1) > 1),
  }
}

/** Whether describeServices failed because there is no such cluster. */
export function isUnknownCluster(error: unknown): boolean {
  return error instanceof UserError && isAwsError(error.cause, 'ClusterNotFoundException')
}

/** One service that can be deployed to. Throws a UserError when it is missing, being deleted, or steered by a controller other than ECS. */
export async function describeService(ecs: ECSClient, cluster: string, service: string): Promise<Service> {
  const { services } = await describeServices(ecs, cluster, [service])
  return deployable(services[0], cluster, service)
}

/** All services, each checked as describeService does; the UserError names every one that cannot be deployed to. */
export async function describeDeployableServices(ecs: ECSClient, cluster: string, names: string[]): Promise<Service[]> {
  const { services } = await describeServices(ecs, cluster, names)
  const problems: string[] = []
  const found = names.flatMap((name) => {
    try {
      return deployable(
        services.find((service) => isNamed(service, name)),
        cluster,
        name,
      )
    } catch (error) {
      problems.push((error as Error).message)
      return []
    }
  })
  if (problems.length > 0) throw new UserError(problems.join('\n'))
  return found
}

export function isNamed(service: Service, nameOrArn: string): boolean {
  return service.serviceName === nameOrArn || service.serviceArn === nameOrArn
}

function deployable(service: Service | undefined, cluster: string, name: string): Service {
  if (!service)
    throw new UserError(`Service "${name}" does not exist in cluster "${cluster}". Check "service" and "cluster".`)
  if (service.status !== 'ACTIVE')
    throw new UserError(
      `Service "${name}" in cluster "${cluster}" is ${service.status}: it is being or has been deleted and takes no deployment. Create it again first.`,
    )
  const controller = service.deploymentController?.type ?? 'ECS'
  if (controller === 'CODE_DEPLOY')
    throw new UserError(
      `Service "${name}" is deployed by AWS CodeDeploy (deployment controller CODE_DEPLOY), which alone may change its task definition. Deploy it with aws-actions/amazon-ecs-deploy-task-definition and its codedeploy inputs, or move the service to the controller ECS, whose strategy BLUE_GREEN does the same without CodeDeploy.`,
    )
  if (controller !== 'ECS')
    throw new UserError(
      `Service "${name}" has the deployment controller ${controller}: its task sets belong to the tool that made them. Deploy it with that tool, or move the service to the controller ECS.`,
    )
  return service
}
