import { WorkflowError } from '../language/errors.ts'
import { evaluateToken, scalarText } from '../language/expressions.ts'
import { entries } from '../language/tokens.ts'
import { upperCased, type Value } from '../language/values.ts'
import type { CallJob } from '../model/workflow.ts'
import { callInputs } from './events.ts'
import { ended, type JobOutcome, type JobUnit, runJobs } from './jobs.ts'
import { worst } from './result.ts'
import { type Instance, instanceScope } from './run.ts'
import { holdConcurrency } from './slots.ts'

/**
 * Runs a job that calls a workflow: its inputs and secrets in, its jobs, its outputs out. `name` is the job's own,
 * without its callers'.
 */
export async function runCall(unit: JobUnit<CallJob>, name: string, heldGroups: string[]): Promise<JobOutcome> {
  const { instance, job, scope } = unit
  const plan = instance.plan.calls.get(job.id)
  const call = plan?.workflow.triggers.call
  if (!plan || !call) throw new WorkflowError(`'${job.uses}' was not planned`)
  const given = Object.fromEntries(entries(job.with).map(({ key, value }) => [key, evaluateToken(value, scope)]))
  const passed =
    job.secrets === 'inherit'
      ? instance.secrets
      : upperCased(Object.fromEntries(entries(job.secrets).map(({ key, value }) => [key, scalarText(value, scope)])))
  const replaced = new AbortController()
  const called: Instance = {
    run: instance.run,
    plan,
    callers: [...instance.callers, { key: unit.key.split('/').at(-1) ?? job.id, name }],
    inputs: callInputs(call.inputs, given, { contexts: { ...instanceScope(instance).contexts, inputs: {} } }, job.uses),
    secrets: { GITHUB_TOKEN: instance.secrets.GITHUB_TOKEN ?? '', ...passed },
    environmentSecrets: job.secrets === 'inherit' ? instance.environmentSecrets : new Set(Object.keys(passed)),
    heldGroups,
    cancel: AbortSignal.any([unit.cancel, replaced.signal]),
  }
  const held = await holdConcurrency(
    called,
    plan.workflow.concurrency,
    unit.name,
    instanceScope(called),
    unit.cancel,
    () => replaced.abort(),
  )
  if (!held) return ended(instance.run, unit.key, unit.name, 'cancelled')
  try {
    const outcomes = await runJobs({ ...called, heldGroups: held.groups })
    const jobs = Object.fromEntries(
      [...outcomes].map(([id, { result, outputs }]) => [id, { result, outputs }] as [string, Value]),
    )
    const outputs = call.outputs.map(({ name: output, value }) => [
      output,
      scalarText(value, instanceScope(called, { jobs })),
    ])
    return {
      result: worst([...outcomes.values()].map(({ result }) => result)),
      outputs: Object.fromEntries(outputs.filter(([, value]) => value !== '')),
      conclusions: [...outcomes.values()].flatMap(({ conclusions }) => conclusions),
    }
  } finally {
    held.release()
  }
}
