import type { SchemaReader } from '../levels/image-schema.ts'
import type { ImageSchema } from '../levels/labels.ts'
import { type Migration, parseLevel, schemaLevel, sortMigrations } from '../levels/schema-level.ts'
import type { RecordState } from '../record/state.ts'

/**
 * The migrations behind a level that the record holds: of the database's schema, or of a migration of unknown end,
 * which may have applied all of them. Read from the labels of the image that the record names with the level; where
 * that is gone from ECR, from a recorded release of the same level, or recognised as the beginning of `image`'s own
 * list. Undefined when there is no level or no list can be found.
 */
export async function migrationsOf(
  recorded: { level: string; digest?: string } | undefined,
  state: RecordState | undefined,
  image: ImageSchema,
  read: SchemaReader,
): Promise<Migration[] | undefined> {
  if (!recorded) return undefined
  const { level, digest: named } = recorded
  if (level === 'none') return []
  if (image.level.text === level) return image.migrations
  const releases = state?.releases.filter((release) => release.level === level) ?? []
  for (const digest of new Set([named, ...releases.map((release) => release.digest)])) {
    const found = digest ? await read(digest) : undefined
    if (found?.level.text === level) return found.migrations
  }
  const beginning = sortMigrations(image.migrations).slice(0, parseLevel(level)?.count)
  return schemaLevel(beginning).text === level ? beginning : undefined
}
