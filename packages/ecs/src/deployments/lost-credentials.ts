/** Whether AWS refused a call because the session had ended, as opposed to a right that the role never had. */
export function credentialsExpired(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && /Expired/.test(cause.name)
}
