import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import type { ContainerDefinition, ECSClient, Task } from '@aws-sdk/client-ecs'
import {
  type Clock,
  formatDuration,
  formatStopwatch,
  isUserError,
  type Log,
  messageOf,
  once,
} from '@deploy-actions/action-kit'
import { graceAfterCancel } from '../grace-after-cancel.ts'
import { describeTask, taskId } from './find-tasks.ts'
import { followLines } from './follow-lines.ts'
import { stopTask } from './stop-task.ts'
import { type TaskEnd, taskEnd } from './task-end.ts'

export interface FollowDeps {
  /** Built without a cancel signal: it has to stop the task after the cancel. */
  ecs: ECSClient
  logs: CloudWatchLogsClient
  clock: Clock
  log: Log
  /** The run's cancel. */
  cancelled: AbortSignal
}

export interface FollowRequest {
  cluster: string
  taskArn: string
  containerDefinitions: ContainerDefinition[]
  /** Whose exit code and log lines count. */
  container: string
  /** How long the task may take from now on before it is stopped. */
  timeoutMs: number
  /** What the task is called in the reason of a StopTask, such as `Migration of my-app`. */
  purpose: string
  /** Takes the container's log lines. Default: they are printed. */
  onLine?: (line: string) => void
}

export interface FollowedTask {
  /**
   * `stopped`: not by this step; `timed-out` and `cancelled`: this step asked ECS to stop it; `lost`: ECS does not
   * know it (any more), or may not be asked.
   */
  ended: 'stopped' | 'timed-out' | 'cancelled' | 'lost'
  /** As it was last seen; undefined when ECS never showed it. */
  task: Task | undefined
  /** Present once the task has stopped. */
  end: TaskEnd | undefined
  /** Why StopTask failed; the task may still run. */
  stopFailure: string | undefined
  /** Why ECS could not be asked about the task any more. */
  trouble: string | undefined
  linesPrinted: number
}

const pollMs = 750
/** ECS API, DescribeTasks: a new task may be unknown for a while; poll for up to five minutes. */
const unknownAtFirstMs = 300_000
const unknownLaterMs = 60_000
/** The runner ends the process 10 s after the cancel; the end of the task is shown if it comes before that. */
const graceAfterCancelMs = 5_000
/** stopTimeout is at most two minutes. */
const graceAfterTimeoutMs = 150_000

/**
 * Follows a task to its end: a line per change of its state, its container's log lines as they come. Stops it on
 * timeout and on cancel and says so in the result; whatever happened, the result tells how the task was last seen.
 * ECS API: DescribeTasks, StopTask; CloudWatch Logs API: GetLogEvents.
 */
export async function followTask(deps: FollowDeps, request: FollowRequest): Promise<FollowedTask> {
  const { ecs, clock, log, cancelled } = deps
  const { cluster, taskArn, container, containerDefinitions } = request
  const start = clock.now().getTime()
  const elapsed = () => clock.now().getTime() - start
  const lines = followLines(
    deps,
    containerDefinitions.find(({ name }) => name === container),
    request.onLine ?? ((line) => log.info(line)),
  )
  const cancel = onCancel(deps, request)
  let ended: FollowedTask['ended'] = 'stopped'
  let stopFailure: string | undefined
  let deadline = request.timeoutMs
  let task: Task | undefined
  let seenAt = 0
  let shown = ''
  let trouble: string | undefined

  const result = (end?: TaskEnd): FollowedTask => ({
    ended,
    task,
    end,
    stopFailure,
    trouble,
    linesPrinted: lines.printed(),
  })

  try {
    for (;;) {
      if (ended === 'stopped' && cancelled.aborted) {
        ended = 'cancelled'
        stopFailure = await cancel.sent()
        if (stopFailure) return result()
      }
      const looked = describeTask(ecs, cluster, taskArn).catch((error: unknown) => {
        trouble = messageOf(error)
        return isUserError(error) ? ('denied' as const) : undefined
      })
      const answer = await Promise.race([looked, cancel.graceIsOver])
      if (answer === 'over') return result()
      if (answer === 'denied') {
        if (ended === 'stopped') ended = 'lost'
        return result()
      }
      if (answer) {
        trouble = undefined
        seenAt = elapsed()
      } else if (elapsed() - seenAt > (task ? unknownLaterMs : unknownAtFirstMs)) {
        ended = 'lost'
        return result()
      }
      task = answer ?? task
      const state = stateText(task)
      if (state !== shown) log.info(`${formatStopwatch(elapsed())}  task ${taskId(taskArn)} ${state}`)
      shown = state

      if (task && isOver(task, container)) {
        task = await withExitCode(deps, request, task)
        if (ended !== 'cancelled') await lines.finish(task)
        return result(taskEnd(task, container))
      }
      if (task) lines.poll(task)

      if (ended === 'timed-out' && elapsed() >= deadline) return result()
      if (ended === 'stopped' && !cancelled.aborted && elapsed() >= deadline) {
        ended = 'timed-out'
        stopFailure = await stop(deps, request, 'its time is up', `no end within ${formatDuration(request.timeoutMs)}`)
        if (stopFailure) return result()
        deadline = elapsed() + graceAfterTimeoutMs
      }
      const pause = ended === 'cancelled' ? 1_000 : pollMs * (0.8 + 0.4 * Math.random())
      await clock.sleep(
        ended === 'stopped' ? Math.min(pause, Math.max(100, deadline - elapsed())) : pause,
        ended === 'cancelled' ? undefined : cancelled,
      )
    }
  } finally {
    cancel.dispose()
  }
}

/** Sends StopTask the moment the run is cancelled, whatever call is being waited for. */
function onCancel(deps: FollowDeps, request: FollowRequest) {
  const sent = once(() => stop(deps, request, 'the run is cancelled', 'the run was cancelled'))
  const { over, dispose } = graceAfterCancel(deps.clock, deps.cancelled, graceAfterCancelMs, () => void sent())
  return { sent, graceIsOver: over.then(() => 'over' as const), dispose }
}

/** Resolves to why it failed, if it did. */
async function stop(
  { ecs, log }: FollowDeps,
  { cluster, taskArn, purpose }: FollowRequest,
  said: string,
  recorded: string,
): Promise<string | undefined> {
  try {
    await stopTask(ecs, { cluster, taskArn, reason: `${purpose}: ${recorded}` })
    log.info(`Asked ECS to stop task ${taskId(taskArn)}: ${said}.`)
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

/** Should an exit code come later than STOPPED, it is waited for, briefly. */
async function withExitCode(
  { ecs, clock }: FollowDeps,
  { cluster, taskArn, container }: FollowRequest,
  task: Task,
): Promise<Task> {
  const isMissing = ({ stopCode, containers = [] }: Task) =>
    stopCode === 'EssentialContainerExited' &&
    !containers.some(({ name, exitCode, reason }) => name === container && (exitCode !== undefined || reason))
  let latest = task
  for (let attempt = 0; attempt < 5 && isMissing(latest); attempt++) {
    await clock.sleep(1_000)
    latest = (await describeTask(ecs, cluster, taskArn)) ?? latest
  }
  return latest
}

/**
 * Known before STOPPED, which waits for the network interface to go: all containers have ended and the code that
 * counts is there.
 */
function isOver({ lastStatus, stopCode, executionStoppedAt, containers = [] }: Task, container: string): boolean {
  if (lastStatus === 'STOPPED') return true
  const chosen = containers.find(({ name }) => name === container)
  return (
    lastStatus === 'DEPROVISIONING' &&
    stopCode !== undefined &&
    executionStoppedAt !== undefined &&
    chosen?.exitCode !== undefined
  )
}

function stateText(task: Task | undefined): string {
  if (!task) return 'is not known to ECS yet'
  const early = ['PROVISIONING', 'PENDING', 'ACTIVATING', 'RUNNING'].includes(task.lastStatus ?? '')
  return `${task.lastStatus ?? 'UNKNOWN'}${early && task.desiredStatus === 'STOPPED' ? ', to be stopped' : ''}`
}
