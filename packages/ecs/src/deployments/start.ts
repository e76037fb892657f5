import { type ECSClient, type Service, UpdateServiceCommand } from '@aws-sdk/client-ecs'
import { UserError } from '@deploy-actions/action-kit'
import { isAwsError } from '@deploy-actions/aws'
import { describeService } from '../services/describe.ts'
import { mergedConfiguration, type ServiceSettings } from '../services/settings.ts'
import type { StartedDeployment } from './types.ts'

export interface UpdateRequest {
  cluster: string
  service: string
  /** ARN or `family:revision`. Left out, the service keeps its own. */
  taskDefinition?: string | undefined
  forceNewDeployment?: boolean | undefined
  settings?: ServiceSettings | undefined
  /** The service as it was described just before; spares a call. */
  before?: Service | undefined
}

/**
 * Updates one service and says which deployment that started. Only what is given is sent (ECS API: UpdateService). When nothing changed, ECS starts no
 * deployment: `created` is false and the deployment is the one that was PRIMARY already.
 * Throws UserError for a missing or inactive service, and for a task definition that is INACTIVE.
 */
export async function startDeployment(ecs: ECSClient, request: UpdateRequest): Promise<StartedDeployment> {
  const before = request.before ?? (await describeService(ecs, request.cluster, request.service))
  const previous = primaryOf(before)
  const { service } = await updateService(ecs, request, before)
  const primary = primaryOf(service)
  if (!service?.serviceArn || !primary?.id || !primary.taskDefinition)
    throw new Error(`UpdateService of ${request.service} answered without a PRIMARY deployment.`)
  const created = primary.id !== previous?.id
  const createdAt = primary.createdAt ?? new Date()
  return {
    cluster: request.cluster,
    service: service.serviceName ?? request.service,
    serviceArn: service.serviceArn,
    deploymentId: primary.id,
    taskDefinition: primary.taskDefinition,
    previousTaskDefinition: previous?.taskDefinition ?? primary.taskDefinition,
    previousDeploymentId: previous?.id ?? primary.id,
    createdAt,
    eventsFrom: created ? createdAt : afterNewestEvent(service, createdAt),
    created,
  }
}

function updateService(ecs: ECSClient, request: UpdateRequest, before: Service) {
  const { cluster, service, taskDefinition, forceNewDeployment, settings } = request
  const command = new UpdateServiceCommand({
    cluster,
    service,
    ...(taskDefinition && { taskDefinition }),
    ...(forceNewDeployment && { forceNewDeployment }),
    ...(settings?.deploymentConfiguration && {
      deploymentConfiguration: mergedConfiguration(before.deploymentConfiguration, settings.deploymentConfiguration),
    }),
    ...(settings?.healthCheckGracePeriodSeconds !== undefined && {
      healthCheckGracePeriodSeconds: settings.healthCheckGracePeriodSeconds,
    }),
  })
  return ecs.send(command).catch((error: unknown) => {
    throw readableUpdateError(error, request)
  })
}

/** Refusals that a reader can mend, with what they mean. Nothing was changed in any of these cases. */
function readableUpdateError(error: unknown, { cluster, service, taskDefinition }: UpdateRequest): unknown {
  const where = `Service "${service}" in cluster "${cluster}" was not changed`
  if (isAwsError(error, 'ServiceNotFoundException', 'ServiceNotActiveException', 'ClusterNotFoundException'))
    return new UserError(`${where}: ${error.message} It may have been deleted since this step looked.`, {
      cause: error,
    })
  if (isAwsError(error, 'ClientException', 'InvalidParameterException')) {
    const hint = /inactive/i.test(error.message)
      ? ` ${taskDefinition ?? 'The task definition'} was deregistered. Register it again, or deploy another revision.`
      : /active deployments exist/i.test(error.message)
        ? ' Wait until an earlier deployment has ended, or roll back first.'
        : ''
    return new UserError(`${where}: ECS refused the update (${error.message.replace(/\.$/, '')}).${hint}`, {
      cause: error,
    })
  }
  if (
    isAwsError(
      error,
      'PlatformTaskDefinitionIncompatibilityException',
      'PlatformUnknownException',
      'UnsupportedFeatureException',
    )
  )
    return new UserError(`${where}: ECS refused the update (${error.message}).`, { cause: error })
  return error
}

/** The deployment as it is now, for watching what someone else has started, or what already runs. */
export function currentDeployment(cluster: string, service: Service): StartedDeployment {
  const primary = primaryOf(service)
  if (!service.serviceArn || !primary?.id || !primary.taskDefinition)
    throw new UserError(`Service "${service.serviceName}" in cluster "${cluster}" has no PRIMARY deployment.`)
  const createdAt = primary.createdAt ?? new Date()
  return {
    cluster,
    service: service.serviceName ?? service.serviceArn,
    serviceArn: service.serviceArn,
    deploymentId: primary.id,
    taskDefinition: primary.taskDefinition,
    previousTaskDefinition: primary.taskDefinition,
    previousDeploymentId: primary.id,
    createdAt,
    eventsFrom: afterNewestEvent(service, createdAt),
    created: false,
  }
}

export function primaryOf(service: Service | undefined) {
  return service?.deployments?.find(({ status }) => status === 'PRIMARY')
}

function afterNewestEvent(service: Service, fallback: Date): Date {
  const times = (service.events ?? []).flatMap(({ createdAt }) => (createdAt ? [createdAt.getTime()] : []))
  return times.length > 0 ? new Date(Math.max(...times) + 1) : fallback
}
