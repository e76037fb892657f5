import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { UserError } from '@deploy-actions/action-kit'
import { contextEntries } from './context-files.ts'
import { type IgnoreRule, parseIgnoreFile } from './ignore-file.ts'
import { ignoreMatcher } from './ignore-matcher.ts'
import { type TreeHash, treeHash } from './tree-hash.ts'

export interface ContextHash extends TreeHash {
  /** Patterns of the ignore file that could not be read as the builder does, so that nothing was left out. */
  unclear: string[]
}

export interface Dockerfile {
  /** What `--file` is given. */
  file: string
  bytes: Buffer
}

/**
 * The Dockerfile of a build. Without a name it is `Dockerfile` in the context, or `dockerfile` as the builder also accepts.
 * Throws a UserError when it is missing.
 */
export async function readDockerfile(context: string, named: string | undefined): Promise<Dockerfile> {
  const file = named ?? path.join(context, 'Dockerfile')
  const candidates = path.basename(file) === 'Dockerfile' ? [file, path.join(path.dirname(file), 'dockerfile')] : [file]
  for (const candidate of candidates) {
    const bytes = await readFileIfThere(candidate)
    if (bytes) return { file: candidate, bytes }
  }
  throw new UserError(
    `There is no Dockerfile at ${file}. Set the input dockerfile (relative to the workspace), or context, and check that actions/checkout ran before this step.`,
  )
}

/** Hash of what the main context sends: `<Dockerfile>.dockerignore` beside the Dockerfile rules alone where it exists, else the context's own file. */
export async function hashContext(context: string, dockerfile: string): Promise<ContextHash> {
  const own = await readFileIfThere(`${dockerfile.replace(/\/dockerfile$/, '/Dockerfile')}.dockerignore`)
  return hashFolder(context, own ? parseIgnoreFile(own.toString('utf8')) : await ignoreRules(context))
}

/** Hash of what a named context sends; it has an ignore file of its own. */
export async function hashNamedContext(folder: string): Promise<ContextHash> {
  return hashFolder(folder, await ignoreRules(folder))
}

/** Hash of all files below a folder, whatever is ignored. */
export async function hashWholeFolder(folder: string): Promise<ContextHash> {
  return hashFolder(folder, [])
}

async function ignoreRules(folder: string): Promise<IgnoreRule[]> {
  return parseIgnoreFile((await readFileIfThere(path.join(folder, '.dockerignore')))?.toString('utf8') ?? '')
}

async function hashFolder(folder: string, rules: IgnoreRule[]): Promise<ContextHash> {
  try {
    const { unclear } = ignoreMatcher(rules)
    return { ...(await treeHash(contextEntries(folder, rules))), unclear }
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

/** Undefined when there is no such file. A folder of that name counts as none. */
async function readFileIfThere(file: string): Promise<Buffer | undefined> {
  const found = await stat(file).catch(() => undefined)
  return found?.isFile() ? readFile(file) : undefined
}
