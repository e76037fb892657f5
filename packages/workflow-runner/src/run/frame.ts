import type { ExpressionFunction, Scope } from '../language/expressions.ts'
import type { Value } from '../language/values.ts'
import { hashFiles } from './hash-files.ts'
import type { Frame, JobState } from './job-state.ts'

/** The frame of a job's own steps. */
export function jobFrame(job: JobState): Frame {
  return {
    job,
    source: job.unit.instance.plan.workflow.source,
    steps: {},
    inputs: job.unit.instance.inputs,
    github: {},
    env: {},
    status: () => job.status,
    depth: 0,
  }
}

/** The `env` context of a frame before a step adds its own. */
export function frameEnv(frame: Frame): Record<string, string> {
  return { ...frame.job.env, ...frame.env }
}

/**
 * What the expressions of a step may see. GitHub's schema keeps each place to less: composite steps name neither
 * secrets nor needs.
 */
export function frameScope(frame: Frame, env: Record<string, string>): Scope {
  const { job } = frame
  const contexts: Record<string, Value> = {
    github: { ...job.github, ...frame.github },
    env,
    inputs: frame.inputs,
    steps: frame.steps as unknown as Record<string, Value>,
    job: jobContext(job),
    runner: job.runner,
    strategy: job.unit.strategy,
    matrix: job.unit.matrix,
    vars: job.vars,
    secrets: job.secrets,
    needs: job.unit.scope.contexts.needs ?? {},
  }
  return { contexts, functions: stepFunctions(frame) }
}

/** `job`: its status, and the file that defines it (which in a called workflow is not the caller's). */
function jobContext(job: JobState): Record<string, Value> {
  const { source, file } = job.unit.instance.plan.workflow
  return {
    status: job.status,
    check_run_id: job.github.run_id ?? '',
    container: {},
    services: {},
    workflow_ref: `${source.repository}/${file}@${qualifiedRef(source.ref)}`,
    workflow_sha: source.sha,
    workflow_repository: source.repository,
    workflow_file_path: file,
  }
}

/** A version after `@` as a full ref; a commit stays a commit. */
function qualifiedRef(ref: string): string {
  if (ref.startsWith('refs/') || /^[0-9a-f]{40}$/.test(ref)) return ref
  return /^v?\d/.test(ref) ? `refs/tags/${ref}` : `refs/heads/${ref}`
}

function stepFunctions(frame: Frame): Record<string, ExpressionFunction> {
  const status = (call: () => boolean): ExpressionFunction => ({ minArgs: 0, maxArgs: 0, call })
  return {
    success: status(() => frame.status() === 'success'),
    failure: status(() => frame.status() === 'failure'),
    cancelled: status(() => frame.job.status === 'cancelled'),
    always: status(() => true),
    hashFiles: {
      minArgs: 1,
      maxArgs: 255,
      call: (...patterns) => hashFiles(frame.job.directories.workspace, patterns.map(String)),
    },
  }
}
