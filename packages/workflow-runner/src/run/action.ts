import path from 'node:path'
import { conditionOf } from '../language/condition.ts'
import { UnsupportedError } from '../language/errors.ts'
import { scalarText } from '../language/expressions.ts'
import { child, entries, place } from '../language/tokens.ts'
import type { Value } from '../language/values.ts'
import type { Step } from '../model/steps.ts'
import { requireSupported } from '../model/supported.ts'
import { type ActionFile, readActionFile } from '../step/action-file.ts'
import { inputVariables, resolveInputs } from '../step/inputs.ts'
import { runProcess } from '../step/process.ts'
import { executeComposite } from './composite.ts'
import { frameScope } from './frame.ts'
import type { Execution, Status } from './job-state.ts'
import { processEnv, stepFiles, takeFiles } from './process-env.ts'
import { showEnv } from './script.ts'
import { executeStandIn } from './stand-in.ts'

/** Runs a `uses` step: a JavaScript action, a composite action, or a stand-in for a third-party action. */
export async function executeAction(execution: Execution, step: Step): Promise<Status> {
  const { frame } = execution
  const { job } = frame
  const uses = step.uses?.toString() ?? ''
  const reference = job.run.resolver.action(uses, frame.source, job.directories.workspace)
  if (reference.kind === 'stand-in') return executeStandIn(execution, step, reference)

  const action = readActionFile(reference.directory)
  requireSupported(action.file, 'action', action.root)
  requireSupported(action.file, 'runs', action.runs)
  const github: Record<string, Value> = {
    action: step.id ?? '__run',
    action_repository: reference.repository ?? '',
    action_ref: reference.ref ?? '',
  }
  if (action.using === 'composite') {
    const inputs = stepInputs(execution, step, action)
    showHeader(execution, uses, inputs)
    return executeComposite(execution, action, inputs, reference.source, {
      ...github,
      action_path: reference.directory,
    })
  }
  if (action.using !== 'node24')
    throw new UnsupportedError(
      `${place(action.file, action.runs)}: 'using: ${action.using}' is not supported by this runner`,
    )

  let state: Record<string, string> = {}
  const runEntry = async (entry: 'main' | 'post', current: Execution): Promise<Status> => {
    // The runner evaluates the inputs anew for `post`: there, job.status is how the job ended.
    const inputs = stepInputs(current, step, action)
    showHeader(current, uses, inputs)
    const files = stepFiles(current)
    const { exitCode } = await runProcess({
      file: job.run.nodePath,
      args: [path.join(action.directory, action.runs.find(entry)?.toString() ?? '')],
      cwd: job.directories.workspace,
      env: {
        ...processEnv(current, github),
        ...inputVariables(inputs),
        ...Object.fromEntries(Object.entries(state).map(([name, value]) => [`STATE_${name}`, value])),
        ...files.variables,
      },
      onLine: current.output.line,
      signal: current.signal,
      grace: job.run.grace,
      keepBackground: true,
    })
    const taken = takeFiles(current, files)
    state = { ...state, ...taken.state }
    return exitCode === 0 && taken.ok ? 'success' : 'failure'
  }
  if (action.runs.find('post')) {
    const condition = child(action.runs, 'post-if')
    job.posts.push({
      name: `Post ${execution.name}`,
      condition: condition ? conditionOf(condition) : 'always()',
      frame,
      run: (post) => {
        post.env = { ...post.env, ...ownEnv(execution, step) }
        return runEntry('post', post)
      },
    })
  }
  return runEntry('main', execution)
}

/** The step's own `env`, which holds for its `post` too. */
function ownEnv(execution: Execution, step: Step): Record<string, string> {
  return Object.fromEntries(entries(step.env).map(({ key }) => [key, execution.env[key] ?? '']))
}

function stepInputs(execution: Execution, step: Step, action: ActionFile): Record<string, string> {
  const scope = frameScope(execution.frame, execution.env)
  const given = Object.fromEntries(entries(step.with).map(({ key, value }) => [key, scalarText(value, scope)]))
  const inputs = resolveInputs(action, given, scope)
  for (const message of inputs.deprecations) execution.output.annotate('warning', message)
  if (inputs.unexpected.length > 0)
    execution.output.annotate(
      'warning',
      `Unexpected input(s) '${inputs.unexpected.join("', '")}', valid inputs are ['${[...action.inputs.keys()].join("', '")}']`,
    )
  return inputs.values
}

/** The head of an action's log: its name, inputs and environment. */
export function showHeader(execution: Execution, uses: string, inputs: Record<string, string>): void {
  const { output } = execution
  const given = Object.entries(inputs).filter(([, value]) => value !== '')
  output.show(`##[group]Run ${uses}`)
  if (given.length > 0) output.line('with:')
  for (const [name, value] of given) output.line(`  ${name}: ${value}`)
  showEnv(execution)
  output.show('##[endgroup]')
}
