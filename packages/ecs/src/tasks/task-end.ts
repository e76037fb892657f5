import type { Task } from '@aws-sdk/client-ecs'
import { sentence, tidy } from '../deployments/texts.ts'
import { isKilled } from './exit-codes.ts'
import { startFailure } from './start-failures.ts'

export interface ContainerEnd {
  name: string
  /** Undefined when it never ran. */
  exitCode?: number
  reason?: string
}

/** How a stopped task ended, seen from the container whose exit code counts. */
export interface TaskEnd {
  /** Whether that container exited by itself with code 0. */
  succeeded: boolean
  exitCode?: number
  stopCode?: string
  stoppedReason?: string
  containers: ContainerEnd[]
  /** One or two sentences: what happened and, where it is known, what to do. */
  cause: string
}

/**
 * Judges a stopped task by one essential container: others are killed when that one exits, and their 137 or 143
 * means nothing. A code 0 after somebody's StopTask is no success: a program may answer SIGTERM with a tidy exit in
 * the middle of its work. ECS API: Task, Container.
 */
export function taskEnd(task: Task, container: string): TaskEnd {
  const containers = (task.containers ?? []).map(({ name = '', exitCode, reason }) => ({
    name,
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(reason ? { reason } : {}),
  }))
  const chosen = containers.find(({ name }) => name === container)
  const byItself = task.stopCode === undefined || task.stopCode === 'EssentialContainerExited'
  return {
    succeeded: chosen?.exitCode === 0 && byItself,
    ...(chosen?.exitCode === undefined ? {} : { exitCode: chosen.exitCode }),
    ...(task.stopCode ? { stopCode: task.stopCode } : {}),
    ...(task.stoppedReason ? { stoppedReason: task.stoppedReason } : {}),
    containers,
    cause: causeOf(task, container, containers),
  }
}

function causeOf({ stopCode, stoppedReason = '' }: Task, name: string, all: ContainerEnd[]): string {
  const chosen = all.find((one) => one.name === name)
  const said = sentence(stoppedReason || 'no reason given')
  if (stopCode === 'UserInitiated')
    return `The task was stopped from outside: ${said}${chosen?.exitCode === undefined ? '' : ` Container "${name}" then exited with code ${chosen.exitCode}.`}`
  if (stopCode === 'TaskFailedToStart' || chosen?.exitCode === undefined)
    return `Container "${name}" never ran. ${startFailureText([stoppedReason, chosen?.reason ?? ''])}`
  if (stopCode !== 'EssentialContainerExited') return `The task was stopped (${stopCode ?? 'no stop code'}): ${said}`
  const first = isKilled(chosen) && all.find((other) => other.exitCode && !isKilled(other))
  return first
    ? `Container "${first.name}" exited with code ${first.exitCode} and ECS stopped "${name}" with it (code ${chosen.exitCode}).${reasonText(first)}`
    : `Container "${name}" exited with code ${chosen.exitCode}${meaningOf(chosen)}.${reasonText(chosen)}`
}

function startFailureText(reasons: string[]): string {
  const said = [...new Set(reasons.filter(Boolean))].join(' ')
  const known = startFailure(said)
  return known ? `${known.text} ${known.advice}` : sentence(tidy(said || 'ECS gives no reason'))
}

const exitCodes: Record<number, string> = {
  126: 'the command is there and may not be executed',
  127: 'the command is not in the image',
  137: 'killed by SIGKILL, often for want of memory',
  139: 'a segmentation fault',
  143: 'ended by SIGTERM',
}

function meaningOf({ exitCode = 0, reason = '' }: ContainerEnd): string {
  if (outOfMemory.test(reason)) return ', out of memory'
  return exitCodes[exitCode] ? ` (${exitCodes[exitCode]})` : ''
}

function reasonText({ reason = '' }: ContainerEnd): string {
  const hint = outOfMemory.test(reason) ? ' Give the task more memory.' : ''
  return reason && ` ${sentence(reason)}${hint}`
}

const outOfMemory = /OutOfMemory/i
