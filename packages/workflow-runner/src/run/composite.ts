import { WorkflowError } from '../language/errors.ts'
import { scalarText } from '../language/expressions.ts'
import { child, entries } from '../language/tokens.ts'
import type { Value } from '../language/values.ts'
import type { Source } from '../model/source.ts'
import { readSteps } from '../model/steps.ts'
import type { ActionFile } from '../step/action-file.ts'
import { frameScope } from './frame.ts'
import type { Execution, Frame, Status } from './job-state.ts'
import { executeStep, stepName } from './step.ts'

/** actions/runner: Constants.CompositeActionsMaxDepth */
const deepestComposite = 9

/** Runs the steps of a composite action within the step that uses it, and evaluates its outputs. */
export async function executeComposite(
  execution: Execution,
  action: ActionFile,
  inputs: Record<string, string>,
  source: Source,
  github: Record<string, Value>,
): Promise<Status> {
  const { frame: outer, output } = execution
  if (outer.depth >= deepestComposite)
    throw new WorkflowError(`Composite action depth exceeded max depth ${deepestComposite}: ${action.file}`)
  let status: Status = 'success'
  const frame: Frame = {
    job: outer.job,
    source,
    steps: {},
    inputs,
    github: { ...outer.github, ...github },
    env: { ...outer.env, ...ownVariables(execution) },
    status: () => status,
    depth: outer.depth + 1,
  }
  for (const step of readSteps(action.file, child(action.runs, 'steps'))) {
    const { conclusion } = await executeStep(frame, step, stepName(frame, step), output, execution)
    if (status === 'success' && (conclusion === 'failure' || conclusion === 'cancelled')) status = conclusion
  }
  const scope = frameScope(frame, execution.env)
  for (const { key, value } of entries(action.outputs)) {
    const token = child(value, 'value')
    execution.outputs[key] = token ? scalarText(token, scope) : ''
  }
  return status
}

/** What the `uses` step added to the environment; the rest may still change while its steps run. */
function ownVariables({ env, frame }: Execution): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name, value]) => frame.job.env[name] !== value))
}
