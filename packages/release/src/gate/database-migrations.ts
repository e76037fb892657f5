import type { SchemaReader } from '../levels/image-schema.ts'
import type { ImageSchema } from '../levels/labels.ts'
import { type Migration, parseLevel, schemaLevel, sortMigrations } from '../levels/schema-level.ts'
import type { RecordState } from '../record/state.ts'

/**
 * The migrations that the database has, which the record holds only as a level. Read from the labels of the image that
 * established the level; where that image is gone from ECR, from a recorded release of the same level, or recognised as
 * the beginning of `image`'s own list. Undefined when the level is unknown or no list can be found.
 */
export async function appliedMigrations(
  state: RecordState | undefined,
  image: ImageSchema,
  read: SchemaReader,
): Promise<Migration[] | undefined> {
  const recorded = state?.schema
  return recorded && listOf(recorded, state, image, read)
}

/**
 * The migrations that a migration of unknown end may have applied: all that the image knows which it ran. Found in the
 * same way; undefined when nothing is pending or no list can be found.
 */
export async function begunMigrations(
  state: RecordState | undefined,
  image: ImageSchema,
  read: SchemaReader,
): Promise<Migration[] | undefined> {
  const pending = state?.pending
  return pending && listOf(pending, state, image, read)
}

async function listOf(
  wanted: { level: string; digest?: string },
  { releases }: RecordState,
  image: ImageSchema,
  read: SchemaReader,
): Promise<Migration[] | undefined> {
  if (wanted.level === 'none') return []
  if (image.level.text === wanted.level) return image.migrations
  const candidates = [
    wanted.digest,
    ...releases.filter(({ level }) => level === wanted.level).map(({ digest }) => digest),
  ]
  for (const digest of new Set(candidates)) {
    const found = digest ? await read(digest) : undefined
    if (found?.level.text === wanted.level) return found.migrations
  }
  return beginningOf(image.migrations, wanted.level)
}

function beginningOf(migrations: Migration[], level: string): Migration[] | undefined {
  const beginning = sortMigrations(migrations).slice(0, parseLevel(level)?.count)
  return schemaLevel(beginning).text === level ? beginning : undefined
}
