import { WorkflowError } from '../language/errors.ts'
import { scalarText } from '../language/expressions.ts'
import { entries, invalid } from '../language/tokens.ts'
import { beyond } from '../model/permissions.ts'
import type { Step } from '../model/steps.ts'
import type { StandIn, StandInStep } from '../standins/stand-in.ts'
import { showHeader } from './action.ts'
import { frameScope } from './frame.ts'
import type { Execution, Status } from './job-state.ts'
import { processEnv } from './process-env.ts'

/** Runs the stand-in of a third-party action. Undeclared inputs and missing permissions fail the step. */
export async function executeStandIn(
  execution: Execution,
  step: Step,
  { name, standIn }: { name: string; standIn: StandIn },
): Promise<Status> {
  const { job } = execution.frame
  const inputs = standInInputs(execution, step, name, standIn)
  showHeader(execution, step.uses?.toString() ?? name, inputs)
  execution.output.show(`(a stand-in for ${name} runs here)`)
  const lacking = beyond(standIn.needs ?? {}, job.permissions)
  if (lacking.length > 0)
    throw new WorkflowError(
      `${name} needs ${lacking.map(({ scope, asked }) => `'${scope}: ${asked}'`).join(', ')}, which the permissions of this job do not grant`,
    )
  if (standIn.post) {
    const post = standIn.post
    job.posts.push({
      name: `Post ${execution.name}`,
      condition: 'always()',
      frame: execution.frame,
      run: (current) => callStandIn(current, inputs, (view) => post(view)),
    })
  }
  return callStandIn(execution, inputs, (view) => standIn.run(view))
}

async function callStandIn(
  execution: Execution,
  inputs: Record<string, string>,
  call: (step: StandInStep) => Promise<void> | void,
): Promise<Status> {
  const { frame, output, outputs } = execution
  const { job } = frame
  let failed = false
  await call({
    inputs,
    env: processEnv(execution),
    repository: {
      name: job.run.commit.repository,
      path: job.run.repository.path,
      sha: job.run.commit.sha,
      ref: job.run.commit.ref,
    },
    workspace: job.directories.workspace,
    permissions: job.permissions,
    signal: execution.signal,
    log: output.show,
    warning: (message) => output.annotate('warning', message),
    fail(message) {
      failed = true
      output.annotate('error', message)
    },
    setOutput(name, value) {
      outputs[name] = value
    },
    exportVariable(name, value) {
      job.env[name] = value
    },
    mask: job.masks.add,
  })
  return failed ? 'failure' : 'success'
}

function standInInputs(execution: Execution, step: Step, name: string, standIn: StandIn): Record<string, string> {
  const scope = frameScope(execution.frame, execution.env)
  const inputs = Object.fromEntries(
    Object.entries(standIn.inputs).map(([key, declared]) => [key, declared.default ?? '']),
  )
  for (const { key, keyToken, value } of entries(step.with)) {
    const declared = Object.keys(standIn.inputs).find((known) => known.toLowerCase() === key.toLowerCase())
    if (!declared)
      throw invalid(
        step.file,
        keyToken,
        `The stand-in for ${name} does not know the input '${key}'. It knows: ${Object.keys(standIn.inputs).join(', ') || 'none'}`,
      )
    inputs[declared] = scalarText(value, scope)
  }
  for (const [key, declared] of Object.entries(standIn.inputs))
    if (declared.required && !inputs[key])
      throw invalid(step.file, step.token, `Input required and not supplied: ${key} (${name})`)
  return inputs
}
