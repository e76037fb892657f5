import { gunzipSync, gzipSync } from 'node:zlib'
import { UserError } from '@deploy-actions/action-kit'
import { type Migration, noLevel, parseLevel, type SchemaLevel, schemaLevel, sortMigrations } from './schema-level.ts'

/** Labels by which an image says which sources it was built from, and which schema its code expects. */
export const LABELS = {
  sourceKey: 'io.github.deploy-actions.source-key',
  schemaLevel: 'io.github.deploy-actions.schema-level',
  migrations: 'io.github.deploy-actions.migrations',
} as const

/** An image's own statement: the level, and the migrations that make it. */
export interface ImageSchema {
  level: SchemaLevel
  migrations: Migration[]
  /** Of the sources it was built from, where the image says so. */
  sourceKey?: string | undefined
}

export const noSchema: ImageSchema = { level: noLevel, migrations: [] }

/**
 * Linux refuses a single command-line argument above 128 KiB, and labels reach `docker buildx build` as arguments.
 */
const longestPlain = 65_536
const longestUnpacked = 16 * 1024 * 1024
const packed = 'gzip:'

/**
 * The list as label text: a JSON object `{"0001_init.sql":"3f9ac2d1b0c4"}` on one line, readable in `docker
 * inspect`; above 64 KiB (about 1000 migrations) the same text as `gzip:` and base64url.
 */
export function encodeMigrations(migrations: Migration[]): string {
  const text = JSON.stringify(Object.fromEntries(sortMigrations(migrations).map(({ name, hash }) => [name, hash])))
  return text.length <= longestPlain ? text : packed + gzipSync(text, { level: 9 }).toString('base64url')
}

/** Reads what `encodeMigrations` wrote. Throws a UserError for any other text. */
export function decodeMigrations(label: string): Migration[] {
  const unreadable = (why: string) =>
    new UserError(
      `The label ${LABELS.migrations} of the image is not a list of migrations (${why}). The image was not built by build-image, or by a newer version of it.`,
    )
  let parsed: unknown
  try {
    const text = label.startsWith(packed)
      ? gunzipSync(Buffer.from(label.slice(packed.length), 'base64url'), {
          maxOutputLength: longestUnpacked,
        }).toString()
      : label
    parsed = JSON.parse(text)
  } catch {
    throw unreadable('damaged')
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw unreadable('no JSON object')
  const migrations = Object.entries(parsed).map(([name, hash]) => ({ name, hash }))
  const wrong = migrations.find(({ name, hash }) => !name || typeof hash !== 'string' || !/^[0-9a-f]{12}$/.test(hash))
  if (wrong) throw unreadable(`entry "${wrong.name}"`)
  return sortMigrations(migrations as Migration[])
}

/** Both labels, to be put on an image. */
export function schemaLabels(migrations: Migration[]): Record<string, string> {
  return {
    [LABELS.schemaLevel]: schemaLevel(migrations).text,
    [LABELS.migrations]: encodeMigrations(migrations),
  }
}

/**
 * What an image says of itself. Without the labels the level is `none`. Throws a UserError when a label is damaged,
 * is missing beside the other, or when the two contradict each other.
 */
export function schemaFromLabels(labels: Record<string, string>): ImageSchema {
  const levelText = labels[LABELS.schemaLevel]
  const listText = labels[LABELS.migrations]
  const sourceKey = labels[LABELS.sourceKey]
  if (levelText === undefined && listText === undefined) return { ...noSchema, sourceKey }
  const level = parseLevel(levelText ?? '')
  if (!level)
    throw new UserError(
      `The label ${LABELS.schemaLevel} of the image is "${levelText ?? ''}". Valid: none, or count and hash such as 17.3f9ac2d1. Build the image again with build-image.`,
    )
  const migrations = listText === undefined ? [] : decodeMigrations(listText)
  if (schemaLevel(migrations).text !== level.text)
    throw new UserError(
      `The labels of the image contradict each other: ${LABELS.schemaLevel} says ${level.text}, the list in ${LABELS.migrations} makes ${schemaLevel(migrations).text}. Build the image again with build-image, and set neither label by hand.`,
    )
  return { level, migrations, sourceKey }
}
