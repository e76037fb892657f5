import { isMapping } from '@actions/workflow-parser/templates/tokens/type-guards'
import { evaluateToken, type Scope, scalarText } from '../language/expressions.ts'
import { child, type TemplateToken } from '../language/tokens.ts'
import { isTruthy } from '../language/values.ts'
import type { Instance } from './run.ts'

/** Concurrency groups that a workflow or job holds: its own and those of everything around it. */
export interface Held {
  groups: string[]
  release(): void
}

/**
 * Enters the concurrency group that `token` (a `concurrency` value) names and waits for its turn. `name` is for the
 * log; `end` is called when a newer holder of the group cancels this one. Undefined when cancelled while waiting.
 */
export async function holdConcurrency(
  instance: Pick<Instance, 'run' | 'heldGroups'>,
  token: TemplateToken | undefined,
  name: string,
  scope: Scope,
  signal: AbortSignal,
  end: () => void,
): Promise<Held | undefined> {
  const { run, heldGroups } = instance
  if (!token) return { groups: heldGroups, release() {} }
  const mapping = isMapping(token)
  const group = scalarText(mapping ? (child(token, 'group') as TemplateToken) : token, scope)
  // A part of a run would wait for the whole, and the whole for its part: GitHub cancels the run.
  if (heldGroups.includes(group.toLowerCase())) {
    const message = `Canceling since a deadlock was detected for concurrency group: '${group}' between a top level workflow and '${name}'`
    run.log({ job: name, step: 'Set up job', text: `##[error]${message}` })
    run.cancel()
    return undefined
  }
  const cancelToken = mapping ? child(token, 'cancel-in-progress') : undefined
  const slot = await run.concurrency.enter({
    group,
    cancelInProgress: cancelToken !== undefined && isTruthy(evaluateToken(cancelToken, scope)),
    queue: mapping && child(token, 'queue')?.toString() === 'max' ? 'max' : 'single',
    signal,
  })
  if (!slot) return undefined
  slot.signal.addEventListener('abort', end, { once: true })
  return { groups: [...heldGroups, group.toLowerCase()], release: slot.release }
}
