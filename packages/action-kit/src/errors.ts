/** A mistake the user can mend: shown as its message alone, which says what happened, what state is left and what to do. */
export class UserError extends Error {
  override readonly name: string = 'UserError'
}

/** Recognises a UserError (or a descendant, such as an AccessError) also when it comes from another copy of this module. */
export function isUserError(error: unknown): error is Error {
  return error instanceof UserError || (error instanceof Error && error.name === 'UserError')
}

/** The readable text of anything thrown, with the cause where it says more. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause instanceof Error && !error.message.includes(error.cause.message) ? error.cause.message : ''
  return cause ? `${error.message} (${cause})` : error.message
}
