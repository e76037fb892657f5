// Applies the migrations that the database does not have yet. The statements are printed where a real service would send them to its database.
import { readdirSync, readFileSync } from 'node:fs'

const folder = new URL('../migrations/', import.meta.url)
const applied = new Set((process.env.APPLIED_MIGRATIONS ?? '').split(',').filter(Boolean))

for (const name of readdirSync(folder).sort()) {
  if (applied.has(name)) continue
  console.log(`applying ${name}`)
  console.log(readFileSync(new URL(name, folder), 'utf8').trim())
}
console.log('the schema is up to date')
