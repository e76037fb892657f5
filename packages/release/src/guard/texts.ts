import type { Freeze, RecordState, Snapshot } from '../record/state.ts'

/** Names of migrations for a sentence: all up to eight, then how many more. */
export function listed(names: string[], most = 8): string {
  const shown = names.slice(0, most).join(', ')
  return names.length > most ? `${shown} and ${names.length - most} more` : shown
}

export function migrations(count: number): string {
  return count === 1 ? '1 migration' : `${count} migrations`
}

/** How to come back to the schema from before, as far as the record knows a snapshot. */
export function snapshotText(snapshot: Snapshot | undefined): string {
  return snapshot
    ? `The snapshot from before the last migration is ${snapshot.id} (level ${snapshot.level}, ${snapshot.at}); restoring it makes a new database and loses what was written since.`
    : 'No snapshot from before is recorded.'
}

/** `commit`: the one that was refused. */
export function frozenText(freeze: Freeze, name: string, commit?: string): string {
  const until = freeze.until ? `, until ${freeze.until}` : ''
  const pass = freeze.pass ? ` Only commit ${freeze.pass} may pass.` : ''
  return `Releases are frozen since ${freeze.since} by ${freeze.by}${until}: ${freeze.reason}.${pass} Nothing was changed. ${liftText(name, commit)}`
}

/** How a freeze ends, and how it lets one commit (full SHA) pass. */
export function liftText(name: string, commit = 'FULL_SHA_OF_THE_COMMIT'): string {
  const edit = (filter: string) =>
    `aws ssm put-parameter --overwrite --name ${name} --value "$(aws ssm get-parameter --name ${name} --query Parameter.Value --output text | jq -c '${filter}')"`
  return `To lift the freeze: ${edit('del(.freeze)')} To let one commit pass and keep the freeze for all others: ${edit(`.freeze.pass = "${commit}"`)}`
}

/** `running`: the run that migrates is at it right now. */
export function pendingText({ pending, schema }: RecordState, running = false): string {
  const from = schema?.level ?? 'its unknown level'
  if (running)
    return `A migration from ${from} to level ${pending?.level} is running now, since ${pending?.since}${pending?.task ? ` (task ${pending.task})` : ''}. Wait for its end, or cancel that run: ${pending?.run}.`
  return `A migration to level ${pending?.level} was started on ${pending?.since}${pending?.run ? ` by ${pending.run}` : ''}${pending?.task ? ` (task ${pending.task})` : ''} and its end is not known, so the schema is somewhere between ${from} and ${pending?.level}.`
}
