import type { TaskDefinition } from '@aws-sdk/client-ecs'
import type { FailureReport, StoppedTask } from './types.ts'

/**
 * Everything a cause may be read from: the report's parts, all stopped tasks of the deployment, and the definition
 * they ran. Of this deployment alone.
 */
export interface Evidence extends Omit<FailureReport, 'cause'> {
  definition: TaskDefinition | undefined
  tasks: StoppedTask[]
}

export interface Cause {
  text: string
  advice: string
}

/** Looks at the evidence for one kind of trouble; undefined when it is not that. */
export type CauseRule = (evidence: Evidence) => Cause | undefined

/** A fault's text in events or in stopped tasks, or undefined. */
export function textWith({ events, tasks }: Pick<Evidence, 'events' | 'tasks'>, pattern: RegExp): string | undefined {
  const texts = [
    ...tasks.flatMap(({ stoppedReason, containers }) => [stoppedReason, ...containers.map(({ reason }) => reason)]),
    ...events.map(({ message }) => message).reverse(),
  ]
  return texts.find((text) => text !== undefined && pattern.test(text))
}
