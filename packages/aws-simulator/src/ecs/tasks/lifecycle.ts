import type { Ecs, TaskState, TaskStatus } from '../types.ts'
import { beginHealth } from './health.ts'
import { writeLogs } from './logs.ts'
import { startFailure } from './start-checks.ts'

/** What happened to the task's health check or one of its targets. */
export type Illness = { kind: 'container' } | { kind: 'target'; targetGroup: string; port: number; reason: string }

/** How a service's scheduler hears of its tasks. */
export interface TaskObserver {
  /** The images are there and their digests known. */
  pulled?(task: TaskState): void
  running?(task: TaskState): void
  healthy?(task: TaskState): void
  unhealthy?(task: TaskState, illness: Illness): void
  /** The drain is over, its containers get SIGTERM. */
  drained?(task: TaskState): void
  stopped?(task: TaskState): void
}

/** Runs `action` after simulated seconds unless the task's timers are cancelled before. */
export function taskTimer(ecs: Ecs, task: TaskState, seconds: number, action: () => void): void {
  const cancel = ecs.world.clock.after(seconds, () => {
    task.timers.delete(cancel)
    action()
  })
  task.timers.add(cancel)
}

export function cancelTimers(task: TaskState): void {
  for (const cancel of task.timers) cancel()
  task.timers.clear()
}

export function setStatus(task: TaskState, status: TaskStatus): void {
  task.lastStatus = status
  task.version++
}

/**
 * Sets a task going: PROVISIONING → PENDING → (ACTIVATING) → RUNNING within its behaviour's `startsAfter`, or to
 * STOPPED with TaskFailedToStart. The shares of the time follow a Fargate start: most of it before the pull. ECS
 * guide: "Task lifecycle".
 */
export function startTask(ecs: Ecs, task: TaskState, observer: TaskObserver = {}): void {
  const total = task.behaviour.startsAfter ?? ecs.options.startsAfter
  ecs.tasks.set(task.arn, task)
  taskTimer(ecs, task, total * 0.35, () => {
    setStatus(task, 'PENDING')
    task.connectivityAt = ecs.world.clock.now()
    taskTimer(ecs, task, total * 0.5, () => pull(ecs, task, total * 0.15, observer))
  })
}

function pull(ecs: Ecs, task: TaskState, remaining: number, observer: TaskObserver): void {
  task.pullStartedAt = ecs.world.clock.now()
  const failure = startFailure(ecs, task)
  if (failure) {
    if (failure.startsWith('CannotPullContainerError')) {
      for (const container of task.containers.slice(0, 1)) container.reason ??= failure
    }
    endTask(ecs, task, { stopCode: 'TaskFailedToStart', reason: failure }, observer)
    return
  }
  observer.pulled?.(task)
  taskTimer(ecs, task, remaining * 0.6, () => {
    task.pullStoppedAt = ecs.world.clock.now()
    if (task.targets.length) setStatus(task, 'ACTIVATING')
    taskTimer(ecs, task, remaining * 0.4, () => run(ecs, task, observer))
  })
}

function run(ecs: Ecs, task: TaskState, observer: TaskObserver): void {
  setStatus(task, 'RUNNING')
  task.startedAt = ecs.world.clock.now()
  for (const container of task.containers) {
    container.lastStatus = 'RUNNING'
    container.runtimeId = `${task.id}-${String(Math.trunc(task.startedAt.getTime() / 1000)).padStart(10, '0')}`
  }
  observer.running?.(task)
  writeLogs(ecs, task)
  const { exitsAfter, interrupted } = task.behaviour
  if (interrupted) taskTimer(ecs, task, interrupted.after, () => endTask(ecs, task, interrupted, observer))
  if (exitsAfter !== undefined) taskTimer(ecs, task, exitsAfter, () => exit(ecs, task, observer))
  beginHealth(ecs, task, observer)
}

/** The essential container ends by itself; the others are killed with it. */
function exit(ecs: Ecs, task: TaskState, observer: TaskObserver): void {
  const { exitCode = 0, exitReason, sidecarExitCodes = {} } = task.behaviour
  const main = task.containers.find((container) => container.essential) ?? task.containers[0]
  for (const container of task.containers) {
    container.exitCode = container === main ? exitCode : (sidecarExitCodes[container.name] ?? 137)
    if (container === main) container.reason = exitReason
  }
  endTask(ecs, task, { stopCode: 'EssentialContainerExited', reason: 'Essential container in task exited' }, observer)
}

/** Containers are over: DEPROVISIONING, then STOPPED. */
export function endTask(
  ecs: Ecs,
  task: TaskState,
  why: { stopCode: string; reason: string },
  observer: TaskObserver,
): void {
  cancelTimers(task)
  const now = ecs.world.clock.now()
  task.desiredStatus = 'STOPPED'
  task.stopCode ??= why.stopCode
  task.stoppedReason ??= why.reason
  task.stoppingAt ??= now
  task.executionStoppedAt = now
  task.healthy = false
  for (const container of task.containers) container.lastStatus = 'STOPPED'
  for (const { targetGroup } of task.targets) ecs.world.targetGroups.deregister(targetGroup, task.privateIp ?? task.id)
  setStatus(task, 'DEPROVISIONING')
  taskTimer(ecs, task, ecs.options.deprovisioningSeconds, () => {
    setStatus(task, 'STOPPED')
    task.stoppedAt = ecs.world.clock.now()
    for (const attachment of task.attachments) attachment.status = 'DELETED'
    taskTimer(ecs, task, ecs.options.stoppedTasksVisibleSeconds, () => ecs.tasks.delete(task.arn))
    observer.stopped?.(task)
  })
}

/**
 * Stops a task as the scheduler and StopTask do: targets drain for their deregistration delay (DEACTIVATING), then
 * SIGTERM, and SIGKILL after stopTimeout (30 s by default). A task that has not started its containers ends without
 * exit codes. ECS API: StopTask; ECS guide: "Task lifecycle".
 */
export function stopTask(
  ecs: Ecs,
  task: TaskState,
  why: { stopCode: string; reason: string },
  observer: TaskObserver = {},
): void {
  if (task.desiredStatus === 'STOPPED') return
  const started = task.lastStatus === 'RUNNING'
  cancelTimers(task)
  task.desiredStatus = 'STOPPED'
  task.stopRequested = true
  task.healthy = false
  task.stopCode = why.stopCode
  task.stoppedReason = why.reason
  task.stoppingAt = ecs.world.clock.now()
  task.version++
  if (!started) {
    endTask(ecs, task, why, observer)
    return
  }
  const delays = task.targets.map(({ targetGroup }) => ecs.world.targetGroups.deregistrationDelay(targetGroup))
  const drain = task.targets.length ? (task.behaviour.drainsFor ?? Math.max(...delays)) : 0
  for (const { targetGroup } of task.targets) {
    ecs.world.targetGroups.setHealth(targetGroup, task.privateIp ?? task.id, 'draining')
  }
  if (drain > 0) setStatus(task, 'DEACTIVATING')
  taskTimer(ecs, task, drain, () => terminate(ecs, task, why, observer))
}

function terminate(ecs: Ecs, task: TaskState, why: { stopCode: string; reason: string }, observer: TaskObserver): void {
  setStatus(task, 'STOPPING')
  observer.drained?.(task)
  const definitions = task.definition.definition.containerDefinitions ?? []
  const timeout = Math.max(...definitions.map((container) => container.stopTimeout ?? 30))
  const wanted = task.behaviour.stopsAfter ?? 1
  taskTimer(ecs, task, Math.min(wanted, timeout), () => {
    for (const container of task.containers) {
      const graceful = task.behaviour.sidecarExitCodes?.[container.name] ?? task.behaviour.sigtermExitCode ?? 143
      container.exitCode = wanted > timeout ? 137 : graceful
    }
    endTask(ecs, task, why, observer)
  })
}
