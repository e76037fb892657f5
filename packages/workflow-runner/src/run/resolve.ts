import { existsSync } from 'node:fs'
import path from 'node:path'
import { UnsupportedError, WorkflowError } from '../language/errors.ts'
import type { Source } from '../model/source.ts'
import type { StandIn } from '../standins/stand-in.ts'
import type { Suite } from './options.ts'

export type ActionReference =
  | { kind: 'directory'; directory: string; source: Source; repository: string | undefined; ref: string | undefined }
  | { kind: 'stand-in'; name: string; standIn: StandIn }

/** Finds what a `uses` names: in the repository that says it, in the suite, or among the stand-ins. */
export interface Resolver {
  /** Throws a WorkflowError when there is no such workflow. */
  workflow(uses: string, from: Source): { source: Source; file: string }
  /** Throws an UnsupportedError for a third-party action without a stand-in. */
  action(uses: string, from: Source, workspace: string): ActionReference
}

export function createResolver(options: {
  consumer: Source
  /** The same repository at another ref. */
  consumerAt(ref: string): Source
  suite: (Suite & { sha: string }) | undefined
  standIns: Record<string, StandIn>
}): Resolver {
  const { suite, consumer, standIns } = options
  const suiteAt = (ref: string): Source | undefined =>
    suite && { repository: suite.name, ref, sha: suite.sha, directory: path.resolve(suite.path) }

  const sourceOf = (repository: string, ref: string) => {
    if (suite && sameName(repository, suite.name)) return suiteAt(ref)
    return sameName(repository, consumer.repository) ? options.consumerAt(ref) : undefined
  }

  return {
    workflow(uses, from) {
      const own = /^(?:\.|\$)\/(.+)$/.exec(uses)
      if (own?.[1]) {
        if (own[1].includes('@'))
          throw new WorkflowError(`Invalid workflow reference '${uses}': a local path takes no version`)
        return { source: from, file: workflowPath(uses, own[1]) }
      }
      const { repository, subpath, ref } = parseReference(uses)
      const source = sourceOf(repository, ref)
      if (!source)
        throw new UnsupportedError(
          `Workflow '${uses}': this runner only knows the workflows of ${[consumer.repository, suite?.name].filter(Boolean).join(' and ')}`,
        )
      return { source, file: workflowPath(uses, subpath) }
    },

    action(uses, from, workspace) {
      if (uses.startsWith('docker://'))
        throw new UnsupportedError(`'uses: ${uses}': container actions are not supported by this runner`)
      if (uses.startsWith('$/')) {
        if (uses.includes('@')) throw new WorkflowError(`Invalid action reference '${uses}': $/ takes no version`)
        const directory = inside(from.directory, uses.slice(2), uses)
        return { kind: 'directory', directory, source: from, repository: from.repository, ref: from.ref }
      }
      if (uses.startsWith('./'))
        return {
          kind: 'directory',
          directory: inside(workspace, uses, uses),
          source: from,
          repository: undefined,
          ref: undefined,
        }
      const { repository, subpath, ref } = parseReference(uses)
      const source = sourceOf(repository, ref)
      if (source) {
        // A release tag has the actions at its root, the main branch under a folder.
        const candidates = [subpath, path.join(suite?.actions ?? 'actions', subpath)]
        const found = candidates.find((candidate) => hasActionFile(path.join(source.directory, candidate))) ?? subpath
        return { kind: 'directory', directory: path.join(source.directory, found), source, repository, ref }
      }
      const name = [repository, subpath].filter(Boolean).join('/')
      const standIn = Object.entries(standIns).find(([known]) => sameName(known, name))?.[1]
      if (standIn) return { kind: 'stand-in', name, standIn }
      throw new UnsupportedError(
        `Action '${uses}' is neither in this repository nor in the suite, and has no stand-in. Stand-ins: ${Object.keys(standIns).join(', ')}`,
      )
    },
  }
}

function parseReference(uses: string): { repository: string; subpath: string; ref: string } {
  const match = /^([^/@\s]+\/[^/@\s]+)(?:\/([^@]*))?@(.+)$/.exec(uses)
  if (!match) throw new WorkflowError(`Expected format {org}/{repo}[/path]@ref. Actual '${uses}'`)
  return { repository: match[1] ?? '', subpath: match[2] ?? '', ref: match[3] ?? '' }
}

function workflowPath(uses: string, file: string): string {
  if (!/^\.github\/workflows\/[^/]+\.ya?ml$/.test(file))
    throw new WorkflowError(`Invalid workflow reference '${uses}': a workflow is a file right under .github/workflows`)
  return file
}

function inside(root: string, subpath: string, uses: string): string {
  const directory = path.resolve(root, subpath)
  if (directory !== root && !directory.startsWith(root + path.sep))
    throw new WorkflowError(`Invalid action reference '${uses}': it leaves the repository`)
  return directory
}

function hasActionFile(directory: string): boolean {
  return ['action.yml', 'action.yaml'].some((name) => existsSync(path.join(directory, name)))
}

function sameName(a: string, b: string | undefined): boolean {
  return a.toLowerCase() === b?.toLowerCase()
}
