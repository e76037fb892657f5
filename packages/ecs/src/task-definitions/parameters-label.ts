/** Docker label with the version and the time of each parameter, so that a changed value is a changed revision. */
export const parametersLabel = 'io.github.deploy-actions.parameters'

/** The variables that the label's text, `DATABASE_URL=3@2026-11-01T08:00:00.000Z …`, speaks of. */
export function labelledVariables(text: string): string[] {
  return text.split(' ').flatMap((entry) => entry.split('=')[0] || [])
}
