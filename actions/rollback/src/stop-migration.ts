import { isUserError, messageOf } from '@deploy-actions/action-kit'
import { runningTasksStartedBy, stopTask, taskId } from '@deploy-actions/ecs'
import { migrationsStartedBy, type PendingMigration } from '@deploy-actions/release'
import type { Deps } from './deps.ts'
import type { Inputs } from './inputs.ts'

/**
 * Stops the migration that the record calls pending: the task that it names, and what else ECS runs under the name of
 * migrations of this application, since a task that was started a moment ago is not on record yet. The guard lets a
 * rollback come this far only with across-schema.
 */
export async function stopMigration(inputs: Inputs, pending: PendingMigration | undefined, deps: Deps): Promise<void> {
  if (!pending) return
  const running = await runningMigrations(inputs, deps)
  const tasks = new Set([...(pending.task ? [pending.task] : []), ...running])
  if (tasks.size === 0)
    deps.log.warning('No task of the migration that is pending was found; it may have ended, or not begun yet.')
  for (const task of tasks) await stop(task, inputs, deps)
}

async function runningMigrations({ cluster, record }: Inputs, { ecs, log }: Deps): Promise<string[]> {
  if (!record) return []
  try {
    const name = migrationsStartedBy(record.application, record.environment)
    return (await runningTasksStartedBy(ecs, cluster, name)).flatMap(({ taskArn }) =>
      taskArn ? [taskId(taskArn)] : [],
    )
  } catch (error) {
    if (!isUserError(error)) throw error
    log.warning(`Whether a migration task runs that the record does not name was not looked up: ${messageOf(error)}`)
    return []
  }
}

async function stop(task: string, { cluster }: Inputs, deps: Deps): Promise<void> {
  try {
    const reason = `Rolled back by ${deps.actor}`
    const stopped = await stopTask(deps.ecs, { cluster, taskArn: task, reason })
    deps.log.info(stopped ? `Stopped the migration task ${task}.` : `The migration task ${task} has ended already.`)
  } catch (error) {
    if (!isUserError(error)) throw error
    deps.log.warning(`The migration task ${task} could not be stopped and goes on: ${messageOf(error)}`)
  }
}
