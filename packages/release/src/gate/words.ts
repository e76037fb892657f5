import type { BadMark, PendingMigration, Snapshot } from '../record/state.ts'
import type { Overruling } from './overruled.ts'
import type { GateRefusal, GateWarning } from './types.ts'

type Because = GateRefusal['because']
type Refusal<One extends Because> = Extract<GateRefusal, { because: One }>

/**
 * A refusal for a reader: what was found, that nothing was changed, what to do or which input overrides it. `name`:
 * the record's, for commands.
 */
export function gateText(refusal: GateRefusal, name: string): string {
  return (texts[refusal.because] as (refusal: GateRefusal, name: string) => string)(refusal, name)
}

/** What the gate lets pass, but a reader should know. */
export function warningText(warning: GateWarning, name: string): string {
  switch (warning.kind) {
    case 'overridden':
      return `across-schema overrides: ${gateText(warning.refusal, name)}`
    case 'migrates-again':
      return `${pendingText(warning)} Migrating again.`
    case 'history-accepted':
      return `accept-history: ${warning.recorded} is taken to be the same schema as ${warning.level} expects.`
    case 'out-of-order':
      return outOfOrderText(warning.names)
  }
}

/**
 * What was decided against a release after the gate had let it go on, by whom and why. `what`: a better word for
 * it.
 */
export function decisionText({ because, decision }: Overruling, what = decided[because]): string {
  const { by, since, reason }: Partial<BadMark> = decision
  return `${what}${by ? ` (${by} on ${since}${reason ? `: ${reason}` : ''})` : ''}`
}

/** How a freeze ends, and how it lets one commit (full SHA) pass. */
export function liftText(name: string, commit = 'FULL_SHA_OF_THE_COMMIT'): string {
  const edit = (filter: string) =>
    `aws ssm put-parameter --overwrite --name ${name} --value "$(aws ssm get-parameter --name ${name} --query Parameter.Value --output text | jq -c '${filter}')"`
  return `To lift the freeze: ${edit('del(.freeze)')} To let one commit pass and keep the freeze for all others: ${edit(`.freeze.pass = "${commit}"`)}`
}

/**
 * Since when an image is marked bad, by whom, and why; `where`: in which environment, where that is another one.
 */
export function markText({ since, by, reason }: BadMark, where?: string): string {
  return `was marked bad${where ? ` in ${where}` : ''} on ${since}${by ? ` by ${by}` : ''}${reason ? `: ${reason}` : ''}`
}

const decided = {
  frozen: 'Releases were frozen',
  bad: 'The image was marked bad',
  overruled: 'An operator went back',
}
const overriding =
  'Nothing was changed. When you know that this code works with this schema, across-schema: true goes on regardless.'

const texts: { [One in Because]: (refusal: Refusal<One>, name: string) => string } = {
  frozen: ({ decision: { by, reason, since, until, pass }, commit }, name) =>
    `Releases are frozen since ${since} by ${by}${until ? `, until ${until}` : ''}: ${reason}.${pass ? ` Only commit ${pass} may pass.` : ''} Nothing was changed. ${liftText(name, commit)}`,
  bad: badText,
  superseded: ({ by, runOrder }) => {
    const link = by.run ? ` (${by.run})` : ''
    return 'at' in by
      ? `Superseded: run ${by.runOrder} of commit ${by.commit ?? by.digest} was triggered after this one (${runOrder}) and has been released already on ${by.at}${link}. Nothing was changed. To go back to an older release, use rollback.`
      : `Superseded: run ${by.runOrder} was triggered after this one (${runOrder}) and has begun its release on ${by.since}${link}, as this one's lock had expired. Nothing was changed by this step.`
  },
  overruled: ({ decision: { by, since, run } }) =>
    `An operator${by ? ` (${by})` : ''} went back on ${since}${run ? ` (${run})` : ''} while this release was under way. It does not go on. Nothing was changed by this step.`,
  'migrate-first': ({ level, recorded, added }) =>
    recorded === undefined
      ? `The record does not know yet which migrations the database has; the image expects ${level}. Run run-migrations with this image first: it establishes the level. Nothing was changed.`
      : `The image expects schema level ${level}, the database has ${recorded}: ${migrations(added.length)} must run first: ${listed(added)}. Run run-migrations before this step. ${overriding}`,
  behind: ({ level, recorded, missing, snapshot }) =>
    `The database has schema level ${recorded}; the image expects ${level} and does not know ${migrations(missing.length)} that ran since: ${listed(missing)}. ${snapshotText(snapshot)} Ship a fix forward instead. ${overriding}`,
  diverged: ({ level, recorded, missing, edited }) => {
    const changed = edited.length > 0 ? ` Changed after they ran: ${listed(edited)}.` : ''
    const gone = missing.length > 0 ? ` Ran, but missing in the image: ${listed(missing)}.` : ''
    return `The migrations of the image (${level}) are no continuation of what the database has (${recorded}).${changed}${gone} Past migrations are never edited; put them back as they were and add a new one. When this is a squash that makes the same schema, set accept-history: true on run-migrations. ${overriding}`
  },
  'out-of-order': ({ names }) => `${outOfOrderText(names)} Rename to sort last (order is strict). Nothing was changed.`,
  unknown: ({ level, recorded, lost }) =>
    lost
      ? `The database has schema level ${recorded}, the image expects ${level}, and the image that established the former is gone from ECR, so the two cannot be compared. ${overriding}`
      : `The record does not know yet which migrations the database has; the image expects ${level}. ${overriding}`,
  'unknown-image': unknownImageText,
  'missing-image': ({ digest }) =>
    `The repository has no image ${digest}, so its schema level cannot be read. It was never pushed there, or a lifecycle rule deleted it. Nothing was changed.`,
  pending: pendingRefusalText,
}

function badText({ image, decision, purpose }: Refusal<'bad'>): string {
  const name = image.digest ?? image.name
  const isRebuilt = decision.digest !== undefined && decision.digest !== image.digest
  const which = `${name}${isRebuilt ? `, built from the same sources as ${decision.digest},` : ''} ${markText(decision)}`
  return purpose === 'rollback'
    ? `${which}. Nothing was changed. Name it as a digest to go there all the same.`
    : `The image ${which}. It is not released again; nothing was changed. Push a fix. When the mark itself is the mistake, run rollback with to: ${name}, which takes the mark away.`
}

function outOfOrderText(names: string[]): string {
  return `${listed(names)} sort${names.length === 1 ? 's' : ''} before migrations that ran already, as parallel branches make them; some tools skip such files.`
}

function unknownImageText({ images, recorded, isPending, purpose }: Refusal<'unknown-image'>): string {
  const advice = {
    deploy: 'Give repository and digest, or name the container. ',
    migrate: '',
    rollback: 'Name a digest or commit. ',
    undo: '',
  }
  const record = recorded
    ? `the record says ${recorded}${isPending ? ' (pending)' : ''}`
    : 'the record does not say what the database has'
  return `Which schema level ${images.join(', ') || 'this release'} expects cannot be told, as it is no image of ECR that is known by digest, and ${record}. ${advice[purpose]}${overriding}`
}

function pendingRefusalText(refusal: Refusal<'pending'>): string {
  const { pending, recorded, snapshot, running, migrate } = refusal
  const again = `${whyNotAgain(refusal)} Run the job of that image again, or release one that holds its migrations (level ${pending.level}). Where a look at the database has shown that nothing of it was applied (${recorded === undefined ? 'that it is as before' : `that it still has ${recorded}`}), take "pending" out of the record. `
  const advice = running ? '' : 'Look at the database and at that run, then run the migrations again (run-migrations). '
  return `${pendingText(refusal)} ${migrate ? again : advice}${snapshotText(snapshot)} ${overriding}`
}

function whyNotAgain({ pending, recorded, migrate }: Refusal<'pending'>): string {
  if (!migrate?.lacks)
    return `The image that it ran (${pending.digest}) is gone from ECR, so which migrations may have run cannot be listed.`
  return migrate.lacks.length > 0
    ? `It may have applied ${listed(migrate.lacks)}, which this image does not know or knows with another content, so nothing could be said of the schema after it.`
    : `This image is no continuation of level ${recorded}, which the database had before.`
}

function pendingText({
  pending: { level, since, run, task },
  recorded = 'its unknown level',
  running,
}: {
  pending: PendingMigration
  recorded: string | undefined
  running: boolean
}): string {
  const which = task ? ` (task ${task})` : ''
  return running
    ? `A migration from ${recorded} to level ${level} is running now, since ${since}${which}. Wait for its end, or cancel that run: ${run}.`
    : `A migration to level ${level} was started on ${since}${run ? ` by ${run}` : ''}${which} and its end is not known, so the schema is somewhere between ${recorded} and ${level}.`
}

/** Names of migrations for a sentence: all up to eight, then how many more. */
function listed(names: string[], most = 8): string {
  const shown = names.slice(0, most).join(', ')
  return names.length > most ? `${shown} and ${names.length - most} more` : shown
}

function migrations(count: number): string {
  return count === 1 ? '1 migration' : `${count} migrations`
}

/** How to come back to the schema from before, as far as the record knows a snapshot. */
function snapshotText(snapshot: Snapshot | undefined): string {
  return snapshot
    ? `The snapshot from before the last migration is ${snapshot.id} (level ${snapshot.level}, ${snapshot.at}); restoring it makes a new database and loses what was written since.`
    : 'No snapshot from before is recorded.'
}
