import type { ServiceHandlers, World } from '../world.ts'

/** ECS: clusters, services with their scheduler, tasks, task definitions. */
export function ecsHandlers(_world: World): ServiceHandlers {
  return { signingName: 'ecs', operations: {} }
}
