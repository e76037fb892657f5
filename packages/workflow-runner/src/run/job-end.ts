import { WorkflowError } from '../language/errors.ts'
import { scalarText } from '../language/expressions.ts'
import { entries, type MappingToken } from '../language/tokens.ts'
import type { JobEnvironment } from './environment.ts'
import { frameScope } from './frame.ts'
import type { Frame, JobState } from './job-state.ts'

/** Of one job, by the documentation of `jobs.<job_id>.outputs`. */
const largestOutputs = 1024 * 1024

/** The outputs that leave the job: not the empty ones, not those that masking would change. */
export function jobOutputs(
  state: JobState,
  frame: Frame,
  token: MappingToken | undefined,
  log: (text: string) => void,
  warn: (message: string) => void,
): Record<string, string> {
  if (!token) return {}
  log('Evaluate and set job outputs')
  const scope = frameScope(frame, state.env)
  const outputs: Record<string, string> = {}
  for (const { key, value } of entries(token)) {
    const text = scalarText(value, scope)
    if (text === '') continue
    if (state.masks.wouldChange(text)) {
      warn(`Skip output '${key}' since it may contain secret.`)
      continue
    }
    log(`Set output '${key}'`)
    outputs[key] = text
  }
  const size = Object.values(outputs).reduce((sum, text) => sum + 2 * text.length, 0)
  if (size > largestOutputs)
    throw new WorkflowError(
      `The outputs of job '${state.unit.job.id}' come to ${size} bytes (UTF-16); at most 1 MB is allowed`,
    )
  return outputs
}

/** The address that the job's environment shows; undefined when there is none or it would show a secret. */
export function environmentUrl(
  state: JobState,
  frame: Frame,
  environment: JobEnvironment | undefined,
  log: (text: string) => void,
  warn: (message: string) => void,
): string | undefined {
  if (!environment?.url) return undefined
  log('Evaluate and set environment url')
  const url = scalarText(environment.url, frameScope(frame, state.env))
  if (url === '') return undefined
  if (state.masks.wouldChange(url)) {
    warn(`Skip setting environment url as environment '${environment.name}' may contain secret.`)
    return undefined
  }
  log(`Evaluated environment url: ${url}`)
  return url
}
