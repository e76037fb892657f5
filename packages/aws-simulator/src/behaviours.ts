import { matchesPattern } from './faults.ts'
import type { BehaviourRule, TaskMatch } from './scenario.ts'
import type { BehaviourFor } from './world.ts'

type Task = Parameters<BehaviourFor>[0]

/** `name=value`, where the value may hold `*`; without `=` the name alone must be there. */
function matchesPair(pattern: string, pairs: Record<string, string>): boolean {
  const split = pattern.indexOf('=')
  if (split < 0) return pattern in pairs
  const value = pairs[pattern.slice(0, split)]
  return value !== undefined && matchesPattern(pattern.slice(split + 1), value)
}

function matches(match: TaskMatch, task: Task): boolean {
  const text = (pattern: string | undefined, value: string | undefined) =>
    pattern === undefined || (value !== undefined && matchesPattern(pattern, value))
  return (
    text(match.image, task.image) &&
    text(match.digest, task.digest) &&
    text(match.command, task.command.join(' ')) &&
    text(match.family, task.family) &&
    text(match.service, task.service) &&
    text(match.cluster, task.cluster) &&
    (match.kind === undefined || match.kind === task.kind) &&
    (match.label === undefined || matchesPair(match.label, task.labels)) &&
    (match.env === undefined || matchesPair(match.env, task.env))
  )
}

/**
 * How a task behaves: the first rule that matches, or a task that starts, stays healthy and drains.
 * Reads `rules()` at every call, so that rules added while the simulator runs count for the next task. A rule with
 * `first: n` is used n times.
 */
export function behavioursFrom(rules: () => BehaviourRule[]): BehaviourFor {
  const used = new Map<BehaviourRule, number>()
  return (task) => {
    for (const rule of rules()) {
      const times = used.get(rule) ?? 0
      if (rule.match.first !== undefined && times >= rule.match.first) continue
      if (!matches(rule.match, task)) continue
      used.set(rule, times + 1)
      return rule.behaviour
    }
    return {}
  }
}
