import { isMapping } from '@actions/workflow-parser/templates/tokens/type-guards'
import { WorkflowError } from '../language/errors.ts'
import { type Scope, scalarText } from '../language/expressions.ts'
import { child, type TemplateToken } from '../language/tokens.ts'
import { matchesFilter } from './glob.ts'
import type { EnvironmentSettings } from './options.ts'
import type { Run } from './run.ts'

export interface JobEnvironment {
  name: string
  settings: EnvironmentSettings
  /** Evaluated when the job is complete. */
  url: TemplateToken | undefined
}

/**
 * Enters the environment that a job names: its branch rule, then its reviewers. Undefined when the job names none.
 * Throws a WorkflowError when the ref may not deploy there or a reviewer rejects.
 */
export async function enterEnvironment(
  run: Run,
  token: TemplateToken | undefined,
  scope: Scope,
  job: string,
  signal: AbortSignal,
): Promise<JobEnvironment | undefined> {
  if (!token) return undefined
  const mapping = isMapping(token)
  const name = scalarText(mapping ? (child(token, 'name') as TemplateToken) : token, scope)
  if (name === '') return undefined
  const known = Object.entries(run.environments).find(([key]) => key.toLowerCase() === name.toLowerCase())
  const settings = known?.[1] ?? {}
  const ref = String(run.github.ref ?? '').replace(/^refs\/(heads|tags)\//, '')
  if (settings.branches && !matchesFilter(settings.branches, ref))
    throw new WorkflowError(
      `Branch "${ref}" is not allowed to deploy to ${name} due to environment protection rules. Allowed: ${settings.branches.join(', ')}`,
    )
  if (settings.review) {
    run.log({ job, step: 'Waiting for review', text: `${name} needs the approval of a reviewer` })
    const verdict = await Promise.race([settings.review({ environment: name, job, signal }), aborted(signal)])
    if (verdict === 'rejected')
      throw new WorkflowError(`The deployment to ${name} was rejected or did not satisfy other protection rules.`)
  }
  return { name: known?.[0] ?? name, settings, url: mapping ? child(token, 'url') : undefined }
}

function aborted(signal: AbortSignal): Promise<'cancelled'> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve('cancelled')
    else signal.addEventListener('abort', () => resolve('cancelled'), { once: true })
  })
}
