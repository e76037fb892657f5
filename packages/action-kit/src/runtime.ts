import { issue } from '@actions/core/lib/command.js'
import { issueFileCommand, prepareKeyValueMessage } from '@actions/core/lib/file-command.js'
import { type Clock, systemClock } from './clock.ts'
import { type GitHubContext, githubContext } from './github-context.ts'
import { type InputReader, inputReader } from './inputs.ts'
import { githubLog, type Log } from './log.ts'
import { fileSummary, type Summary } from './summary.ts'

export interface ActionRuntime {
  env: NodeJS.ProcessEnv
  inputs: InputReader
  github: GitHubContext
  log: Log
  clock: Clock
  /** Aborts on the runner's SIGINT or SIGTERM. */
  cancelled: AbortSignal
  summary: Summary
  /** What `main` saved, for `post`. */
  state(name: string): string | undefined
  saveState(name: string, value: string): void
  /** Sets an output at once; for values that must survive a kill. Others are returned. */
  setOutput(name: string, value: OutputValue): void
  /** Hides a value in every later log line. */
  mask(secret: string): void
  /**
   * Says in a sentence what state is left, should the step fail from now on with an error of AWS or of the machine,
   * which cannot know it. A UserError says it itself. Until the first call it is 'Nothing was changed.'
   */
  stateLeft(text: string): void
}

export type OutputValue = string | number | boolean | undefined

/** The runtime of the process that the runner has started. */
export function processRuntime(
  env: NodeJS.ProcessEnv,
  cancelled: AbortSignal,
  stateLeft: ActionRuntime['stateLeft'],
): ActionRuntime {
  const append = (file: 'OUTPUT' | 'STATE', name: string, value: OutputValue) => {
    if (env[`GITHUB_${file}`]) issueFileCommand(file, prepareKeyValueMessage(name, value ?? ''))
  }
  return {
    env,
    inputs: inputReader(env),
    github: githubContext(env),
    log: githubLog(),
    clock: systemClock,
    cancelled,
    summary: fileSummary(env.GITHUB_STEP_SUMMARY),
    state: (name) => env[`STATE_${name}`] || undefined,
    saveState: (name, value) => append('STATE', name, value),
    setOutput: (name, value) => append('OUTPUT', name, value),
    mask: (secret) => issue('add-mask', secret),
    stateLeft,
  }
}
