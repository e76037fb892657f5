import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs'
import { nameOnDisk, nameText } from './file-names.ts'
import type { IgnoreRule } from './ignore-file.ts'
import { type FolderState, ignoreMatcher } from './ignore-matcher.ts'

/**
 * One thing the builder receives. `path` and `link` keep every byte of the names (file-names.ts). `mode` is the
 * permission bits with set-id and sticky bits. A hard link names the first path of the same file. `content` is the
 * file to read, absent where there is nothing to read.
 */
export interface ContextEntry {
  path: string
  kind: 'file' | 'directory' | 'symlink' | 'hardlink' | 'fifo' | 'device'
  mode: number
  size: number
  link?: string
  device?: string
  content?: string | Buffer
}

interface Folder {
  state: FolderState | undefined
  /** Ignored itself, but sent once something inside it is. */
  pending: ContextEntry[]
}

/**
 * What the builder receives of the folder `root`, in the order in which it is sent: depth first, names by their
 * bytes. The root itself is not sent, so its own mode plays no part. Owners and times are not listed: the builder
 * sets the first to 0 and does not compare the second.
 */
export function contextEntries(root: string, rules: IgnoreRule[]): ContextEntry[] {
  const matcher = ignoreMatcher(rules)
  const entries: ContextEntry[] = []
  const firstPaths = new Map<number, string>()

  const walk = (directory: string, prefix: string, folder: Folder) => {
    for (const name of namesIn(directory)) {
      const text = nameText(name)
      const path = prefix + text
      const file = `${directory}/${text}`
      const stat = lstatSync(nameOnDisk(file), { throwIfNoEntry: false })
      if (!stat) continue

      const { ignored, state } = matcher.match(path, folder.state)
      const entry = described(file, path, stat)
      if (!ignored) {
        for (const parent of folder.pending.splice(0)) entries.push(parent)
        entries.push(entry.kind === 'file' ? linked(entry, stat, firstPaths) : entry)
      }
      if (stat.isDirectory() && (!ignored || matcher.mayTakeBack(path))) {
        const pending = ignored ? [...folder.pending, entry] : []
        walk(file, `${path}/`, { state, pending })
        // What the child folder sent, it sent with its parents.
        if (ignored && pending.length === 0) folder.pending.length = 0
      }
    }
  }
  walk(nameText(Buffer.from(root)), '', { state: undefined, pending: [] })
  return entries
}

function namesIn(directory: string): Buffer[] {
  return readdirSync(nameOnDisk(directory), { encoding: 'buffer' }).sort(Buffer.compare)
}

function described(file: string, path: string, stat: Stats): ContextEntry {
  const mode = stat.mode & 0o7777
  const name = nameOnDisk(file)
  if (stat.isDirectory()) return { path, kind: 'directory', mode, size: 0 }
  // The builder ignores the mode of a symbolic link, and systems disagree about it.
  if (stat.isSymbolicLink())
    return { path, kind: 'symlink', mode: 0, size: 0, link: nameText(readlinkSync(name, { encoding: 'buffer' })) }
  if (stat.isFIFO()) return { path, kind: 'fifo', mode, size: 0 }
  if (stat.isCharacterDevice() || stat.isBlockDevice())
    return { path, kind: 'device', mode, size: 0, device: `${stat.isBlockDevice() ? 'b' : 'c'}${stat.rdev}` }
  // A socket arrives as an empty file.
  return { path, kind: 'file', mode, size: stat.isFile() ? stat.size : 0, ...(stat.isFile() && { content: name }) }
}

/**
 * The builder takes files for one when their numbers are equal, and asks for nothing else. So does this, and yet
 * reads the content of a link: numbers beyond 2^53 come rounded here, and file systems mounted within the context
 * have equal ones.
 */
function linked(entry: ContextEntry, stat: Stats, firstPaths: Map<number, string>): ContextEntry {
  const first = firstPaths.get(stat.ino)
  if (first !== undefined && stat.nlink > 1) return { ...entry, kind: 'hardlink', link: first }
  if (first === undefined) firstPaths.set(stat.ino, entry.path)
  return entry
}
