import type { Scope } from '../language/expressions.ts'
import type { Value } from '../language/values.ts'
import type { Grace } from '../step/process.ts'
import type { Concurrency } from './concurrency.ts'
import type { GitHubApi } from './github-api.ts'
import type { IdTokens } from './id-tokens.ts'
import type { LogLine } from './log.ts'
import type { ConsumerRepository, EnvironmentSettings } from './options.ts'
import type { Plan } from './plan.ts'
import type { Commit } from './repository.ts'
import type { Resolver } from './resolve.ts'
import type { JobResult } from './result.ts'

/** One run of a workflow: what its jobs share. */
export interface Run {
  /** Folder for everything that the run puts on disk. */
  root: string
  commit: Commit
  repository: ConsumerRepository
  resolver: Resolver
  /** The `github` context, less what depends on the job. */
  github: Record<string, Value>
  vars: Record<string, string>
  /** All secrets of repository and environments, so that each is masked everywhere. */
  secretValues: string[]
  environments: Record<string, EnvironmentSettings>
  concurrency: Concurrency
  machine: Record<string, string>
  idTokens: IdTokens
  githubApi: GitHubApi
  nodePath: string
  grace: Grace
  /** Milliseconds. */
  minute: number
  debug: boolean
  /** Whether cancellation was asked for. */
  cancelled(): boolean
  /** Asks for the cancellation of the whole run. */
  cancel(): void
  /** Ends the run at once with an error of its own: something that this runner does not support. */
  abort(error: Error): void
  results: JobResult[]
  log(line: LogLine): void
}

/** A workflow within a run: the one that the event started, or one that a job calls. */
export interface Instance {
  run: Run
  plan: Plan
  /** Ids and names of the calling jobs, outermost first. */
  callers: { key: string; name: string }[]
  inputs: Record<string, Value>
  secrets: Record<string, string>
  /** Which secrets of a job's environment it may see: all, or those passed by name. */
  environmentSecrets: 'all' | Set<string>
  /** Concurrency groups of everything around these jobs, in lower case. */
  heldGroups: string[]
  /** Aborts when the jobs of this workflow are to be cancelled. */
  cancel: AbortSignal
}

/** What an expression outside of a runner may see in this workflow. */
export function instanceScope(instance: Instance, more: Record<string, Value> = {}): Scope {
  const { run, inputs, secrets } = instance
  return { contexts: { github: run.github, vars: run.vars, inputs, secrets, ...more } }
}
