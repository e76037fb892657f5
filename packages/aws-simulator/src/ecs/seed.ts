import type { CreateServiceRequest, RegisterTaskDefinitionRequest } from '@aws-sdk/client-ecs'
import { behavioursFrom } from '../behaviours.ts'
import type { Seed } from '../scenario.ts'
import { createCluster } from './clusters.ts'
import { saySteady } from './deployments/events.ts'
import { finish } from './deployments/outcome.ts'
import { targetsOf } from './deployments/staff.ts'
import { newUuid } from './names.ts'
import { createService } from './services/create.ts'
import { registerTaskDefinition } from './task-definitions/operations.ts'
import { createTask } from './tasks/create.ts'
import { pullImages } from './tasks/images.ts'
import type { Ecs, ServiceState } from './types.ts'

const DAY = 24 * 3600 * 1000
const SIX_HOURS = 6 * 3600 * 1000
const AGE = 10 * DAY

/** Creates what a seed holds of ECS. Clusters that services name are created with them. */
export function seedEcs(ecs: Ecs, seed: Seed): void {
  for (const clusterName of seed.clusters ?? []) createCluster(ecs, { clusterName })
  for (const request of seed.taskDefinitions ?? [])
    registerTaskDefinition(ecs, request as unknown as RegisterTaskDefinitionRequest)
  for (const { stable, ...rest } of seed.services ?? []) {
    const request = rest as unknown as CreateServiceRequest
    createCluster(ecs, { clusterName: (request.cluster ?? 'default').split('/').at(-1) })
    const service = createService(ecs, request)
    if (stable) settleLongAgo(ecs, service)
  }
}

/** Makes a service just created look as if its first deployment had completed ten days ago. */
function settleLongAgo(ecs: Ecs, service: ServiceState): void {
  const [deployment] = service.deployments
  if (!deployment) return
  for (const cancel of service.wakeUps.values()) cancel()
  service.wakeUps.clear()
  const now = ecs.world.clock.now().getTime()
  const created = new Date(now - AGE)
  const completed = new Date(now - AGE + 120_000)
  service.createdAt = created
  deployment.createdAt = created
  deployment.updatedAt = completed
  deployment.revision.createdAt = created
  deployment.rolloutState = 'COMPLETED'
  deployment.rolloutStateReason = `ECS deployment ${deployment.id} completed.`
  deployment.desiredCount = service.desiredCount
  deployment.notBefore = 0
  const shown = deployment.serviceDeployment
  if (shown) {
    finish(ecs, shown, 'SUCCESSFUL')
    Object.assign(shown, {
      createdAt: created,
      startedAt: new Date(created.getTime() + 1600),
      finishedAt: completed,
      updatedAt: completed,
      visibleAt: 0,
    })
    service.current = [{ arn: shown.arn, at: 0 }]
  }
  for (let index = 0; index < service.desiredCount; index++) addOldTask(ecs, service, created)
  deployment.revision.digestState = 'resolved'
  pastEvents(ecs, service, completed, now)
}

/** A task that has been running since the service's creation. */
function addOldTask(ecs: Ecs, service: ServiceState, created: Date): void {
  const [deployment] = service.deployments
  if (!deployment) return
  const { revision } = deployment
  const task = createTask(ecs, {
    cluster: service.cluster,
    definition: revision.taskDefinition,
    deployment,
    group: `service:${service.name}`,
    startedBy: deployment.id,
    network: revision.settings.networkConfiguration?.awsvpcConfiguration,
    request: {
      launchType: revision.settings.launchType,
      capacityProviderStrategy: revision.settings.capacityProviderStrategy,
    },
    tags: [],
    targets: targetsOf(revision),
    // Rules for the first tasks are meant for those that start while somebody looks.
    behaviourFor: behavioursFrom(() =>
      (ecs.world.scenario.behaviours ?? []).filter(({ match }) => match.first === undefined),
    ),
  })
  pullImages(ecs, task)
  const at = (seconds: number) => new Date(created.getTime() + seconds * 1000)
  Object.assign(task, {
    createdAt: at(5),
    connectivityAt: at(12),
    pullStartedAt: at(22),
    pullStoppedAt: at(24),
    startedAt: at(25),
    visibleAt: 0,
    lastStatus: 'RUNNING',
    healthy: true,
    wasHealthy: true,
    version: 4,
  })
  for (const container of task.containers) {
    container.lastStatus = 'RUNNING'
    container.reason = undefined
    container.runtimeId = `${task.id}-${Math.trunc(at(25).getTime() / 1000)}`
    container.healthStatus = container.hasHealthCheck ? 'HEALTHY' : 'UNKNOWN'
    if (container.pulledDigest) revision.digests.set(container.name, container.pulledDigest)
  }
  for (const { targetGroup, port } of task.targets) {
    ecs.world.targetGroups.register(targetGroup, task.privateIp ?? task.id, port)
    ecs.world.targetGroups.setHealth(targetGroup, task.privateIp ?? task.id, 'healthy')
  }
  ecs.tasks.set(task.arn, task)
  service.tasks.add(task)
}

/** The deployment's end and a steady state every six hours since, as far as the newest 100 events reach. */
function pastEvents(ecs: Ecs, service: ServiceState, completed: Date, now: number): void {
  const [deployment] = service.deployments
  const event = (at: number, text: string) => ({
    id: newUuid(),
    createdAt: new Date(at),
    message: `(service ${service.name}) ${text}`,
  })
  const start = completed.getTime()
  service.events = [
    event(start + 1, 'has reached a steady state.'),
    event(start, `(deployment ${deployment?.id}) deployment completed.`),
  ]
  for (let at = start + SIX_HOURS; at < now; at += SIX_HOURS)
    service.events.unshift(event(at, 'has reached a steady state.'))
  service.events.length = Math.min(service.events.length, 100)
  // Only the reminder is wanted of it: nothing happens at this moment.
  saySteady(ecs, service)
  service.events.shift()
}
