import type { Value } from '../language/values.ts'
import type { Permissions } from '../model/permissions.ts'
import type { Source } from '../model/source.ts'
import type { StepsJob } from '../model/workflow.ts'
import type { Masks } from '../step/masks.ts'
import type { StepOutput } from '../step/output.ts'
import type { JobUnit } from './jobs.ts'
import type { StepResult } from './result.ts'
import type { Run } from './run.ts'

export type Status = 'success' | 'failure' | 'cancelled'

/** `steps`, as expressions see it. */
export type StepsContext = Record<string, { outputs: Record<string, string>; outcome: string; conclusion: string }>

/** A job while it runs on its machine. */
export interface JobState {
  unit: JobUnit<StepsJob>
  run: Run
  directories: { root: string; workspace: string; temp: string; home: string; toolCache: string }
  github: Record<string, Value>
  runner: Record<string, Value>
  secrets: Record<string, string>
  vars: Record<string, string>
  permissions: Permissions
  /** Where steps ask for an OIDC token; only with `id-token: write`. */
  idToken: { url: string; bearer: string } | undefined
  /** Of workflow and job, then whatever steps added by GITHUB_ENV. */
  env: Record<string, string>
  /** By GITHUB_PATH, first added first. */
  prependPath: string[]
  defaults: { shell: string | undefined; workingDirectory: string | undefined }
  status: Status
  masks: Masks
  /** Marks the processes of this job. */
  trackingId: string
  /** Waiting `post` steps; the last registered runs first. */
  posts: PostStep[]
  results: StepResult[]
  /** Aborts when the job is cancelled or has run out of time. */
  cancel: AbortSignal
  /** Aborts when the patience with a cancelled job is at its end: whatever still runs is killed. */
  kill: AbortSignal
  /** A number for each step's folder of command files. */
  nextStep(): number
}

export interface PostStep {
  name: string
  condition: string
  frame: Frame
  run(execution: Execution): Promise<Status>
}

/** Where steps run: the job itself, or a composite action within it. */
export interface Frame {
  job: JobState
  /** What `$/` means for these steps. */
  source: Source
  steps: StepsContext
  inputs: Record<string, Value>
  /** Entries of `github` that differ here: `action_path`. */
  github: Record<string, Value>
  /** `env` of the `uses` step around a composite action. */
  env: Record<string, string>
  /** What `success()` and `failure()` look at here. */
  status(): Status
  depth: number
}

/** One step while it runs. */
export interface Execution {
  frame: Frame
  name: string
  /** The `env` context: the job's, with the step's own on top. */
  env: Record<string, string>
  output: StepOutput
  signal: AbortSignal
  outputs: Record<string, string>
  summary: string[]
}
