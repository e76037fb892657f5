import type {
  ContinueServiceDeploymentRequest,
  DescribeServiceDeploymentsRequest,
  DescribeServiceRevisionsRequest,
  Failure,
  ListServiceDeploymentsRequest,
  ServiceDeployment,
  ServiceRevision,
  StopServiceDeploymentRequest,
} from '@aws-sdk/client-ecs'
import { AwsFailure } from '../world.ts'
import { clusterOf } from './clusters.ts'
import { fail } from './deployments/outcome.ts'
import { wakeAt } from './deployments/wake.ts'
import { invalidParameter, serviceNotFound, unsupported } from './errors.ts'
import { page } from './paging.ts'
import { findService } from './services/lookup.ts'
import { placementView, revisionCounts } from './services/view.ts'
import type { Ecs, Revision, ServiceDeploymentState, ServiceState } from './types.ts'

/** `…:service-deployment/CLUSTER/SERVICE/ID` → the service, if it is there. */
function serviceOfArn(ecs: Ecs, arn: string): ServiceState | undefined {
  const [, cluster = '', service = ''] = arn.split('/')
  return ecs.clusters.get(cluster)?.services.get(service)
}

const findDeployment = (ecs: Ecs, arn: string) =>
  serviceOfArn(ecs, arn)?.serviceDeployments.find((shown) => shown.arn === arn)

function weighted(ecs: Ecs, shown: ServiceDeploymentState, revision: Revision) {
  const counts = revisionCounts(ecs, shown.service, revision)
  if (shown.productionTraffic === undefined) return counts
  const share = (value: number | undefined) => (revision === shown.target ? (value ?? 0) : 100 - (value ?? 0))
  return {
    ...counts,
    requestedProductionTrafficWeight: share(shown.productionTraffic),
    requestedTestTrafficWeight: share(shown.testTraffic),
  }
}

/** ECS API: ServiceDeployment. */
function deploymentView(ecs: Ecs, shown: ServiceDeploymentState): ServiceDeployment {
  const { alarms } = shown.configuration
  return {
    serviceDeploymentArn: shown.arn,
    serviceArn: shown.service.arn,
    clusterArn: shown.service.cluster.arn,
    createdAt: shown.createdAt,
    startedAt: shown.startedAt,
    finishedAt: shown.finishedAt,
    stoppedAt: shown.stoppedAt,
    updatedAt: shown.updatedAt,
    sourceServiceRevisions: shown.sources.map((revision) => weighted(ecs, shown, revision)),
    targetServiceRevision: weighted(ecs, shown, shown.target),
    status: shown.status,
    statusReason: shown.statusReason,
    lifecycleStage: shown.stage as ServiceDeployment['lifecycleStage'],
    lifecycleHookDetails: shown.hooks.length ? shown.hooks : undefined,
    deploymentConfiguration: shown.configuration,
    rollback: shown.rollback,
    deploymentCircuitBreaker: {
      status: shown.breakerStatus,
      failureCount: shown.failureCount,
      threshold: shown.threshold,
    },
    alarms: alarms?.enable
      ? { status: shown.alarmStatus, alarmNames: alarms.alarmNames, triggeredAlarmNames: shown.triggeredAlarms }
      : undefined,
  }
}

/** ECS API: ServiceRevision. Digests are there once the deployment's first task has established them. */
function revisionView(service: ServiceState, revision: Revision): ServiceRevision {
  const containers = revision.taskDefinition.definition.containerDefinitions ?? []
  return {
    serviceRevisionArn: revision.arn,
    serviceArn: service.arn,
    clusterArn: service.cluster.arn,
    taskDefinition: revision.taskDefinition.definition.taskDefinitionArn,
    ...placementView(revision),
    loadBalancers: revision.settings.loadBalancers,
    serviceRegistries: revision.settings.serviceRegistries,
    containerImages: containers.map(({ name, image }) => ({
      containerName: name,
      image,
      imageDigest: revision.digests.get(name ?? ''),
    })),
    guardDutyEnabled: false,
    serviceConnectConfiguration: revision.settings.serviceConnectConfiguration,
    volumeConfigurations: revision.settings.volumeConfigurations,
    vpcLatticeConfigurations: revision.settings.vpcLatticeConfigurations,
    createdAt: revision.createdAt,
  }
}

const TERMINAL = ['SUCCESSFUL', 'STOPPED', 'ROLLBACK_SUCCESSFUL', 'ROLLBACK_FAILED']

/** Stops a service deployment by rolling it back. ECS guide: "Stopping Amazon ECS service deployments". */
function stopServiceDeployment(ecs: Ecs, request: StopServiceDeploymentRequest) {
  const shown = findDeployment(ecs, request.serviceDeploymentArn ?? '')
  if (!shown) throw new AwsFailure('ServiceDeploymentNotFoundException', 'Service deployment not found.')
  if (request.stopType === 'ABORT') throw invalidParameter('Invalid stopType. The valid values are ROLLBACK.')
  if (TERMINAL.includes(shown.status ?? '')) {
    const text = `The service deployment is in ${shown.status} state and cannot be stopped.`
    const members = ecs.options.stopFinishedError === 'ConflictException' ? { resourceIds: [shown.arn] } : {}
    throw new AwsFailure(ecs.options.stopFinishedError, text, { members })
  }
  if (shown.status === 'PENDING' || shown.status === 'IN_PROGRESS') {
    shown.status = 'ROLLBACK_REQUESTED'
    shown.updatedAt = ecs.world.clock.now()
    wakeAt(ecs, shown.service, `stop ${shown.id}`, ecs.world.clock.now().getTime() + 2000, () => {
      const deployment = shown.service.deployments.find((other) => other.revision === shown.target)
      if (deployment?.status === 'PRIMARY' && shown.status === 'ROLLBACK_REQUESTED') fail(ecs, deployment, 'request')
    })
  }
  return { serviceDeploymentArn: shown.arn }
}

/** Lets a paused deployment go on, or rolls it back. ECS guide: "Continuing service deployments". */
function continueServiceDeployment(ecs: Ecs, request: ContinueServiceDeploymentRequest) {
  const shown = findDeployment(ecs, request.serviceDeploymentArn ?? '')
  if (!shown) throw new AwsFailure('ServiceDeploymentNotFoundException', 'Service deployment not found.')
  if (shown.status !== 'IN_PROGRESS')
    throw invalidParameter(`The service deployment is in ${shown.status} state and cannot be continued.`)
  const hook = shown.hooks.find(({ hookId }) => hookId === request.hookId)
  const deployment = shown.service.deployments.find((other) => other.serviceDeployment === shown)
  const pause = deployment?.pauses.get(request.hookId ?? '')
  if (!hook || !pause || hook.targetType !== 'PAUSE') throw invalidParameter('The specified hookId was not found.')
  if (hook.status !== 'AWAITING_ACTION') throw invalidParameter(`The lifecycle hook is in ${hook.status} status.`)
  if (request.action === 'ROLLBACK') pause.rollBack()
  else pause.proceed()
  return { serviceDeploymentArn: shown.arn }
}

function serviceForList(ecs: Ecs, request: ListServiceDeploymentsRequest): ServiceState {
  const service = findService(clusterOf(ecs, request.cluster), request.service ?? '')
  if (!service || service.status === 'INACTIVE') throw serviceNotFound()
  if (service.controller !== 'ECS') {
    throw unsupported(
      `Service deployments are not supported for services with the ${service.controller} deployment controller.`,
    )
  }
  return service
}

function describeAll<T>(arns: string[] | undefined, find: (arn: string) => T | undefined) {
  if (!arns?.length) throw invalidParameter('ARNs cannot be empty.')
  if (arns.length > 20) throw invalidParameter('A maximum of 20 ARNs can be described at once.')
  const failures: Failure[] = []
  const found = arns.flatMap((arn) => {
    const item = find(arn)
    if (item === undefined) failures.push({ arn, reason: 'MISSING' })
    return item === undefined ? [] : [item]
  })
  return { found, failures }
}

export function serviceDeploymentOperations(ecs: Ecs) {
  return {
    ListServiceDeployments(request: ListServiceDeploymentsRequest) {
      const service = serviceForList(ecs, request)
      const now = ecs.world.clock.now().getTime()
      const { before, after } = request.createdAt ?? {}
      const { serviceDeployments } = service
      const all = (
        ecs.options.serviceDeploymentOrder === 'newest-first' ? serviceDeployments.toReversed() : serviceDeployments
      )
        .filter((shown) => shown.visibleAt <= now)
        .filter((shown) => !request.status?.length || request.status.includes(shown.status ?? 'PENDING'))
        .filter((shown) => (!before || shown.createdAt < before) && (!after || shown.createdAt > after))
        .map((shown) => ({
          serviceDeploymentArn: shown.arn,
          serviceArn: service.arn,
          clusterArn: service.cluster.arn,
          startedAt: shown.startedAt,
          createdAt: shown.createdAt,
          finishedAt: shown.finishedAt,
          targetServiceRevisionArn: shown.target.arn,
          status: shown.status,
          statusReason: shown.statusReason,
        }))
      const { items, nextToken } = page(all, request.maxResults, 20, request.nextToken)
      return { serviceDeployments: items, nextToken }
    },

    DescribeServiceDeployments(request: DescribeServiceDeploymentsRequest) {
      const { found, failures } = describeAll(request.serviceDeploymentArns, (arn) => {
        const shown = findDeployment(ecs, arn)
        return shown && deploymentView(ecs, shown)
      })
      return { serviceDeployments: found, failures }
    },

    DescribeServiceRevisions(request: DescribeServiceRevisionsRequest) {
      const { found, failures } = describeAll(request.serviceRevisionArns, (arn) => {
        const service = serviceOfArn(ecs, arn)
        const revision = service?.revisions.find((other) => other.arn === arn)
        return service && revision && revisionView(service, revision)
      })
      return { serviceRevisions: found, failures }
    },

    StopServiceDeployment: (request: StopServiceDeploymentRequest) => stopServiceDeployment(ecs, request),
    ContinueServiceDeployment: (request: ContinueServiceDeploymentRequest) => continueServiceDeployment(ecs, request),
  }
}
