import type { SchemaReader } from '../levels/image-schema.ts'
import type { ImageSchema } from '../levels/labels.ts'
import { type Migration, parseLevel, schemaLevel, sortMigrations } from '../levels/schema-level.ts'
import type { RecordState } from '../record/state.ts'

/**
 * The migrations that the database has, which the record holds only as a level. Read from the labels of the image that established the level; where that
 * image is gone from ECR, from a recorded release of the same level, or recognised as the beginning of `image`'s own list. Undefined when the level is
 * unknown or no list can be found.
 */
export async function appliedMigrations(
  state: RecordState | undefined,
  image: ImageSchema,
  read: SchemaReader,
): Promise<Migration[] | undefined> {
  const recorded = state?.schema
  if (!recorded) return undefined
  if (recorded.level === 'none') return []
  if (image.level.text === recorded.level) return image.migrations
  const candidates = [
    recorded.digest,
    ...state.releases.filter(({ level }) => level === recorded.level).map(({ digest }) => digest),
  ]
  for (const digest of new Set(candidates)) {
    const found = digest ? await read(digest) : undefined
    if (found?.level.text === recorded.level) return found.migrations
  }
  return beginningOf(image.migrations, recorded.level)
}

function beginningOf(migrations: Migration[], level: string): Migration[] | undefined {
  const beginning = sortMigrations(migrations).slice(0, parseLevel(level)?.count)
  return schemaLevel(beginning).text === level ? beginning : undefined
}
