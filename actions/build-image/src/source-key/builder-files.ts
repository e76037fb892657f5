import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import path from 'node:path'
import { UserError } from '@deploy-actions/action-kit'

export interface Dockerfile {
  /** What `--file` is given. */
  file: string
  bytes: Buffer
}

/** As many links as Linux follows before it calls them a loop. */
const maxLinks = 40
/** Link targets that the builder and this code read alike: no patterns, no detours. */
const plainTarget = /^[\w@%+,=./-]+$/

/**
 * The Dockerfile of a build, read as the builder reads it. Without a name it is `Dockerfile` in the context, else
 * `dockerfile`, by the names in the folder: a file system that ignores case would find both. Throws a UserError
 * when it is missing, or a link that leaves its folder.
 */
export function readDockerfile(context: string, named: string | undefined): Dockerfile {
  const asked = named ?? path.join(context, 'Dockerfile')
  const folder = path.dirname(asked)
  const names = namesIn(folder)
  const file =
    path.basename(asked) === 'Dockerfile' && !names.includes('Dockerfile') && names.includes('dockerfile')
      ? path.join(folder, 'dockerfile')
      : asked
  const bytes = readAsBuilder(folder, path.basename(file))
  if (bytes) return { file, bytes }
  throw new UserError(
    names.includes(path.basename(file))
      ? `The Dockerfile ${file} can't be read by the builder: it must be a file, or a link to one within ${folder}. Nothing was built.`
      : `There is no Dockerfile at ${file}. Set the input dockerfile (relative to the workspace), or context, and check that actions/checkout ran before this step.`,
  )
}

/**
 * A file by its name in a folder, as the builder's client finds it: names by their bytes, links followed, but never
 * out of the folder, which is `/` to them (tonistiigi/fsutil FollowLinks). Undefined when there is no such file.
 * Throws a UserError for a link that the builder may read in another way.
 */
export function readAsBuilder(folder: string, name: string): Buffer | undefined {
  const rest = [name]
  let at: string[] = []
  for (let links = 0; rest.length > 0; ) {
    const part = rest.shift()!
    if (part === '' || part === '.') continue
    if (part === '..') {
      at.pop()
      continue
    }
    const parent = path.join(folder, ...at)
    if (!namesIn(parent).includes(part)) return undefined
    const file = path.join(parent, part)
    if (!lstatSync(file).isSymbolicLink()) {
      at.push(part)
      continue
    }
    if (++links > maxLinks) return undefined
    const target = readlinkSync(file)
    if (!plainTarget.test(target) || path.posix.normalize(target) !== target)
      throw new UserError(
        `${file} is a link to "${target}", which the builder may read in another way than this step. Make it a file, or a link with a plain path. Nothing was built.`,
      )
    if (target.startsWith('/')) at = []
    rest.unshift(...target.split('/'))
  }
  const file = path.join(folder, ...at)
  return lstatSync(file).isFile() ? readFileSync(file) : undefined
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return []
    throw error
  }
}
