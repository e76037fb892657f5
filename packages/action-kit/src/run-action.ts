import { cancellation } from './cancellation.ts'
import { adviceOf, isDefect, isUserError, messageOf } from './errors.ts'
import type { Log } from './log.ts'
import { type ActionRuntime, type OutputValue, processRuntime } from './runtime.ts'

export interface ActionResult {
  outputs?: Record<string, OutputValue>
  /** Why the step is red although it did its work: a verdict other than completed, a refusal. */
  failure?: string
  /** With which code the process ends when there is a failure; default 1. */
  exitCode?: number
}

/**
 * The frame of every action: builds the runtime from the process, calls `main`, writes outputs, and turns whatever
 * is thrown into one annotation and exit code 1.
 */
export async function runAction(
  name: string,
  main: (runtime: ActionRuntime) => Promise<ActionResult | undefined>,
): Promise<void> {
  const { signal, dispose } = cancellation(process)
  let stateLeft = 'Nothing was changed.'
  const runtime = processRuntime(process.env, signal, (text) => {
    stateLeft = text
  })
  try {
    const result = await main(runtime)
    for (const [output, value] of Object.entries(result?.outputs ?? {})) runtime.setOutput(output, value)
    if (result?.failure) {
      runtime.log.error(result.failure, name)
      process.exitCode = result.exitCode || 1
    }
  } catch (error) {
    const parts = [messageOf(error), ...(isUserError(error) ? [] : [stateLeft, adviceOf(error)])]
    runtime.log.error(parts.filter(Boolean).join(' '), name)
    await showDefect(error, runtime.log)
    process.exitCode = 1
  } finally {
    dispose()
  }
}

/**
 * The frame of an action's `post`, which the runner starts after the job, cancelled or failed ones included, also
 * when `main` never came to run. It is a bundle of its own and does nothing without the state that `main` saved.
 * Its failures are warnings: the job's verdict stands.
 */
export async function runPost(name: string, post: (runtime: ActionRuntime) => Promise<void>): Promise<void> {
  const { signal, dispose } = cancellation(process)
  const runtime = processRuntime(process.env, signal, () => {})
  try {
    await post(runtime)
  } catch (error) {
    runtime.log.warning(messageOf(error), name)
    await showDefect(error, runtime.log)
  } finally {
    dispose()
  }
}

async function showDefect(error: unknown, log: Log): Promise<void> {
  if (isDefect(error))
    await log.group('This is a defect of the action; please report it with these lines', () =>
      log.info(error.stack ?? ''),
    )
}
