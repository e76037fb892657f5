import { WorkflowError } from '../language/errors.ts'
import type { Value } from '../language/values.ts'

export type Combination = Record<string, Value>

const largestMatrix = 256

/**
 * The combinations of a matrix: the product of its lists, less `exclude`, plus `include` (GitHub's "Running
 * variations of jobs"). Throws a WorkflowError for an empty or too large matrix.
 */
export function expandMatrix(matrix: Value): Combination[] {
  if (typeof matrix !== 'object' || matrix === null || Array.isArray(matrix))
    throw new WorkflowError('strategy.matrix is not a mapping')
  const { include, exclude, ...axes } = matrix
  let combinations: Combination[] = Object.keys(axes).length > 0 ? [{}] : []
  for (const [name, values] of Object.entries(axes)) {
    if (!Array.isArray(values) || values.length === 0)
      throw new WorkflowError(`Matrix vector '${name}' does not contain any values`)
    combinations = combinations.flatMap((combination) => values.map((value) => ({ ...combination, [name]: value })))
  }
  combinations = combinations.filter(
    (combination) => !objects(exclude).some((pattern) => matches(combination, pattern)),
  )

  const originals = combinations.map((combination) => ({ combination, axes: { ...combination } }))
  const added: Combination[] = []
  for (const entry of objects(include)) {
    const shared = Object.fromEntries(Object.entries(entry).filter(([name]) => name in axes))
    // An entry extends every combination whose original values it leaves alone; otherwise it is a combination of
    // its own.
    const extended = originals.filter(({ axes: original }) => matches(original, shared))
    if (extended.length === 0) added.push({ ...entry })
    else for (const { combination } of extended) Object.assign(combination, entry)
  }
  const all = [...originals.map(({ combination }) => combination), ...added]
  if (all.length === 0) throw new WorkflowError('Matrix must define at least one vector')
  if (all.length > largestMatrix)
    throw new WorkflowError(`The matrix has ${all.length} jobs; at most ${largestMatrix} are allowed`)
  return all
}

/** `(ubuntu, 20)`: the values in the order of the matrix, as GitHub adds them to a job's name. */
export function combinationLabel(combination: Combination): string {
  return Object.values(combination)
    .flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : [value]))
    .map(String)
    .join(', ')
}

function objects(value: Value | undefined): Combination[] {
  if (!Array.isArray(value)) return []
  return value.filter(
    (entry): entry is Combination => typeof entry === 'object' && entry !== null && !Array.isArray(entry),
  )
}

function matches(combination: Combination, pattern: Combination): boolean {
  return Object.entries(pattern).every(([name, value]) => JSON.stringify(combination[name]) === JSON.stringify(value))
}
