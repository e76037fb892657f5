import { readdirSync } from 'node:fs'
import path from 'node:path'

/** The checkout that this script belongs to. */
export const root = path.resolve(import.meta.dirname, '../..')

export function actionNames(): string[] {
  return readdirSync(path.join(root, 'actions'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
}
