import { invalidParameter } from '../errors.ts'
import { ecsArn, newRevisionNumber, newServiceDeploymentId } from '../names.ts'
import type {
  DeploymentState,
  Ecs,
  RegisteredTaskDefinition,
  Revision,
  ServiceDeploymentState,
  ServiceSettings,
  ServiceState,
} from '../types.ts'
import { beginAlarms } from './alarms.ts'
import { breakerThreshold } from './breaker.ts'
import { unsteady } from './events.ts'
import { beginStages } from './stages.ts'
import { wakeAt } from './wake.ts'

const MOST_DEPLOYMENTS = 5

export function newRevision(
  ecs: Ecs,
  service: ServiceState,
  taskDefinition: RegisteredTaskDefinition,
  settings: ServiceSettings,
): Revision {
  const number = newRevisionNumber()
  const containers = taskDefinition.definition.containerDefinitions ?? []
  const revision: Revision = {
    number,
    arn: ecsArn(ecs.world, 'service-revision', `${service.cluster.name}/${service.name}/${number}`),
    createdAt: ecs.world.clock.now(),
    taskDefinition,
    settings,
    digests: new Map(),
    digestState: containers.every(({ versionConsistency }) => versionConsistency === 'disabled')
      ? 'given-up'
      : 'unresolved',
    failedDigestAttempts: 0,
    alternate: switchesTargetGroup(service),
  }
  service.revisions.push(revision)
  return revision
}

/**
 * Blue/green, linear and canary deployments put new tasks into the target group that the present ones are not in.
 */
const switchesTargetGroup = (service: ServiceState): boolean => {
  const before = service.deployments[0]?.revision
  if (!before) return false
  return service.deploymentConfiguration.strategy === 'ROLLING' ? before.alternate : !before.alternate
}

export function newServiceDeployment(
  ecs: Ecs,
  service: ServiceState,
  target: Revision,
  sources: Revision[],
): ServiceDeploymentState {
  const id = newServiceDeploymentId()
  const now = ecs.world.clock.now()
  const breaker = service.deploymentConfiguration.deploymentCircuitBreaker
  const shown: ServiceDeploymentState = {
    id,
    arn: ecsArn(ecs.world, 'service-deployment', `${service.cluster.name}/${service.name}/${id}`),
    service,
    target,
    sources,
    createdAt: now,
    updatedAt: now,
    status: 'PENDING',
    hooks: [],
    configuration: structuredClone(service.deploymentConfiguration),
    failureCount: 0,
    threshold: breakerThreshold(breaker, service.desiredCount),
    breakerStatus: breaker?.enable ? 'MONITORING' : 'DISABLED',
    triggeredAlarms: [],
    visibleAt: now.getTime() + ecs.options.serviceDeploymentListDelay * 1000,
  }
  service.serviceDeployments.push(shown)
  service.current.push({ arn: shown.arn, at: now.getTime() + ecs.options.staleCurrentServiceDeployment * 1000 })
  return shown
}

/**
 * What becomes of a deployment that a newer one takes over from: it stays ACTIVE and IN_PROGRESS until its last
 * task is gone.
 */
function supersede(ecs: Ecs, previous: DeploymentState): void {
  previous.status = 'ACTIVE'
  previous.updatedAt = ecs.world.clock.now()
  const shown = previous.serviceDeployment
  if (!shown || shown.finishedAt || shown.stoppedAt || ecs.options.supersededStatus === 'IN_PROGRESS') return
  shown.status = ecs.options.supersededStatus
  shown.updatedAt = ecs.world.clock.now()
  if (shown.status === 'SUCCESSFUL') shown.finishedAt = shown.updatedAt
  else shown.stoppedAt = shown.updatedAt
  shown.breakerStatus = shown.breakerStatus === 'MONITORING' ? 'MONITORING_COMPLETE' : shown.breakerStatus
}

/** Throws InvalidParameterException when five deployments exist already (aws/containers-roadmap#2836). */
export function checkRoomForDeployment(service: ServiceState): void {
  if (service.deployments.length >= MOST_DEPLOYMENTS) {
    throw invalidParameter(`${MOST_DEPLOYMENTS} active deployments exist, unable to create new deployment.`)
  }
}

/**
 * Puts a revision into service: a new PRIMARY deployment with counts of 0, whose first task comes a little later,
 * and its service deployment. ECS API: UpdateService, CreateService. Throws InvalidParameterException when too many
 * deployments exist.
 */
export function beginDeployment(ecs: Ecs, service: ServiceState, revision: Revision): DeploymentState {
  checkRoomForDeployment(service)
  const now = ecs.world.clock.now()
  const id = `ecs-svc/${revision.number}`
  const sources = service.deployments.map((deployment) => deployment.revision)
  const [previous] = service.deployments
  if (previous) supersede(ecs, previous)
  const deployment: DeploymentState = {
    id,
    revision,
    service,
    status: 'PRIMARY',
    createdAt: now,
    updatedAt: now,
    rolloutState: 'IN_PROGRESS',
    rolloutStateReason: `ECS deployment ${id} in progress.`,
    desiredCount: 0,
    failedTasks: 0,
    neverRan: 0,
    notBefore: now.getTime() + ecs.options.firstTaskAfter * 1000,
    halted: false,
    tripped: false,
    pauses: new Map(),
    serviceDeployment: newServiceDeployment(ecs, service, revision, sources),
  }
  service.deployments.unshift(deployment)
  unsteady(service)
  beginAlarms(ecs, deployment)
  const shown = deployment.serviceDeployment
  wakeAt(ecs, service, `start ${id}`, now.getTime() + 1600, () => {
    if (shown?.status !== 'PENDING') return
    shown.status = 'IN_PROGRESS'
    shown.startedAt = ecs.world.clock.now()
    shown.updatedAt = shown.startedAt
    beginStages(ecs, deployment)
  })
  wakeAt(ecs, service, `first ${id}`, deployment.notBefore)
  return deployment
}
