import type { Ecs, TaskState } from '../types.ts'
import { taskTimer } from './lifecycle.ts'

/**
 * The lines that a task's main container writes, into the stream PREFIX/CONTAINER/TASKID (ECS guide: "Using the
 * awslogs log driver"). Without a prefix the stream is named after the container's runtime id.
 */
export function writeLogs(ecs: Ecs, task: TaskState): void {
  const definitions = task.definition.definition.containerDefinitions ?? []
  const main = definitions.find((container) => container.essential) ?? definitions[0]
  if (main?.logConfiguration?.logDriver !== 'awslogs') return
  const options = main.logConfiguration.options ?? {}
  const group = options['awslogs-group'] ?? ''
  const prefix = options['awslogs-stream-prefix']
  const runtimeId = task.containers.find(({ name }) => name === main.name)?.runtimeId ?? task.id
  const stream = prefix ? `${prefix}/${main.name}/${task.id}` : runtimeId
  const write = (line: string) => {
    // The group may be deleted while the task runs; the driver then loses the line and the task goes on.
    if (ecs.world.logs.hasGroup(group)) ecs.world.logs.write(group, stream, line, ecs.world.clock.now())
  }
  for (const { after = 0, line } of task.behaviour.log ?? []) {
    if (after === 0) write(line)
    else taskTimer(ecs, task, after, () => write(line))
  }
}
