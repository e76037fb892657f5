import { UnsupportedError, WorkflowError } from '../language/errors.ts'
import { evaluate, evaluateToken, scalarText } from '../language/expressions.ts'
import { entries } from '../language/tokens.ts'
import { isTruthy } from '../language/values.ts'
import type { Step } from '../model/steps.ts'
import { createStepOutput, type StepOutput } from '../step/output.ts'
import { executeAction } from './action.ts'
import { frameEnv, frameScope } from './frame.ts'
import type { Execution, Frame, JobState, PostStep, Status } from './job-state.ts'
import type { Conclusion } from './result.ts'
import { executeScript } from './script.ts'

/** Runs one step of a job and keeps its result. */
export async function runStep(frame: Frame, step: Step): Promise<void> {
  const { job } = frame
  const name = stepName(frame, step)
  await recorded(job, name, step.id, 'main', (output) => executeStep(frame, step, name, output))
}

/** Runs a `post` step; its failure fails the job, as GitHub has it. */
export async function runPost(post: PostStep): Promise<void> {
  const { frame } = post
  await recorded(frame.job, post.name, undefined, 'post', async (output) => {
    const execution = newExecution(frame, post.name, frameEnv(frame), output)
    const result = await guarded(execution, post.condition, undefined, () => post.run(execution))
    return { outcome: result, conclusion: result, execution }
  })
}

interface Ended {
  outcome: Conclusion
  conclusion: Conclusion
  execution: Execution
}

async function recorded(
  job: JobState,
  name: string,
  id: string | undefined,
  phase: 'main' | 'post',
  work: (output: StepOutput) => Promise<Ended>,
): Promise<void> {
  const started = performance.now()
  const output = createStepOutput({
    masks: job.masks,
    debug: job.run.debug,
    onLine: (text) => job.run.log({ job: job.unit.name, step: name, text }),
  })
  const { outcome, conclusion, execution } = await work(output)
  if (conclusion === 'failure' && job.status === 'success') job.status = 'failure'
  job.results.push({
    name,
    id,
    phase,
    outcome,
    conclusion,
    outputs: execution.outputs,
    annotations: output.annotations,
    summary: execution.summary.join(''),
    log: output.log,
    durationMs: Math.round(performance.now() - started),
  })
}

/**
 * Runs one step in its frame: condition, environment, time limit, `continue-on-error`; enters its outcome in the
 * frame's `steps` context. Steps of composite actions come here too; their output belongs to the step around them.
 */
export async function executeStep(
  frame: Frame,
  step: Step,
  name: string,
  output: StepOutput,
  around?: Execution,
): Promise<Ended> {
  const base = frameEnv(frame)
  const execution = newExecution(frame, name, base, output, around)
  let outcome: Conclusion
  let conclusion: Conclusion
  try {
    for (const { key, value } of entries(step.env)) execution.env[key] = scalarText(value, frameScope(frame, base))
    outcome = await guarded(execution, step.condition, step, () =>
      step.run ? executeScript(execution, step) : executeAction(execution, step),
    )
    conclusion = outcome
    if (
      outcome === 'failure' &&
      step.continueOnError &&
      isTruthy(evaluateToken(step.continueOnError, frameScope(frame, execution.env)))
    )
      conclusion = 'success'
  } catch (error) {
    report(error, output)
    outcome = 'failure'
    conclusion = 'failure'
  }
  if (step.id) frame.steps[step.id] = { outputs: execution.outputs, outcome, conclusion }
  return { outcome, conclusion, execution }
}

function newExecution(
  frame: Frame,
  name: string,
  env: Record<string, string>,
  output: StepOutput,
  around?: Execution,
): Execution {
  return {
    frame,
    name,
    env: { ...env },
    output,
    signal: around?.signal ?? frame.job.kill,
    outputs: {},
    summary: around?.summary ?? [],
  }
}

/**
 * Evaluates the condition and runs `work` under cancellation and time limit. When the job is cancelled meanwhile,
 * the condition is asked again, and a step for which it still holds goes on (actions/runner: StepsRunner).
 */
async function guarded(
  execution: Execution,
  condition: string,
  step: Step | undefined,
  work: () => Promise<Status>,
): Promise<Conclusion> {
  const { frame, output } = execution
  const { job } = frame
  const holds = () => isTruthy(evaluate(condition, frameScope(frame, execution.env)))
  const controller = new AbortController()
  let timedOut = false
  let timer: NodeJS.Timeout | undefined
  const outer = execution.signal
  const forward = () => controller.abort()
  const onCancel = () => {
    job.status = 'cancelled'
    if (frame.depth === 0 && !stillHolds(holds)) controller.abort()
  }
  try {
    if (job.cancel.aborted) job.status = 'cancelled'
    else job.cancel.addEventListener('abort', onCancel, { once: true })
    outer.addEventListener('abort', forward, { once: true })
    if (outer.aborted) controller.abort()
    if (!holds()) return 'skipped'
    const minutes = step?.timeoutMinutes
      ? Number(evaluateToken(step.timeoutMinutes, frameScope(frame, execution.env)))
      : 0
    if (minutes > 0)
      timer = setTimeout(() => {
        timedOut = true
        controller.abort()
      }, minutes * job.run.minute)
    execution.signal = controller.signal
    const result = await work()
    if (!controller.signal.aborted) return result
    if (timedOut) {
      output.annotate('error', `The action '${execution.name}' has timed out after ${minutes} minutes.`)
      return 'failure'
    }
    output.annotate('error', 'The operation was canceled.')
    return 'cancelled'
  } catch (error) {
    report(error, output)
    return 'failure'
  } finally {
    clearTimeout(timer)
    job.cancel.removeEventListener('abort', onCancel)
    outer.removeEventListener('abort', forward)
  }
}

/** A condition that cannot be evaluated any more holds no more; a listener of a signal must not throw. */
export function stillHolds(condition: () => boolean): boolean {
  try {
    return condition()
  } catch {
    return false
  }
}

/**
 * Shows what is wrong with a workflow as the step's error; anything else is a defect, or unsupported, and ends the
 * run.
 */
function report(error: unknown, output: StepOutput): void {
  if (!(error instanceof WorkflowError) || error instanceof UnsupportedError) throw error
  output.annotate('error', error.message)
}

/** The name that GitHub shows: `name`, else `Run …`, evaluated where that is possible already. */
export function stepName(frame: Frame, step: Step): string {
  const token = step.name ?? step.uses ?? step.run
  if (!token) return 'Run'
  let text = token.toString()
  try {
    text = frame.job.masks.hide(scalarText(token, frameScope(frame, frameEnv(frame))))
  } catch (error) {
    if (!(error instanceof WorkflowError)) throw error
  }
  return step.name ? text : `Run ${text.trim().split('\n')[0]?.trim() ?? ''}`
}
