import type { Task } from '@aws-sdk/client-ecs'
import { sentence, tidy } from '../deployments/texts.ts'
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
 * Judges a stopped task by one essential container: others are killed when that one exits, and their 137 or 143 means nothing. A code 0 after somebody's StopTask is
 * no success: a program may answer SIGTERM with a tidy exit in the middle of its work. ECS API: Task, Container.
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
    cause: causeOf(task, container, chosen, containers),
  }
}

function causeOf(task: Task, name: string, chosen: ContainerEnd | undefined, all: ContainerEnd[]): string {
  const { stopCode, stoppedReason = '' } = task
  if (stopCode === 'EssentialContainerExited' && chosen?.exitCode !== undefined) {
    const others = all.filter((other) => other.name !== name && other.exitCode !== undefined && other.exitCode !== 0)
    const first = isKilled(chosen) && others.find((other) => !isKilled(other))
    if (first)
      return `Container "${first.name}" exited with code ${first.exitCode} and ECS stopped "${name}" with it (code ${chosen.exitCode}).${reasonText(first)}`
    return `Container "${name}" exited with code ${chosen.exitCode}${meaningOf(chosen)}.${reasonText(chosen)}`
  }
  if (stopCode === 'UserInitiated')
    return `The task was stopped from outside: ${sentence(stoppedReason || 'no reason given')}${chosen?.exitCode === undefined ? '' : ` Container "${name}" then exited with code ${chosen.exitCode}.`}`
  if (stopCode === 'TaskFailedToStart' || chosen?.exitCode === undefined)
    return `Container "${name}" never ran. ${startFailureText(stoppedReason, chosen?.reason)}`
  return `The task was stopped (${stopCode ?? 'no stop code'}): ${sentence(stoppedReason || 'no reason given')}`
}

function startFailureText(stoppedReason: string, containerReason: string | undefined): string {
  const reasons = [stoppedReason, containerReason].filter((part, index, all) => part && all.indexOf(part) === index)
  const said = reasons.join(' ')
  const known = startFailure(said)
  return known ? `${known.text} ${known.advice}` : sentence(tidy(said || 'ECS gives no reason'))
}

function meaningOf({ exitCode, reason = '' }: ContainerEnd): string {
  if (/OutOfMemory/i.test(reason)) return ', out of memory'
  if (exitCode === 126) return ' (the command is there and may not be executed)'
  if (exitCode === 127) return ' (the command is not in the image)'
  if (exitCode === 137) return ' (killed by SIGKILL, often for want of memory)'
  if (exitCode === 139) return ' (a segmentation fault)'
  if (exitCode === 143) return ' (ended by SIGTERM)'
  return ''
}

function isKilled({ exitCode }: ContainerEnd): boolean {
  return exitCode === 137 || exitCode === 143
}

function reasonText({ reason }: ContainerEnd): string {
  if (!reason) return ''
  const hint = /OutOfMemory/i.test(reason) ? ' Give the task more memory.' : ''
  return ` ${sentence(reason)}${hint}`
}
