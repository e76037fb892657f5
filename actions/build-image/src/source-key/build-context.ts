import { createHash } from 'node:crypto'
import path from 'node:path'
import { UserError } from '@deploy-actions/action-kit'
import { readAsBuilder } from './builder-files.ts'
import { contextEntries } from './context-files.ts'
import { type IgnoreRule, parseIgnoreFile } from './ignore-file.ts'
import { ignoreMatcher } from './ignore-matcher.ts'
import { type TreeHash, treeHash } from './tree-hash.ts'

export interface ContextHash extends TreeHash {
  /** The ignore file that rules here, or would. */
  ignoreFile: string
  /** Patterns of the ignore file that could not be read as the builder does, so that nothing was left out. */
  unclear: string[]
  /** Git's own folders among what is sent: they differ from checkout to checkout. */
  gitFolders: string[]
}

/**
 * Hash of what the main context sends: `<Dockerfile>.dockerignore` beside the Dockerfile rules alone where it
 * exists, else the context's own file.
 */
export function hashContext(context: string, dockerfile: string): Promise<ContextHash> {
  const own = `${dockerfile}.dockerignore`
  const bytes = readAsBuilder(path.dirname(own), path.basename(own))
  return bytes ? hashFolder(context, own, bytes) : hashNamedContext(context)
}

/** Hash of what a named context sends; it has an ignore file of its own. */
export function hashNamedContext(folder: string): Promise<ContextHash> {
  return hashFolder(folder, path.join(folder, '.dockerignore'), readAsBuilder(folder, '.dockerignore'))
}

/** Hash of all files below a folder, whatever is ignored. */
export function hashWholeFolder(folder: string): Promise<ContextHash> {
  return hashFolder(folder, '', undefined)
}

async function hashFolder(folder: string, ignoreFile: string, ignore: Buffer | undefined): Promise<ContextHash> {
  const { rules, unclear } = readRules(ignore)
  try {
    const entries = contextEntries(folder, rules)
    const tree = await treeHash(entries)
    // The builder follows an unclear file in its own way; the file may lie outside of what is hashed.
    const hash = unclear.length === 0 ? tree.hash : createHash('sha256').update(tree.hash).update(ignore!).digest('hex')
    const gitFolders = entries
      .filter((entry) => entry.kind === 'directory' && /(^|\/)\.git$/.test(entry.path))
      .map((entry) => entry.path)
    return { ...tree, hash, ignoreFile, unclear, gitFolders }
  } catch (error) {
    const { code, path: file } = error as NodeJS.ErrnoException
    if (code !== 'EACCES' && code !== 'EPERM' && code !== 'ENOENT') throw error
    const why = code === 'ENOENT' ? 'it vanished while it was read' : 'it may not be read'
    throw new UserError(
      `The build context ${folder} holds ${file ?? 'a file'}, but ${why}. Leave it out in .dockerignore, or mend it before this step.`,
      { cause: error },
    )
  }
}

function readRules(ignore: Buffer | undefined): { rules: IgnoreRule[]; unclear: string[] } {
  const text = ignore?.toString('utf8') ?? ''
  if (ignore && !Buffer.from(text).equals(ignore))
    return { rules: [], unclear: text.split(/\r?\n/).filter((line) => line.includes('\uFFFD')) }
  const rules = parseIgnoreFile(text)
  const { unclear } = ignoreMatcher(rules)
  return { rules: unclear.length > 0 ? [] : rules, unclear }
}
