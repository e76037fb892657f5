import { clientError } from '../errors.ts'
import { lastPart } from '../names.ts'
import type { Ecs, RegisteredTaskDefinition } from '../types.ts'

/** `family`, `family:revision` or an ARN, split. */
export function parseReference(reference: string): { family: string; revision?: number } {
  const [family = '', revision] = lastPart(reference).split(':')
  return { family, revision: revision === undefined ? undefined : Number(revision) }
}

/** The revision meant, or the latest ACTIVE one of a family; undefined when there is none. */
export function findTaskDefinition(ecs: Ecs, reference: string): RegisteredTaskDefinition | undefined {
  const { family, revision } = parseReference(reference)
  const known = ecs.families.get(family)
  if (!known) return undefined
  if (revision !== undefined) return known.revisions.get(revision)
  const active = [...known.revisions.values()].filter((entry) => entry.definition.status === 'ACTIVE')
  return active.sort((a, b) => b.definition.revision - a.definition.revision)[0]
}

/**
 * For CreateService, UpdateService and RunTask, which take ACTIVE revisions only.
 * Throws ClientException `TaskDefinition not found.`, or what `inactive` makes for one that is there but not
 * ACTIVE.
 */
export function usableTaskDefinition(
  ecs: Ecs,
  reference: string,
  inactive: (message: string) => Error,
): RegisteredTaskDefinition {
  const found = findTaskDefinition(ecs, reference)
  if (!found) throw clientError('TaskDefinition not found.')
  if (found.definition.status !== 'ACTIVE') throw inactive('TaskDefinition is inactive')
  return found
}
