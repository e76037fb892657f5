import { createHash } from 'node:crypto'

/**
 * One file of the application's migrations: its path below the migrations directory, and a short hash of its bytes.
 */
export interface Migration {
  name: string
  /** The first 12 hex digits of the content's SHA-256. */
  hash: string
}

/**
 * Which migrations a database has, or an image expects. `text` is `17.3f9ac2d1`, or `none` without any migration.
 */
export interface SchemaLevel {
  count: number
  /** 8 hex digits over the *set* of names and contents, in whatever order they come; empty without migrations. */
  hash: string
  text: string
}

export const noLevel: SchemaLevel = { count: 0, hash: '', text: 'none' }

/** The level that a list of migrations makes. The order of the list does not matter. */
export function schemaLevel(migrations: Migration[]): SchemaLevel {
  if (migrations.length === 0) return noLevel
  const hash = createHash('sha256')
  for (const { name, hash: content } of sortMigrations(migrations)) hash.update(`${content} ${name}\0`)
  return levelOf(migrations.length, hash.digest('hex').slice(0, 8))
}

/** Reads `17.3f9ac2d1` or `none`; undefined for any other text. */
export function parseLevel(text: string): SchemaLevel | undefined {
  if (text === 'none') return noLevel
  const match = /^([1-9]\d{0,5})\.([0-9a-f]{8})$/.exec(text)
  return match ? levelOf(Number(match[1]), match[2]!) : undefined
}

/** Sorted by the bytes of their names, which is the order most migration tools apply files in. */
export function sortMigrations(migrations: Migration[]): Migration[] {
  return [...migrations].sort((a, b) => compareNames(a.name, b.name))
}

/** Byte order of the UTF-8 names. JavaScript's own order differs from it above U+FFFF. */
export function compareNames(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function levelOf(count: number, hash: string): SchemaLevel {
  return { count, hash, text: `${count}.${hash}` }
}
