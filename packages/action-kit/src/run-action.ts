import { cancellation } from './cancellation.ts'
import { type Clock, systemClock } from './clock.ts'
import { appendToCommandFile, maskCommand } from './commands.ts'
import { isUserError, messageOf } from './errors.ts'
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
}

export type OutputValue = string | number | boolean | undefined

export interface ActionResult {
  outputs?: Record<string, OutputValue>
  /** Why the step is red although it did its work: a verdict other than completed, a refusal. */
  failure?: string
  /** With which code the process ends when there is a failure; default 1. */
  exitCode?: number
}

export interface ActionEntry {
  main(runtime: ActionRuntime): Promise<ActionResult | undefined>
  /** Runs after the job, cancelled or failed ones included. Its failures are warnings: the job's verdict stands. */
  post?(runtime: ActionRuntime): Promise<void>
}

const postState = 'runs-as-post'

/**
 * The frame of every action: builds the runtime from the process, calls `main` (or `post`, which is the same file started again), writes
 * outputs, and turns whatever is thrown into one annotation and exit code 1.
 */
export async function runAction(name: string, entry: ActionEntry): Promise<void> {
  const { signal, dispose } = cancellation(process)
  const runtime = processRuntime(process.env, signal)
  const isPost = runtime.state(postState) === 'true'
  try {
    if (isPost) return await entry.post?.(runtime)
    if (entry.post) runtime.saveState(postState, 'true')
    const result = await entry.main(runtime)
    for (const [output, value] of Object.entries(result?.outputs ?? {})) runtime.setOutput(output, value)
    if (result?.failure) {
      runtime.log.error(result.failure, name)
      process.exitCode = result.exitCode || 1
    }
  } catch (error) {
    const report = isPost ? runtime.log.warning : runtime.log.error
    report(messageOf(error), name)
    if (!isUserError(error) && error instanceof Error && error.stack) {
      await runtime.log.group('This is a defect of the action; please report it with these lines', () =>
        runtime.log.info(error.stack ?? ''),
      )
    }
    if (!isPost) process.exitCode = 1
  } finally {
    dispose()
  }
}

function processRuntime(env: NodeJS.ProcessEnv, cancelled: AbortSignal): ActionRuntime {
  const write = (text: string) => void process.stdout.write(text)
  const appendTo = (variable: string, name: string, value: string) => {
    const file = env[variable]
    if (file) appendToCommandFile(file, name, value)
  }
  return {
    env,
    inputs: inputReader(env),
    github: githubContext(env),
    log: githubLog(write),
    clock: systemClock,
    cancelled,
    summary: fileSummary(env.GITHUB_STEP_SUMMARY),
    state: (name) => env[`STATE_${name}`] || undefined,
    saveState: (name, value) => appendTo('GITHUB_STATE', name, value),
    setOutput: (name, value) => appendTo('GITHUB_OUTPUT', name, value === undefined ? '' : String(value)),
    mask: (secret) => write(`${maskCommand(secret)}\n`),
  }
}
