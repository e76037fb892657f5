import type { Task } from '@aws-sdk/client-ecs'
import { formatDuration, UserError } from '@deploy-actions/action-kit'
import { describeTask, runningTasksStartedBy, taskId } from '@deploy-actions/ecs'
import { migrationsStartedBy } from '@deploy-actions/release'
import type { Deps } from './deps.ts'
import type { Inputs } from './inputs.ts'
import type { Ledger } from './ledger.ts'

/**
 * The name under which all migrations of one database are started, whatever run they belong to: by it a later run
 * finds a task that still runs.
 */
export function startedBy({ release, cluster, service }: Inputs): string {
  return release ? migrationsStartedBy(release.application, release.environment) : migrationsStartedBy(cluster, service)
}

const pollMs = 5_000

/**
 * Looks for a migration that still runs. One of the same image and command, which a lost or repeated run has left
 * behind, is returned to be followed; any other is waited for, since only one may run at a time. `waitedFor` is the
 * id of the last of those: the database may have changed meanwhile.
 */
export async function earlierTask(
  inputs: Inputs,
  deps: Deps,
  container: string | undefined,
): Promise<{ same: Task | undefined; waitedFor: string | undefined }> {
  const { ecs, clock, log, cancelled } = deps
  const { cluster, timeoutMs } = inputs
  const start = clock.now().getTime()
  let saidOf = ''
  for (;;) {
    const task = (await runningTasksStartedBy(ecs, cluster, startedBy(inputs)))[0]
    if (!task) return { same: undefined, waitedFor: saidOf ? taskId(saidOf) : undefined }
    if (isSame(task, inputs, container)) return { same: task, waitedFor: undefined }
    const waited = clock.now().getTime() - start
    if (cancelled.aborted)
      throw new UserError('Cancelled while another migration was waited for. No task was started; nothing was changed.')
    if (waited >= timeoutMs)
      throw new UserError(
        `Another migration, task ${taskId(task.taskArn ?? '')}, still runs after ${formatDuration(waited)} (input "timeout"). No task was started. Look at that task, stop it if it hangs, and run the job again.`,
      )
    if (saidOf !== task.taskArn)
      log.info(
        `Another migration runs: task ${taskId(task.taskArn ?? '')}, started ${task.createdAt?.toISOString()}, ${commandOf(task)?.join(' ') ?? 'its own command'}. Waiting for its end, since only one may run at a time.`,
      )
    saidOf = task.taskArn ?? ''
    await clock.sleep(Math.min(pollMs, timeoutMs - waited), cancelled)
  }
}

const settleMs = 90_000

/**
 * The run whose task was waited for writes the end of it into the record some seconds after the task; without it
 * the plan would be made too early.
 */
export async function waitForItsRecord(book: Ledger, task: string, { clock, cancelled }: Deps): Promise<void> {
  const start = clock.now().getTime()
  while ((await book.pendingTask()) === task && !cancelled.aborted) {
    if (clock.now().getTime() - start > settleMs) return
    await clock.sleep(2_000, cancelled)
  }
}

/**
 * Whether the task is the first of those that run under its name. Where no record decides, two runs may have
 * started one at the same moment; both see the same order, so one of them gives way while its task is still being
 * prepared.
 */
export async function isFirst(inputs: Inputs, { ecs }: Deps, taskArn: string): Promise<boolean> {
  const tasks = await runningTasksStartedBy(ecs, inputs.cluster, startedBy(inputs))
  const created = (task: Task) => task.createdAt?.getTime() ?? 0
  const [first] = tasks.sort((a, b) => created(a) - created(b) || ((a.taskArn ?? '') < (b.taskArn ?? '') ? -1 : 1))
  return first === undefined || first.taskArn === taskArn
}

/**
 * Asks for a task that cannot be. The answer tells whether the role may look at tasks at all, before one is started
 * that nobody could follow.
 */
export async function checkMayLook({ ecs }: Deps, { cluster }: Inputs): Promise<void> {
  await describeTask(ecs, cluster, '0'.repeat(32))
}

function isSame(task: Task, { image, command }: Inputs, container: string | undefined): boolean {
  const sameCommand = JSON.stringify(commandOf(task)) === JSON.stringify(command)
  const images = (task.containers ?? [])
    .filter(({ name }) => container === undefined || name === container)
    .map(({ image: reference }) => reference ?? '')
  // Without a digest nothing tells two releases apart but their revision, which is not made yet.
  return sameCommand && image !== undefined && images.some((reference) => reference.endsWith(`@${image.digest}`))
}

function commandOf(task: Task): string[] | undefined {
  return task.overrides?.containerOverrides?.find(({ command }) => command)?.command
}
