import { isBoolean, isNumber, isString } from '@actions/workflow-parser/templates/tokens/type-guards'
import { UnsupportedError, WorkflowError } from '../language/errors.ts'
import { child, entries, invalid, place, texts } from '../language/tokens.ts'
import { beyond, type Permissions } from '../model/permissions.ts'
import { refuseOtherMachines, refuseOtherShells } from '../model/supported.ts'
import type { CallInterface } from '../model/triggers.ts'
import { type CallJob, type Job, readWorkflow, type StepsJob, type Workflow } from '../model/workflow.ts'
import type { Resolver } from './resolve.ts'

/** A workflow with everything it calls, checked as GitHub checks it before any job starts. */
export interface Plan {
  workflow: Workflow
  /** What the token of each job may do, by job id. */
  permissions: Map<string, Permissions>
  calls: Map<string, Plan>
}

/** The caller and nine more (GitHub's "Reusable workflows reference"). */
const deepestNesting = 10

/**
 * Reads every workflow that `workflow` calls, also in jobs that may be skipped, and checks interfaces, nesting and
 * permissions. `granted` is what the token may do at most; undefined for the workflow that the event starts.
 */
export function planWorkflow(
  workflow: Workflow,
  resolver: Resolver,
  defaults: Permissions,
  granted?: { permissions: Permissions; uses: string; caller: string },
  depth = 1,
): Plan {
  const plan: Plan = { workflow, permissions: new Map(), calls: new Map() }
  for (const job of workflow.jobs.values()) {
    const asked = job.permissions ?? workflow.permissions
    if (granted && asked) requireGranted(job, asked, granted)
    const permissions = asked ?? granted?.permissions ?? defaults
    plan.permissions.set(job.id, permissions)
    if (job.kind === 'steps') {
      refuseUnsupportedSteps(job, workflow, resolver)
      continue
    }

    const where = place(job.file, job.token)
    if (depth >= deepestNesting)
      throw new WorkflowError(
        `${where}: '${job.uses}' is nested too deeply; at most ${deepestNesting} levels of workflows are allowed`,
      )
    const target = resolver.workflow(job.uses, workflow.source)
    const called = readWorkflow(target.source, target.file)
    if (!called.triggers.call)
      throw new WorkflowError(
        `${where}: workflow '${job.uses}' is not reusable as it is missing a 'on.workflow_call' trigger`,
      )
    checkCall(job, called.triggers.call)
    plan.calls.set(
      job.id,
      planWorkflow(called, resolver, defaults, { permissions, uses: job.uses, caller: where }, depth + 1),
    )
  }
  return plan
}

/**
 * Finds before the run what this runner could not do in the middle of it: actions without stand-in, other systems,
 * other shells.
 */
function refuseUnsupportedSteps(job: StepsJob, workflow: Workflow, resolver: Resolver): void {
  if (job.runsOn && !job.runsOn.isExpression) refuseOtherMachines(job.file, job.runsOn, texts(job.runsOn).join(', '))
  for (const defaults of [workflow.defaults, job.defaults]) {
    const shell = child(defaults, 'shell')
    if (shell && !shell.isExpression) refuseOtherShells(job.file, shell, shell.toString())
  }
  for (const step of job.steps) {
    if (step.shell && !step.shell.isExpression) refuseOtherShells(job.file, step.shell, step.shell.toString())
    const uses = step.uses?.toString()
    if (!uses || uses.startsWith('./')) continue
    try {
      resolver.action(uses, workflow.source, '')
    } catch (error) {
      if (!(error instanceof WorkflowError)) throw error
      const Kind = error instanceof UnsupportedError ? UnsupportedError : WorkflowError
      throw new Kind(`${place(job.file, step.uses)}: ${error.message}`)
    }
  }
}

function requireGranted(
  job: Job,
  asked: Permissions,
  granted: { permissions: Permissions; uses: string; caller: string },
): void {
  const excess = beyond(asked, granted.permissions)
  if (excess.length === 0) return
  const list = (part: 'asked' | 'granted') => excess.map((entry) => `${entry.scope}: ${entry[part]}`).join(', ')
  throw new WorkflowError(
    `The workflow is not valid. ${granted.caller}: Error calling workflow '${granted.uses}'. The nested job '${job.id}' is requesting '${list('asked')}', but is only allowed '${list('granted')}'.`,
  )
}

/**
 * Compares what a job passes with the interface of the workflow that it calls, as far as that can be known before
 * the run.
 */
function checkCall(job: CallJob, target: CallInterface): void {
  const given = entries(job.with)
  for (const { key, keyToken, value } of given) {
    const input = target.inputs.find(({ name }) => name.toLowerCase() === key.toLowerCase())
    if (!input)
      throw invalid(job.file, keyToken, `Invalid input, ${key} is not defined in the referenced workflow '${job.uses}'`)
    const fits =
      value.isExpression ||
      (input.type === 'boolean'
        ? isBoolean(value)
        : input.type === 'number'
          ? isNumber(value)
          : isString(value) || isNumber(value) || isBoolean(value))
    if (!fits)
      throw invalid(job.file, value, `Input ${key} of '${job.uses}' is a ${input.type}; the value '${value}' is not`)
  }
  for (const { name } of target.inputs.filter(({ required }) => required))
    if (!given.some(({ key }) => key.toLowerCase() === name.toLowerCase()))
      throw invalid(
        job.file,
        child(job.token, 'uses'),
        `Input ${name} is required, but not provided while calling '${job.uses}'`,
      )

  if (job.secrets === 'inherit') return
  const secrets = entries(job.secrets)
  for (const { key, keyToken } of secrets)
    if (!target.secrets.some(({ name }) => name.toLowerCase() === key.toLowerCase()))
      throw invalid(
        job.file,
        keyToken,
        `Invalid secret, ${key} is not defined in the referenced workflow '${job.uses}'`,
      )
  for (const { name } of target.secrets.filter(({ required }) => required))
    if (!secrets.some(({ key }) => key.toLowerCase() === name.toLowerCase()))
      throw invalid(
        job.file,
        child(job.token, 'uses'),
        `Secret ${name} is required, but not provided while calling '${job.uses}'`,
      )
}
