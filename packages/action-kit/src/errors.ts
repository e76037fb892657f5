import { machineFailure, networkAdvice } from './machine-failure.ts'

/**
 * A mistake the user can mend: shown as its message alone, which says what happened, what state is left and what to
 * do.
 */
export class UserError extends Error {
  override readonly name: string = 'UserError'
}

/**
 * Recognises a UserError (or a descendant, such as an AccessError) also when it comes from another copy of this
 * module.
 */
export function isUserError(error: unknown): error is UserError {
  return error instanceof UserError || (error instanceof Error && error.name === 'UserError')
}

/**
 * Whether an error tells of a mistake in this code: it is no user's, and none of AWS, the network, the file system
 * or a cancel.
 */
export function isDefect(error: unknown): error is Error {
  if (!(error instanceof Error) || error.name === 'AbortError' || isUserError(error)) return false
  return !isServiceError(error) && machineFailure(error) === undefined
}

/** The readable text of anything thrown, with the cause where it says more. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'AbortError') return 'The run was cancelled.'
  if (isUserError(error)) return withCause(error)
  const { operation } = error as Failed
  const failure = machineFailure(error)
  if (failure) return operation ? `${operation} got no answer: ${failure}` : failure
  return isServiceError(error) ? serviceText(error) : withCause(error)
}

/** What to do about an error that ends a step; empty where its own text says so. */
export function adviceOf(error: unknown): string {
  if (!(error instanceof Error) || isUserError(error)) return ''
  if (machineFailure(error)) return networkAdvice
  const { $fault, $metadata } = error as Failed
  return $fault === 'server' || ($metadata?.httpStatusCode ?? 0) >= 500
    ? 'Run the job again; if it stays so, look at the AWS Health Dashboard.'
    : ''
}

/** What the SDK, and the client of packages/aws, add to an error. */
interface Failed extends Error {
  $fault?: string
  $metadata?: { httpStatusCode?: number }
  /** `ecs:RegisterTaskDefinition`, written into the error by the client. */
  operation?: string
}

function isServiceError(error: Error): error is Failed {
  return '$fault' in error || '$metadata' in error || '$response' in error
}

/** AWS's own words, with what was asked. An answer without a body comes as `UnknownError` without text. */
function serviceText({ name, message, operation = 'AWS', $fault, $metadata }: Failed): string {
  const status = $metadata?.httpStatusCode
  const kind = [name, status && `HTTP ${status}`].filter(Boolean).join(', ')
  const said = message && message !== name ? `: ${sentence(message)}` : ' without a reason.'
  if ($fault === 'server' || (status ?? 0) >= 500) return `${operation} failed on AWS's side (${kind})${said}`
  return `${operation} was refused (${kind})${said}`
}

function withCause(error: Error): string {
  const cause = error.cause instanceof Error && !error.message.includes(error.cause.message) ? error.cause.message : ''
  return cause ? `${error.message} (${cause})` : error.message
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}
