import type { Value } from '../language/values.ts'
import type { Permissions } from '../model/permissions.ts'
import type { StandIn } from '../standins/stand-in.ts'
import type { Grace } from '../step/process.ts'
import type { Concurrency } from './concurrency.ts'
import type { LogLine } from './log.ts'

/** The repository that an event happened in: a real git repository on this machine. */
export interface ConsumerRepository {
  /** `owner/name` */
  name: string
  path: string
  /** `refs/heads/main`, or a branch or tag name. Default: the branch that is checked out. */
  ref?: string
  /** Default: the commit that `ref` points to. */
  sha?: string
  defaultBranch?: string
}

/** Where `uses: org/deploy-actions/…@ref` is found: a checkout of the suite, with `dist/` built. */
export interface Suite {
  /** `owner/name`, such as `org/deploy-actions` */
  name: string
  path: string
  /** Folder of the checkout that a release tag has at its root. */
  actions?: string
}

export interface RunEvent {
  /** `push`, `workflow_dispatch`, or another event without filters. */
  name: string
  actor?: string
  /** What the form of *Run workflow* would send. */
  inputs?: Record<string, string | boolean | number>
  /** Commit before the push, for `paths` filters and `github.event.before`. */
  before?: string
  /** Entries added to `github.event`. */
  payload?: Record<string, Value>
}

export interface ReviewRequest {
  environment: string
  job: string
  /** Aborts when the run is cancelled while waiting. */
  signal: AbortSignal
}

/** A GitHub environment with its settings. */
export interface EnvironmentSettings {
  vars?: Record<string, string>
  secrets?: Record<string, string>
  /** Which branches may deploy there, as patterns (`prod`, `release/*`). All when left out. */
  branches?: string[]
  /** Required reviewers: the job waits for the answer. None when left out. */
  review?: (request: ReviewRequest) => Promise<'approved' | 'rejected'>
}

export interface RunOptions {
  repository: ConsumerRepository
  suite?: Suite
  /** Path in the repository: `.github/workflows/release.yml`. */
  workflow: string
  event: RunEvent
  vars?: Record<string, string>
  secrets?: Record<string, string>
  /** By name. Others that a job names come into being without settings, as on GitHub. */
  environments?: Record<string, EnvironmentSettings>
  /** What `GITHUB_TOKEN` may do where a workflow says nothing. */
  defaultPermissions?: Permissions
  /** By action name without `@ref`. Added to the stand-ins that come with the runner. */
  standIns?: Record<string, StandIn>
  /**
   * What the stand-in for aws-actions/configure-aws-credentials exports, such as AWS_ENDPOINT_URL and
   * AWS_ACCESS_KEY_ID of a simulator. Without it that action has no stand-in.
   */
  aws?: Record<string, string>
  /** Environment of the machine, beyond PATH and an empty HOME. */
  env?: Record<string, string>
  /** Program for `using: node24`. Default: the one that npm installed for this repository. */
  nodePath?: string
  /** Shared by runs that may meet in a concurrency group. */
  concurrency?: Concurrency
  /** Cancels the run, as the button does. */
  signal?: AbortSignal
  grace?: Grace
  /** Length of a minute of `timeout-minutes`, in milliseconds; a test's clock may run faster. */
  minute?: number
  runId?: string
  runNumber?: number
  runAttempt?: number
  /** Show `::debug::` lines and set RUNNER_DEBUG. */
  debug?: boolean
  onLine?: (line: LogLine) => void
}
