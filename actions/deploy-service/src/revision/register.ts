import { inParallel } from '@deploy-actions/action-kit'
import { familyRevision, registerOrReuse } from '@deploy-actions/ecs'
import type { Deps } from '../deps.ts'
import type { Revision, Wanted } from './types.ts'

/**
 * Registers what is not there yet, one revision for all services that want the same. Answers in the order of
 * `wanted`.
 */
export async function registerRevisions(
  wanted: Wanted[],
  tags: Record<string, string>,
  deps: Deps,
): Promise<Revision[]> {
  const made = new Map<string, Promise<Revision>>()
  return inParallel(wanted, 5, (one) => {
    // The definition of a service whose revision already means this is the one that runs.
    if (one.changes.length === 0 && !one.inactive)
      return Promise.resolve({
        arn: one.target.runs,
        familyRevision: familyRevision(one.target.runs),
        registered: false,
      })
    const key = JSON.stringify(one.definition)
    const revision =
      made.get(key) ?? registerOrReuse(deps.clients.ecs, one.definition, { tags, log: deps.log, current: one.named })
    made.set(key, revision)
    return revision
  })
}
