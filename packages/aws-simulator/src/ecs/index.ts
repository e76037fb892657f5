import type { ServiceHandlers, World } from '../world.ts'
import { clusterOperations } from './clusters.ts'
import { step } from './deployments/scheduler.ts'
import { ecsOptions } from './options.ts'
import { seedEcs } from './seed.ts'
import { serviceDeploymentOperations } from './service-deployments.ts'
import { serviceOperations } from './services/operations.ts'
import { finishDeletion } from './services/remove.ts'
import { serviceView } from './services/view.ts'
import { tagOperations } from './tags.ts'
import { taskDefinitionOperations } from './task-definitions/operations.ts'
import { taskOperations } from './tasks/operations.ts'
import type { Ecs } from './types.ts'

/**
 * ECS: clusters, task definitions, services with their scheduler, service deployments, tasks. Every handler takes a
 * request that the API's model has accepted and answers in the API's shapes with timestamps as Date; it refuses
 * with AwsFailure in ECS's own words. Time is the world's clock only, so a manual clock makes every deployment
 * repeatable.
 */
export function ecsHandlers(world: World): ServiceHandlers {
  const ecs: Ecs = {
    world,
    options: ecsOptions(() => world.scenario.ecs),
    clusters: new Map(),
    families: new Map(),
    tasks: new Map(),
    runTokens: new Map(),
    step(service) {
      if (service.status === 'ACTIVE') step(ecs, service)
      else finishDeletion(service)
    },
  }
  return {
    signingName: 'ecs',
    operations: {
      ...clusterOperations(ecs),
      ...taskDefinitionOperations(ecs),
      ...serviceOperations(ecs),
      ...serviceDeploymentOperations(ecs),
      ...taskOperations(ecs),
      ...tagOperations(ecs),
    },
    seed: (seed) => seedEcs(ecs, seed),
    state: () =>
      [...ecs.clusters.values()].map((cluster) => ({
        cluster: cluster.name,
        services: [...cluster.services.values()].map((service) => serviceView(ecs, service)),
      })),
  }
}
