import { messageOf } from '@deploy-actions/action-kit'
import { runningTasksStartedBy, stopTask, taskId } from '@deploy-actions/ecs'
import { migrationsStartedBy, type PendingMigration } from '@deploy-actions/release'
import type { Deps } from './deps.ts'
import type { Inputs } from './inputs.ts'

/**
 * Stops the migration that the record calls pending: the task that it names, and what else ECS runs under the name
 * of migrations of this application, since a task that was started a moment ago is not on record yet. The guard
 * lets a rollback come this far only with across-schema. The way back goes on, whatever comes of it.
 */
export async function stopMigration(inputs: Inputs, pending: PendingMigration | undefined, deps: Deps): Promise<void> {
  const { ecs, log, actor, signal } = deps
  const { cluster } = inputs
  if (!pending || signal.aborted) return
  const tasks = new Set([...(pending.task ? [pending.task] : []), ...(await runningMigrations(inputs, deps))])
  if (tasks.size === 0)
    log.warning('No task of the migration that is pending was found; it may have ended, or not begun yet.')
  for (const task of tasks)
    try {
      const stopped = await stopTask(ecs, { cluster, taskArn: task, reason: `Rolled back by ${actor}` })
      log.info(stopped ? `Stopped the migration task ${task}.` : `The migration task ${task} has ended already.`)
    } catch (error) {
      log.warning(`The migration task ${task} could not be stopped and goes on: ${messageOf(error)}`)
    }
}

async function runningMigrations({ cluster, record }: Inputs, { ecs, log }: Deps): Promise<string[]> {
  const name = migrationsStartedBy(record!.application, record!.environment)
  try {
    return (await runningTasksStartedBy(ecs, cluster, name)).flatMap(({ taskArn }) =>
      taskArn ? [taskId(taskArn)] : [],
    )
  } catch (error) {
    log.warning(`Whether a migration task runs that the record does not name was not looked up: ${messageOf(error)}`)
    return []
  }
}
