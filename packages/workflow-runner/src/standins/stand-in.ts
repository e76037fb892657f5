import type { Permissions } from '../model/permissions.ts'

/** What a stand-in sees of the step it stands in. */
export interface StandInStep {
  /** As declared, with defaults. */
  inputs: Record<string, string>
  /** The environment that the action's process would have. */
  env: Readonly<Record<string, string>>
  /** `owner/name`, commit and ref of the run. */
  repository: { name: string; path: string; sha: string; ref: string }
  workspace: string
  permissions: Permissions
  signal: AbortSignal
  log(text: string): void
  warning(message: string): void
  /** Reports the error and fails the step. */
  fail(message: string): void
  setOutput(name: string, value: string): void
  /** For the following steps, as GITHUB_ENV does. */
  exportVariable(name: string, value: string): void
  mask(secret: string): void
}

/**
 * Takes the place of a third-party action. The inputs it declares are the only ones accepted: a misspelt or
 * unsupported one fails the step, where GitHub would only warn.
 */
export interface StandIn {
  inputs: Record<string, { required?: boolean; default?: string }>
  /** Scopes that the job's token needs, such as `{ 'id-token': 'write' }`. */
  needs?: Permissions
  run(step: StandInStep): Promise<void> | void
  /** Runs after the job's steps, in reverse order. */
  post?(step: StandInStep): Promise<void> | void
}
