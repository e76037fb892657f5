import { isUserError, messageOf } from '@deploy-actions/action-kit'
import { stopTask } from '@deploy-actions/ecs'
import type { Deps } from './deps.ts'
import type { Inputs } from './inputs.ts'

/** Stops the migration task that the record names. The guard lets a rollback come this far only with across-schema. */
export async function stopMigration({ cluster }: Inputs, task: string | undefined, deps: Deps): Promise<void> {
  if (!task) return
  try {
    const reason = `Rolled back by ${deps.actor}`
    const stopped = await stopTask(deps.ecs, { cluster, taskArn: task, reason })
    deps.log.info(stopped ? `Stopped the migration task ${task}.` : `The migration task ${task} has ended already.`)
  } catch (error) {
    if (!isUserError(error)) throw error
    deps.log.warning(`The migration task ${task} could not be stopped and goes on: ${messageOf(error)}`)
  }
}
