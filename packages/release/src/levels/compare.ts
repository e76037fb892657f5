import { compareNames, type Migration, sortMigrations } from './schema-level.ts'

/**
 * `equal`: the database has exactly what the image expects. `ahead`: the image brings further migrations. `behind`:
 * the database has migrations the image does not know. `diverged`: both at once, or the content of an applied one
 * was changed.
 */
export type LevelRelation = 'equal' | 'ahead' | 'behind' | 'diverged'

export interface LevelComparison {
  relation: LevelRelation
  /** In the image, not in the database: what migrating would apply, in order. */
  added: string[]
  /** In the database, unknown to the image, in order. */
  missing: string[]
  /** In both, with other content: an edited past. */
  edited: string[]
  /** Those of `added` that sort before one that is applied already, as parallel branches make them. */
  outOfOrder: string[]
}

/**
 * Compares by inclusion what an image knows with what a database has. Order and duplicates of the lists do not
 * matter.
 */
export function compareLevels(image: Migration[], applied: Migration[]): LevelComparison {
  const known = new Map(image.map(({ name, hash }) => [name, hash]))
  const present = new Map(applied.map(({ name, hash }) => [name, hash]))
  const added = names(image, (name) => !present.has(name))
  const missing = names(applied, (name) => !known.has(name))
  const edited = names(applied, (name, hash) => known.has(name) && known.get(name) !== hash)
  const last = sortMigrations(applied).at(-1)?.name
  const outOfOrder = last === undefined ? [] : added.filter((name) => compareNames(name, last) < 0)
  return { relation: relationOf(added, missing, edited), added, missing, edited, outOfOrder }
}

function relationOf(added: string[], missing: string[], edited: string[]): LevelRelation {
  if (edited.length > 0 || (added.length > 0 && missing.length > 0)) return 'diverged'
  if (missing.length > 0) return 'behind'
  return added.length > 0 ? 'ahead' : 'equal'
}

function names(list: Migration[], wanted: (name: string, hash: string) => boolean): string[] {
  return [...new Set(list.filter(({ name, hash }) => wanted(name, hash)).map(({ name }) => name))].sort(compareNames)
}
