import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { UserError } from '@deploy-actions/action-kit'
import { compareNames, type Migration } from './schema-level.ts'

/**
 * Ledgers of migration tools that change with every new migration, and texts for people: an edit there is not an
 * edited past. (Atlas, Prisma, Drizzle, Python packages.)
 */
const besideMigrations = [
  /^atlas\.sum$/,
  /^migration_lock\.toml$/,
  /^_journal\.json$/,
  /^__init__\.py$/,
  /\.pyc$/,
  /\.(md|markdown|rst|txt)$/i,
  /^(README|LICENSE|CHANGELOG)$/i,
]
const editorLeftovers = [/~$/, /^#.*#$/, /\.(bak|orig|rej|sw[a-p]|tmp)$/i]

/**
 * Whether a file counts as a migration, by its path below the migrations directory (with `/`). Hidden files and
 * folders do not.
 */
export function isMigration(relativePath: string): boolean {
  const parts = relativePath.split('/')
  if (parts.some((part) => part.startsWith('.') || part === '__pycache__')) return false
  const name = parts.at(-1)!
  return ![...besideMigrations, ...editorLeftovers].some((pattern) => pattern.test(name))
}

/**
 * The migrations below `directory`, sorted by the bytes of their relative paths (always with `/`). Every regular
 * file counts, in folders too, but what `isMigration` leaves out. Contents are hashed as bytes: a file that was
 * checked out with CRLF is another file, since it also ships so. Throws a UserError when `directory` is missing or
 * is no directory, and for a link to a directory, whose files would silently be left out.
 */
export async function readMigrations(directory: string): Promise<Migration[]> {
  const found = await stat(directory).catch(() => undefined)
  if (!found?.isDirectory())
    throw new UserError(
      `The migrations directory "${directory}" ${found ? 'is not a directory' : 'does not exist'}. migrations-path names the folder that holds the migration files, relative to the workspace; leave it empty for an application without migrations.`,
    )
  const names: string[] = []
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const relative = path.relative(directory, path.join(entry.parentPath, entry.name)).split(path.sep).join('/')
    if (entry.isDirectory() || !isMigration(relative)) continue
    if (entry.isFile() || (entry.isSymbolicLink() && (await isLinkToFile(directory, relative)))) names.push(relative)
  }
  return Promise.all(
    names.sort(compareNames).map(async (name) => ({ name, hash: await contentHash(path.join(directory, name)) })),
  )
}

async function isLinkToFile(directory: string, relative: string): Promise<boolean> {
  const target = await stat(path.join(directory, relative)).catch(() => undefined)
  if (target?.isFile()) return true
  throw new UserError(
    `"${relative}" in the migrations directory "${directory}" is a symbolic link ${target ? 'to a directory' : 'to nothing'}. Put the files there themselves: migrations behind a link would not be counted.`,
  )
}

async function contentHash(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
    .slice(0, 12)
}
