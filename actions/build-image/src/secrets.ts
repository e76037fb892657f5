import { UserError } from '@deploy-actions/action-kit'

export interface BuildSecret {
  id: string
  value: string
}

/**
 * Reads the input `secrets`: `ID=value` a line; `ID` alone takes the step's environment variable of that name;
 * `ID<<END`, lines, `END` takes a value of several lines, in the notation of GitHub's own command files. Throws a
 * UserError that never shows a value.
 */
export function parseSecrets(text: string, env: NodeJS.ProcessEnv): BuildSecret[] {
  const lines = text.split(/\r?\n/)
  const secrets: BuildSecret[] = []
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!.trim()
    if (line === '') continue
    const [, id = '', operator = '', rest = ''] = line.match(/^([^=<]*)(=|<<)?(.*)$/s) ?? []
    if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(id))
      throw new UserError(
        `Input "secrets", line ${at + 1}, names no secret. Valid: ID=value, ID alone for the environment variable of that name, or ID<<END for a value of several lines; an ID holds letters, digits, "_", "." and "-".`,
      )
    if (secrets.some((secret) => secret.id === id)) throw new UserError(`Input "secrets" gives "${id}" twice.`)
    if (operator === '<<') {
      const end = lines.findIndex((candidate, index) => index > at && candidate.trim() === rest.trim())
      if (end < 0 || rest.trim() === '')
        throw new UserError(
          `Input "secrets": the value of "${id}" has no end. Close it with a line that holds only "${rest.trim() || 'END'}".`,
        )
      secrets.push({ id, value: lines.slice(at + 1, end).join('\n') })
      at = end
    } else {
      const value = operator === '=' ? rest : env[id]
      // A secret that is not set for this repository arrives empty; the build would run on without it.
      if (!value)
        throw new UserError(
          operator === '='
            ? `Input "secrets": "${id}" is empty. Check that the secret exists and is passed to this workflow.`
            : `Input "secrets": "${id}" has no value, and there is no environment variable of that name in this step.`,
        )
      secrets.push({ id, value })
    }
  }
  return secrets
}
