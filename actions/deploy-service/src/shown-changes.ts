import type { Difference } from '@deploy-actions/ecs'

/** Variables whose names say that their values are not for a log, a summary or a comment on a pull request. */
const secretName = /KEY|TOKEN|SECRET|PASS(WORD|WD|PHRASE)?\b|_PASS|PASSW|CREDENTIAL|PRIVATE|AUTH|SALT|DSN/i
/** `postgres://user:password@host` */
const holdsPassword = /:\/\/[^\s/@]*:[^\s/@]+@/

const hidden = '(hidden)'

/**
 * The differences as they may be shown: without the values of plain variables that look like secrets. References to secrets are shown, as they
 * hold none.
 */
export function shownChanges(changes: Difference[]): Difference[] {
  return changes.map((change) => {
    const name = change.path.match(/\.environment\.(.+)$/)?.[1]
    const secret = (name !== undefined && secretName.test(name)) || [change.before, change.after].some(isSecret)
    if (!secret) return change
    return {
      path: change.path,
      ...(change.before === undefined ? {} : { before: hidden }),
      ...(change.after === undefined
        ? {}
        : { after: change.before === undefined ? hidden : '(another value, hidden)' }),
    }
  })
}

function isSecret(value: unknown): boolean {
  return typeof value === 'string' && holdsPassword.test(value)
}
