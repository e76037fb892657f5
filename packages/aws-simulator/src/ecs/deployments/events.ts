import { newUuid } from '../names.ts'
import type { Ecs, ServiceState, TaskState } from '../types.ts'

const SIX_HOURS = 6 * 3600 * 1000
const MOST_EVENTS = 100

/**
 * Adds an event `(service NAME) text`; DescribeServices keeps the newest 100. With `after`, it comes that many
 * milliseconds after the one before it: ECS sends some events in pairs, 1 ms apart.
 */
export function say(ecs: Ecs, service: ServiceState, text: string, after?: number): void {
  const before = service.events[0]?.createdAt
  const now = ecs.world.clock.now()
  service.events.unshift({
    id: newUuid(),
    createdAt: after !== undefined && before ? new Date(before.getTime() + after) : now,
    message: `(service ${service.name}) ${text}`,
  })
  service.events.length = Math.min(service.events.length, MOST_EVENTS)
}

/**
 * Like `say`, but the same text is held back until `resolve` or for six hours. ECS guide: "Amazon ECS service event
 * messages".
 */
export function sayOnce(ecs: Ecs, service: ServiceState, text: string): void {
  const now = ecs.world.clock.now().getTime()
  const last = service.said.get(text)
  if (last !== undefined && now - last < SIX_HOURS) return
  service.said.set(text, now)
  say(ecs, service, text)
}

export const resolved = (service: ServiceState) => service.said.clear()

/** `(task A) (task B)` */
export const names = (tasks: TaskState[]) => tasks.map((task) => `(task ${task.id})`).join(' ')

/** How many tasks per target group, in order of appearance. */
export function perTargetGroup(groups: string[]): [string, number][] {
  const counts = new Map<string, number>()
  for (const group of groups) counts.set(group, (counts.get(group) ?? 0) + 1)
  return [...counts]
}

/** The steady state, now and every six hours as long as it lasts. */
export function saySteady(ecs: Ecs, service: ServiceState, after?: number): void {
  service.steady = true
  service.cancelSteadyReminder?.()
  say(ecs, service, 'has reached a steady state.', after)
  const remind = () => {
    service.cancelSteadyReminder = ecs.world.clock.after(SIX_HOURS / 1000, () => {
      say(ecs, service, 'has reached a steady state.')
      remind()
    })
  }
  remind()
}

export function unsteady(service: ServiceState): void {
  service.steady = false
  service.cancelSteadyReminder?.()
}
