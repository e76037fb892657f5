import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { WorkflowError } from '../language/errors.ts'
import type { Source } from '../model/source.ts'
import type { ConsumerRepository } from './options.ts'

/** The commit of an event: its name, and its tree as files. */
export interface Commit extends Source {
  message: string
  author: { name: string; email: string }
  timestamp: string
}

/**
 * Finds the commit that the repository's `ref` (or `sha`) names and puts its tree under `directory`: GitHub reads
 * what is committed, never what lies in a working copy. Throws a WorkflowError when git knows no such commit.
 */
export function readCommit(repository: ConsumerRepository, directory: string): Commit {
  const git = (...args: string[]) => gitOutput(repository.path, ...args)
  const ref = fullRef(repository)
  const shown = git('log', '-1', '--format=%H%n%an%n%ae%n%aI%n%B', `${repository.sha ?? ref}^{commit}`)
  const [sha = '', name = '', email = '', timestamp = '', ...message] = shown.split('\n')
  extractTree(repository.path, sha, directory)
  return {
    repository: repository.name,
    ref,
    sha,
    directory,
    message: message.join('\n').trim(),
    author: { name, email },
    timestamp,
  }
}

/** Writes the files of a commit to `directory`. */
export function extractTree(repository: string, sha: string, directory: string): void {
  mkdirSync(directory, { recursive: true })
  const archive = execFileSync('git', ['-C', repository, 'archive', '--format=tar', sha], { maxBuffer: 1 << 30 })
  execFileSync('tar', ['-x', '-C', directory], { input: archive })
}

/** Paths that differ between two commits; all paths of `to` when there is no earlier commit. */
export function changedPaths(repository: string, from: string | undefined, to: string): string[] {
  const args = from ? ['diff', '--name-only', from, to] : ['ls-tree', '-r', '--name-only', to]
  return gitOutput(repository, ...args)
    .split('\n')
    .filter(Boolean)
}

function fullRef({ path: directory, ref, sha }: ConsumerRepository): string {
  if (ref && ref === sha) return ref
  if (!ref) return gitOutput(directory, 'symbolic-ref', 'HEAD')
  if (ref.startsWith('refs/')) return ref
  for (const candidate of [`refs/heads/${ref}`, `refs/tags/${ref}`]) {
    try {
      gitOutput(directory, 'rev-parse', '--verify', '--quiet', candidate)
      return candidate
    } catch {}
  }
  throw new WorkflowError(`${directory} has no branch or tag '${ref}'`)
}

export function gitOutput(directory: string, ...args: string[]): string {
  try {
    return execFileSync('git', ['-C', path.resolve(directory), ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim()
  } catch (error) {
    const reason = String((error as { stderr?: string }).stderr ?? error).trim()
    throw new WorkflowError(`git ${args.join(' ')} in ${directory}: ${reason}`)
  }
}
