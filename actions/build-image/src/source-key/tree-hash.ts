import { createHash } from 'node:crypto'
import type { ContextEntry } from './context-files.ts'
import { hashFiles } from './hash-files.ts'

export interface TreeHash {
  hash: string
  files: number
  bytes: number
}

const nothing = createHash('sha256').digest('hex')

/**
 * One hash over everything that was listed. Each entry is a JSON array on a line of its own: no two different trees
 * have the same text. Entries are sorted by path, so that the order of a listing plays no part.
 */
export async function treeHash(entries: ContextEntry[]): Promise<TreeHash> {
  const readable = entries.filter(({ content }) => content !== undefined)
  const hashes = await hashFiles(readable.map(({ content, size }) => ({ file: content!, size })))
  const contents = new Map(readable.map((entry, index) => [entry, hashes[index]!]))

  const lines = entries.map((entry) => {
    const { path, kind, mode, link, device } = entry
    const content = contents.get(entry) ?? (kind === 'file' ? nothing : '')
    return JSON.stringify([path, kind, mode.toString(8), content, link ?? device ?? ''])
  })
  const hash = createHash('sha256')
  for (const line of lines.sort()) hash.update(`${line}\n`)
  return {
    hash: hash.digest('hex'),
    files: entries.filter(({ kind }) => kind === 'file').length,
    bytes: entries.reduce((sum, { kind, size }) => sum + (kind === 'file' ? size : 0), 0),
  }
}
