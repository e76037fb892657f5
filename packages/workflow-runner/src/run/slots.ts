import { isMapping } from '@actions/workflow-parser/templates/tokens/type-guards'
import { evaluateToken, type Scope, scalarText } from '../language/expressions.ts'
import { child, type TemplateToken } from '../language/tokens.ts'
import { isTruthy } from '../language/values.ts'
import type { Instance } from './run.ts'

/**
 * Enters the concurrency group that `token` (a `concurrency` value) names and waits for its turn. `end` is called when a newer holder of the group
 * cancels this one. Undefined when cancelled while waiting.
 */
export async function holdConcurrency(
  { run }: Pick<Instance, 'run'>,
  token: TemplateToken | undefined,
  scope: Scope,
  signal: AbortSignal,
  end: () => void,
): Promise<{ release(): void } | undefined> {
  if (!token) return { release() {} }
  const mapping = isMapping(token)
  const group = scalarText(mapping ? (child(token, 'group') as TemplateToken) : token, scope)
  const cancelToken = mapping ? child(token, 'cancel-in-progress') : undefined
  const slot = await run.concurrency.enter({
    group,
    cancelInProgress: cancelToken !== undefined && isTruthy(evaluateToken(cancelToken, scope)),
    queue: mapping && child(token, 'queue')?.toString() === 'max' ? 'max' : 'single',
    signal,
  })
  slot?.signal.addEventListener('abort', end, { once: true })
  return slot
}
