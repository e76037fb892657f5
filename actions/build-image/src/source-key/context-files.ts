import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs'
import type { IgnoreRule } from './ignore-file.ts'
import { type FolderState, ignoreMatcher } from './ignore-matcher.ts'

/**
 * One thing the builder receives. `mode` is the permission bits with set-id and sticky bits. A hard link names the first path of the same file; `content`
 * is the file to read, absent where there is nothing to read.
 */
export interface ContextEntry {
  path: string
  /** The path's bytes where they are no UTF-8 text. */
  rawPath?: Buffer
  kind: 'file' | 'directory' | 'symlink' | 'hardlink' | 'fifo' | 'device'
  mode: number
  size: number
  link?: Buffer
  device?: string
  content?: string | Buffer
}

interface Folder {
  state: FolderState | undefined
  /** Ignored itself, but sent once something inside it is. */
  pending: ContextEntry[]
}

/**
 * What the builder receives of the folder `root`, in the order in which it is sent: depth first, names by their bytes. The root itself is not sent, so its
 * own mode plays no part. Owners and times are not listed: the builder sets the first to 0 and does not compare the second.
 */
export function contextEntries(root: string, rules: IgnoreRule[]): ContextEntry[] {
  const matcher = ignoreMatcher(rules)
  const entries: ContextEntry[] = []
  const firstPaths = new Map<number, string>()

  const walk = (directory: string | Buffer, prefix: string, rawPrefix: Buffer | undefined, folder: Folder) => {
    for (const name of namesIn(directory)) {
      const text = name.toString('utf8')
      const raw =
        rawPrefix || !Buffer.from(text).equals(name) ? join(rawPrefix ?? Buffer.from(prefix), name) : undefined
      const path = prefix ? `${prefix}/${text}` : text
      const file = raw || typeof directory !== 'string' ? join(Buffer.from(directory), name) : `${directory}/${text}`
      const stat = lstatSync(file, { throwIfNoEntry: false })
      if (!stat) continue

      const { ignored, state } = matcher.match(path, folder.state)
      const entry = { ...described(file, path, stat), ...(raw && { rawPath: raw }) }
      if (!ignored) {
        for (const parent of folder.pending.splice(0)) entries.push(parent)
        entries.push(stat.isFile() ? linked(entry, stat, firstPaths) : entry)
      }
      if (stat.isDirectory() && (!ignored || matcher.mayTakeBack(path))) {
        const pending = ignored ? [...folder.pending, entry] : []
        walk(file, path, raw, { state, pending })
        // What the child folder sent, it sent with its parents.
        if (ignored && pending.length === 0) folder.pending.length = 0
      }
    }
  }
  walk(root, '', undefined, { state: undefined, pending: [] })
  return entries
}

function namesIn(directory: string | Buffer): Buffer[] {
  return readdirSync(directory, { encoding: 'buffer' }).sort(Buffer.compare)
}

function join(folder: Buffer, name: Buffer): Buffer {
  return folder.length === 0 ? name : Buffer.concat([folder, Buffer.from('/'), name])
}

function described(file: string | Buffer, path: string, stat: Stats): ContextEntry {
  const mode = stat.mode & 0o7777
  if (stat.isDirectory()) return { path, kind: 'directory', mode, size: 0 }
  // The builder ignores the mode of a symbolic link, and systems disagree about it.
  if (stat.isSymbolicLink())
    return { path, kind: 'symlink', mode: 0, size: 0, link: readlinkSync(file, { encoding: 'buffer' }) }
  if (stat.isFIFO()) return { path, kind: 'fifo', mode, size: 0 }
  if (stat.isCharacterDevice() || stat.isBlockDevice())
    return { path, kind: 'device', mode, size: 0, device: `${stat.isBlockDevice() ? 'b' : 'c'}${stat.rdev}` }
  // A socket arrives as an empty file.
  return { path, kind: 'file', mode, size: stat.isFile() ? stat.size : 0, ...(stat.isFile() && { content: file }) }
}

function linked(entry: ContextEntry, stat: Stats, firstPaths: Map<number, string>): ContextEntry {
  if (stat.nlink === 1) return entry
  const first = firstPaths.get(stat.ino)
  if (first !== undefined) {
    const { content: _content, ...rest } = entry
    return { ...rest, kind: 'hardlink', size: 0, link: Buffer.from(first) }
  }
  firstPaths.set(stat.ino, entry.path)
  return entry
}
