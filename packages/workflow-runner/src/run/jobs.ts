import { setMaxListeners } from 'node:events'
import { UnsupportedError, WorkflowError } from '../language/errors.ts'
import { type ExpressionFunction, evaluate, evaluateToken, type Scope, scalarText } from '../language/expressions.ts'
import { child } from '../language/tokens.ts'
import { asText, isTruthy, type Value } from '../language/values.ts'
import type { CallJob, Job, StepsJob } from '../model/workflow.ts'
import { runCall } from './call.ts'
import { runStepsJob } from './job.ts'
import { type Combination, combinationLabel, expandMatrix } from './matrix.ts'
import { type Conclusion, worst } from './result.ts'
import { type Instance, instanceScope, type Run } from './run.ts'
import { holdConcurrency } from './slots.ts'
import { stillHolds } from './step.ts'

/** How a job ended, as those that need it see it. */
export interface JobOutcome {
  /** `needs.<id>.result` */
  result: Conclusion
  outputs: Record<string, string>
  /** What the run's conclusion is made of: `continue-on-error` is taken into account. */
  conclusions: Conclusion[]
}

/** One job of a workflow, with its place in the matrix. */
export interface JobUnit<T extends Job = Job> {
  instance: Instance
  job: T
  /** `release/build (20)` */
  key: string
  name: string
  scope: Scope
  strategy: Record<string, Value>
  matrix: Combination
  /** Aborts when this job is to be cancelled. */
  cancel: AbortSignal
}

/** Runs the jobs of a workflow in the order of their needs, as many at a time as can be. */
export async function runJobs(instance: Instance): Promise<Map<string, JobOutcome>> {
  const { jobs } = instance.plan.workflow
  const started = new Map<string, Promise<JobOutcome>>()
  const settled = new Map<string, JobOutcome>()
  const start = (job: Job): Promise<JobOutcome> => {
    const known = started.get(job.id)
    if (known) return known
    const promise = (async () => {
      await Promise.all(job.needs.map((id) => start(jobs.get(id) as Job)))
      const outcome = await runJob(instance, job, settled)
      settled.set(job.id, outcome)
      return outcome
    })()
    started.set(job.id, promise)
    return promise
  }
  await Promise.all([...jobs.values()].map(start))
  return settled
}

async function runJob(instance: Instance, job: Job, settled: Map<string, JobOutcome>): Promise<JobOutcome> {
  const { run } = instance
  const needs = Object.fromEntries(
    job.needs.map((id) => [
      id,
      { result: settled.get(id)?.result ?? 'skipped', outputs: settled.get(id)?.outputs ?? {} },
    ]),
  )
  const ancestors = ancestorsOf(instance, job)
  const scope = { ...instanceScope(instance, { needs }), functions: jobStatusFunctions(instance, ancestors, settled) }
  const title = [...instance.callers.map(({ name }) => name), plainName(job)].join(' / ')
  const plainKey = [...instance.callers.map(({ key }) => key), job.id].join('/')
  try {
    if (!isTruthy(evaluate(job.condition, scope))) {
      const needed = job.needs.every((id) => settled.get(id)?.result === 'success')
      return ended(run, plainKey, title, run.cancelled() && needed ? 'cancelled' : 'skipped')
    }
    return await runMatrix(instance, job, scope)
  } catch (error) {
    if (error instanceof UnsupportedError || !(error instanceof WorkflowError)) run.abort(error as Error)
    return ended(run, plainKey, title, 'failure', `${job.file}: ${(error as Error).message}`)
  }
}

/** The result of a job that has no steps to show: skipped, cancelled before it began, or impossible to begin. */
export function ended(run: Run, key: string, name: string, conclusion: Conclusion, message?: string): JobOutcome {
  if (message) run.log({ job: name, step: 'Set up job', text: `##[error]${message}` })
  run.results.push({
    key,
    name,
    conclusion,
    outputs: {},
    steps: [],
    annotations: message ? [{ level: 'error', message }] : [],
    environment: undefined,
    durationMs: 0,
  })
  return { result: conclusion, outputs: {}, conclusions: [conclusion] }
}

/** The name of a job whose expressions were not evaluated. */
function plainName(job: Job): string {
  return job.name && !job.name.isExpression ? job.name.toString() : job.id
}

function ancestorsOf(instance: Instance, job: Job): string[] {
  const found = new Set<string>()
  const visit = (id: string) => {
    if (found.has(id)) return
    found.add(id)
    for (const next of instance.plan.workflow.jobs.get(id)?.needs ?? []) visit(next)
  }
  for (const id of job.needs) visit(id)
  return [...found]
}

function jobStatusFunctions(
  instance: Instance,
  ancestors: string[],
  settled: Map<string, JobOutcome>,
): Record<string, ExpressionFunction> {
  const results = (ids: Value[]) => (ids.length > 0 ? ids.map(asText) : ancestors).map((id) => settled.get(id)?.result)
  const status = (call: (...ids: Value[]) => boolean): ExpressionFunction => ({ minArgs: 0, maxArgs: 255, call })
  const { run } = instance
  return {
    success: status((...ids) => !run.cancelled() && results(ids).every((result) => result === 'success')),
    failure: status((...ids) => results(ids).some((result) => result === 'failure')),
    cancelled: status(() => run.cancelled()),
    always: status(() => true),
  }
}

async function runMatrix(instance: Instance, job: Job, scope: Scope): Promise<JobOutcome> {
  const matrixToken = child(job.strategy, 'matrix')
  const setting = (key: string) => {
    const token = child(job.strategy, key)
    return token && evaluateToken(token, scope)
  }
  const combinations = matrixToken ? expandMatrix(evaluateToken(matrixToken, scope)) : [{}]
  const failFast = setting('fail-fast') ?? true
  const maxParallel = Number(setting('max-parallel') ?? combinations.length)
  const stop = new AbortController()
  // Many jobs listen to one signal.
  for (const signal of [stop.signal, instance.cancel]) setMaxListeners(0, signal)

  const outcomes: JobOutcome[] = []
  const queue = [...combinations.entries()]
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [index, matrix] = next
      const strategy = {
        'fail-fast': failFast,
        'job-index': index,
        'job-total': combinations.length,
        'max-parallel': maxParallel,
      }
      const outcome = await runUnit(instance, job, scope, strategy, matrix, stop.signal, matrixToken !== undefined)
      outcomes.push(outcome)
      if (failFast && outcome.result === 'failure') stop.abort()
    }
  }
  await Promise.all(Array.from({ length: Math.min(maxParallel, combinations.length) }, worker))
  return {
    result: worst(outcomes.map(({ result }) => result)),
    outputs: Object.assign({}, ...outcomes.map(({ outputs }) => outputs)),
    conclusions: outcomes.flatMap(({ conclusions }) => conclusions),
  }
}

async function runUnit(
  instance: Instance,
  job: Job,
  jobScope: Scope,
  strategy: Record<string, Value>,
  matrix: Combination,
  stop: AbortSignal,
  inMatrix: boolean,
): Promise<JobOutcome> {
  const scope: Scope = { ...jobScope, contexts: { ...jobScope.contexts, strategy, matrix } }
  const label = inMatrix ? ` (${combinationLabel(matrix)})` : ''
  const ownName = (job.name && scalarText(job.name, scope)) || `${job.id}${label}`
  const name = [...instance.callers.map((caller) => caller.name), ownName].join(' / ')
  const key = [...instance.callers.map((caller) => caller.key), `${job.id}${label}`].join('/')

  // A cancelled run spares the jobs whose condition still holds; fail-fast and concurrency spare none.
  const controller = new AbortController()
  const reconsider = () => {
    if (!stillHolds(() => isTruthy(evaluate(job.condition, scope)))) controller.abort()
  }
  const end = () => controller.abort()
  instance.cancel.addEventListener('abort', reconsider, { once: true })
  stop.addEventListener('abort', end, { once: true })
  if (stop.aborted) end()
  try {
    if (controller.signal.aborted) return ended(instance.run, key, name, 'cancelled')
    const unit = { instance, job, key, name, scope, strategy, matrix, cancel: controller.signal }
    const held = await holdConcurrency(instance, job.concurrency, name, scope, controller.signal, end)
    if (!held) return ended(instance.run, key, name, 'cancelled')
    try {
      if (job.kind === 'steps') return await runStepsJob(unit as JobUnit<StepsJob>)
      return await runCall(unit as JobUnit<CallJob>, ownName, held.groups)
    } finally {
      held.release()
    }
  } catch (error) {
    if (error instanceof UnsupportedError || !(error instanceof WorkflowError)) instance.run.abort(error as Error)
    return ended(instance.run, key, name, 'failure', (error as Error).message)
  } finally {
    instance.cancel.removeEventListener('abort', reconsider)
    stop.removeEventListener('abort', end)
  }
}
