import { createHash } from 'node:crypto'
import type { ContextEntry } from './context-files.ts'
import { hashFiles } from './hash-files.ts'

export interface TreeHash {
  hash: string
  files: number
  bytes: number
}

/**
 * One hash over everything that was listed. Each entry is a JSON array on a line of its own: no two different trees have the same text. Entries are sorted by
 * path, so that the order of a listing plays no part.
 */
export async function treeHash(entries: ContextEntry[]): Promise<TreeHash> {
  const readable = entries.filter(({ content }) => content !== undefined)
  const hashes = await hashFiles(readable.map(({ content, size }) => ({ file: content!, size })))
  const contents = new Map(readable.map((entry, index) => [entry, hashes[index]!]))

  const lines = entries.map((entry) => {
    const { path, rawPath, kind, mode, link, device } = entry
    const name = rawPath ? { bytes: rawPath.toString('hex') } : path
    return JSON.stringify([name, kind, mode.toString(8), contents.get(entry) ?? link?.toString('hex') ?? device ?? ''])
  })
  const hash = createHash('sha256')
  for (const line of lines.sort()) hash.update(`${line}\n`)
  return {
    hash: hash.digest('hex'),
    files: entries.filter(({ kind }) => kind === 'file').length,
    bytes: readable.reduce((sum, { size }) => sum + size, 0),
  }
}
