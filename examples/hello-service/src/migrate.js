// Applies the migrations that the database does not have yet, each in a transaction of its own. Exits non-zero at the first that fails.
import { readdirSync, readFileSync } from 'node:fs'
import pg from 'pg'

const folder = new URL('../migrations/', import.meta.url)
const database = new pg.Client({ connectionString: process.env.DATABASE_URL })
await database.connect()

try {
  // One migration task at a time, whoever started it.
  await database.query('SELECT pg_advisory_lock(20261101)')
  await database.query(
    'CREATE TABLE IF NOT EXISTS schema_migration (name TEXT PRIMARY KEY, applied_at TIMESTAMPTZ NOT NULL DEFAULT now())',
  )
  const { rows } = await database.query('SELECT name FROM schema_migration')
  const applied = new Set(rows.map(({ name }) => name))

  for (const name of readdirSync(folder).sort()) {
    if (applied.has(name)) continue
    console.log(`applying ${name}`)
    await database.query('BEGIN')
    await database.query(readFileSync(new URL(name, folder), 'utf8'))
    await database.query('INSERT INTO schema_migration (name) VALUES ($1)', [name])
    await database.query('COMMIT')
  }
  console.log('the schema is up to date')
} finally {
  await database.end()
}
