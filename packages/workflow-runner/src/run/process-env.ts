import path from 'node:path'
import { WorkflowError } from '../language/errors.ts'
import type { Value } from '../language/values.ts'
import { type CommandFiles, createCommandFiles } from '../step/command-files.ts'
import { trackingVariable } from '../step/orphans.ts'
import type { Execution, Frame } from './job-state.ts'

/** The entries of `github` that become GITHUB_* variables (actions/runner: GitHubContext). */
const exported = new Set(
  `action action_path action_ref action_repository actor actor_id api_url base_ref event_name event_path graphql_url head_ref job ref ref_name
  ref_protected ref_type repository repository_id repository_owner repository_owner_id retention_days run_attempt run_id run_number server_url
  sha triggering_actor workflow workflow_ref workflow_sha workspace`.split(/\s+/),
)

/**
 * The environment of a process of this step: the machine's, the `env` context's, then what the runner itself sets.
 */
export function processEnv(execution: Execution, github: Record<string, Value> = {}): Record<string, string> {
  const { frame } = execution
  const { job } = frame
  const machine = job.run.machine
  const searchPath = [...job.prependPath]
    .reverse()
    .concat(execution.env.PATH ?? machine.PATH ?? '')
    .join(':')
  return {
    HOME: job.directories.home,
    ...machine,
    CI: 'true',
    ...execution.env,
    PATH: searchPath,
    GITHUB_ACTIONS: 'true',
    ...(job.run.debug && { RUNNER_DEBUG: '1' }),
    ...variables('RUNNER_', job.runner, () => true),
    ...variables('GITHUB_', { ...job.github, ...frame.github, ...github }, (name) => exported.has(name)),
    ...idTokenVariables(frame),
    [trackingVariable]: job.trackingId,
  }
}

/** The runner offers an OIDC token only to jobs that may have one. */
function idTokenVariables({ job }: Frame): Record<string, string> {
  if (!job.idToken) return {}
  return { ACTIONS_ID_TOKEN_REQUEST_URL: job.idToken.url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: job.idToken.bearer }
}

function variables(
  prefix: string,
  context: Record<string, Value>,
  wanted: (name: string) => boolean,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(context)
      .filter(([name, value]) => wanted(name) && value !== null && typeof value !== 'object')
      .map(([name, value]) => [prefix + name.toUpperCase(), String(value)]),
  )
}

/** Fresh command files for one process of this step. */
export function stepFiles({ frame: { job } }: Execution): CommandFiles {
  return createCommandFiles(path.join(job.directories.temp, '_runner_file_commands', String(job.nextStep())))
}

const largestSummary = 1024 * 1024

/** Takes over what a step wrote to its command files. False when a file was malformed: the step has failed. */
export function takeFiles(execution: Execution, files: CommandFiles): { ok: boolean; state: Record<string, string> } {
  const { frame, output } = execution
  const { job } = frame
  try {
    const written = files.read()
    Object.assign(execution.outputs, output.outputs, written.outputs)
    Object.assign(job.env, written.env)
    for (const entry of written.path) job.prependPath = [...job.prependPath.filter((other) => other !== entry), entry]
    const size = Buffer.byteLength(written.summary)
    if (size > largestSummary)
      output.annotate(
        'error',
        `$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k, got ${Math.ceil(size / 1024)}k.`,
      )
    else if (written.summary !== '') execution.summary.push(job.masks.hide(written.summary))
    return { ok: !output.failed, state: { ...output.state, ...written.state } }
  } catch (error) {
    if (!(error instanceof WorkflowError)) throw error
    output.annotate('error', `Unable to process file command successfully. ${error.message}`)
    return { ok: false, state: {} }
  }
}
