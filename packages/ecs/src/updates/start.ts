import { type ECSClient, type Service, UpdateServiceCommand } from '@aws-sdk/client-ecs'
import { UserError } from '@deploy-actions/action-kit'
import { isAwsError } from '@deploy-actions/aws'
import type { StartedDeployment } from '../deployments/types.ts'
import { refusals } from '../refusals.ts'
import { describeService } from '../services/describe.ts'
import { primaryOf } from '../services/primary.ts'
import { mergedConfiguration, type ServiceSettings } from '../services/settings.ts'
import { familyRevision } from '../task-definitions/fetch.ts'

export interface UpdateRequest {
  cluster: string
  /** Name or ARN. */
  service: string
  /** ARN or `family:revision`. Left out, the service keeps its own. */
  taskDefinition?: string | undefined
  forceNewDeployment?: boolean | undefined
  settings?: ServiceSettings | undefined
  /** The service as it was described just before; spares a call. */
  before?: Service | undefined
}

/**
 * Updates one service and says which deployment that started. Only what is given is sent (ECS API: UpdateService).
 * When nothing changed, ECS starts no deployment: `created` is false and the deployment is the one that was PRIMARY
 * already. To ask for what failed and still is PRIMARY means to try again, which ECS only does when forced. Throws
 * UserError for a missing or inactive service, and for a task definition that is INACTIVE.
 */
export async function startDeployment(
  ecs: ECSClient,
  request: UpdateRequest,
  abortSignal?: AbortSignal,
): Promise<StartedDeployment> {
  const before = request.before ?? (await describeService(ecs, request.cluster, request.service))
  const { service } = await ecs.send(updateCommand(request, before), { abortSignal }).catch((error: unknown) => {
    throw readableUpdateError(error, request)
  })
  if (!service?.serviceArn || !primaryOf(service)?.id)
    throw new Error(`UpdateService of ${request.service} answered without a PRIMARY deployment.`)
  const created = primaryOf(service)?.id !== primaryOf(before)?.id
  return startedAfter(currentDeployment(request.cluster, service), before, created)
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

/** What is PRIMARY now, as the deployment that an update of `before` started, or found in place. */
export function startedAfter(current: StartedDeployment, before: Service, created: boolean): StartedDeployment {
  const previous = primaryOf(before)
  return {
    ...current,
    previousTaskDefinition:
      (created ? rollbackRevision(before) : previous?.taskDefinition) ?? current.previousTaskDefinition,
    previousDeploymentId: previous?.id ?? current.previousDeploymentId,
    eventsFrom: created ? current.createdAt : current.eventsFrom,
    created,
  }
}

/**
 * The revision that ECS would roll back to. That is not what is PRIMARY when this is the fix of a deployment that
 * never completed, but the newest one that did, which is still listed while its tasks run (ECS developer guide:
 * deployment circuit breaker).
 */
export function rollbackRevision(service: Service): string | undefined {
  const completed = (service.deployments ?? [])
    .filter(({ rolloutState }) => rolloutState === 'COMPLETED')
    .sort((a, b) => (b.createdAt?.getTime() ?? 0) - (a.createdAt?.getTime() ?? 0))
  return completed[0]?.taskDefinition ?? primaryOf(service)?.taskDefinition
}

function updateCommand(request: UpdateRequest, before: Service): UpdateServiceCommand {
  const { cluster, service, taskDefinition, settings } = request
  const forceNewDeployment = request.forceNewDeployment || repeatsFailure(before, taskDefinition)
  return new UpdateServiceCommand({
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
}

/** Without rollback a FAILED deployment stays PRIMARY. */
function repeatsFailure(before: Service, taskDefinition: string | undefined): boolean {
  const primary = primaryOf(before)
  if (primary?.rolloutState !== 'FAILED' || !primary.taskDefinition) return false
  return taskDefinition === undefined || familyRevision(primary.taskDefinition) === familyRevision(taskDefinition)
}

/** Refusals that a reader can mend, with what they mean. Nothing was changed in any of these cases. */
function readableUpdateError(error: unknown, { cluster, service, taskDefinition }: UpdateRequest): unknown {
  const where = `Service "${service}" in cluster "${cluster}" was not changed`
  if (isAwsError(error, 'ServiceNotFoundException', 'ServiceNotActiveException', 'ClusterNotFoundException'))
    return new UserError(`${where}: ${error.message} It may have been deleted since this step looked.`, {
      cause: error,
    })
  if (!isAwsError(error, ...refusals)) return error
  const hint = /inactive/i.test(error.message)
    ? ` ${taskDefinition ?? 'The task definition'} was deregistered. Register it again, or deploy another revision.`
    : /active deployments exist/i.test(error.message)
      ? ' Wait until an earlier deployment has ended, or roll back first.'
      : ''
  return new UserError(`${where}: ECS refused the update (${error.message.replace(/\.$/, '')}).${hint}`, {
    cause: error,
  })
}

function afterNewestEvent(service: Service, fallback: Date): Date {
  const times = (service.events ?? []).flatMap(({ createdAt }) => (createdAt ? [createdAt.getTime()] : []))
  return times.length > 0 ? new Date(Math.max(...times) + 1) : fallback
}
