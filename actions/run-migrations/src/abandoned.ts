import type { ECSClient } from '@aws-sdk/client-ecs'
import type { Clock, Log } from '@deploy-actions/action-kit'
import { describeTask, ecsClient, runningTasksStartedBy, stopTask, taskId } from '@deploy-actions/ecs'

/** What a main process that was killed has left behind. */
export interface Abandoned {
  region: string
  cluster: string
  /** Missing when it was killed while the task was being started. */
  taskArn?: string
  startedBy?: string
  since?: string
}

/**
 * What `post` does: stops the task that a killed main process could not stop. Nothing where main saw the task's
 * end.
 */
export async function stopAbandoned(abandoned: Abandoned, { log, clock }: { log: Log; clock: Clock }): Promise<void> {
  const { region, cluster } = abandoned
  const ecs = ecsClient({ region, log, clock })
  for (const taskArn of await tasksOf(ecs, abandoned)) {
    const task = await describeTask(ecs, cluster, taskArn)
    if (!task || task.desiredStatus === 'STOPPED' || task.lastStatus === 'STOPPED') continue
    await stopTask(ecs, { cluster, taskArn, reason: 'Migration: the step that watched it was killed' })
    log.warning(
      `The migration task ${taskId(taskArn)} still ran after its step was killed, and is being stopped. The database may be half migrated; where the record is used it says pending.`,
    )
  }
}

/** Only one migration runs at a time, so what began since then under that name is this step's own. */
async function tasksOf(ecs: ECSClient, { cluster, taskArn, startedBy, since }: Abandoned): Promise<string[]> {
  if (taskArn) return [taskArn]
  if (!startedBy || !since) return []
  const tasks = await runningTasksStartedBy(ecs, cluster, startedBy)
  return tasks
    .filter(({ createdAt }) => (createdAt?.getTime() ?? 0) >= Date.parse(since) - 5_000)
    .flatMap((task) => task.taskArn ?? [])
}
