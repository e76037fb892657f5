import { compareLevels, type LevelComparison } from '../levels/compare.ts'
import type { ImageSchema } from '../levels/labels.ts'
import type { Migration } from '../levels/schema-level.ts'
import type { RecordState } from '../record/state.ts'
import { listed, migrations, pendingText, snapshotText } from './texts.ts'

/** `deploy`: code is to serve. `migrate`: its migrations are to run. `rollback`: older code is to serve again, an undo of our own included. */
export type GuardPurpose = 'deploy' | 'migrate' | 'rollback'

export interface GuardQuestion {
  purpose: GuardPurpose
  /** What the code expects. */
  image: ImageSchema
  /** Undefined: there is no record yet. */
  state: RecordState | undefined
  /** What the database has, see `appliedMigrations`; undefined when it cannot be listed. */
  applied: Migration[] | undefined
  /** What a pending migration may have applied as well, see `begunMigrations`. */
  begun?: Migration[] | undefined
  /** Whether the run of the pending migration holds the lock still, so that the migration runs now and is not lost. */
  running?: boolean
  /** What to do with a new migration that sorts before applied ones. */
  order?: 'warn' | 'strict'
  /** The operator declares that an edited or missing past is a squash of the same schema. */
  acceptHistory?: boolean
  /** The operator takes code and schema apart on purpose. */
  acrossSchema?: boolean
}

export type RefusalReason = 'behind' | 'diverged' | 'pending' | 'unknown' | 'out-of-order'

export type GuardAnswer = {
  /** What is worth saying although it does not stop anything. */
  warnings: string[]
  /** Migrations between the image and the database, in order: to be applied, or unknown to the image. */
  between: string[]
} & (
  | { answer: 'go'; because: 'equal' | 'first' | 'migrates' | 'overridden' }
  | { answer: 'migrate-first'; message: string }
  | { answer: 'refuse'; reason: RefusalReason; message: string }
)

/**
 * The one function that every step asks which puts code into service, so that code and database schema stay together. Pure: what it needs to know is
 * handed in. `message` says what was found, that nothing was changed, and which input overrides the answer.
 */
export function guard(question: GuardQuestion): GuardAnswer {
  const answer = judge(question)
  if (answer.answer === 'go' || !question.acrossSchema) return answer
  return {
    answer: 'go',
    because: 'overridden',
    between: answer.between,
    warnings: [...answer.warnings, `across-schema overrides: ${answer.message}`],
  }
}

function judge(question: GuardQuestion): GuardAnswer {
  const { purpose, image, state, applied } = question
  const recorded = state?.schema?.level
  if (state?.pending) return judgePending(question, state)
  if (recorded === undefined) return judgeUnknown(purpose, image, state)
  if (image.level.text === recorded) return go('equal')
  if (!applied)
    return refuse(
      'unknown',
      `The database has schema level ${recorded}, the image expects ${image.level.text}, and the image that established the former is gone from ECR, so the two cannot be compared. ${overridden()}`,
    )
  return judgeDifference(question, recorded, compareLevels(image.migrations, applied))
}

function judgeUnknown(purpose: GuardPurpose, image: ImageSchema, state: RecordState | undefined): GuardAnswer {
  if (image.level.count === 0 && !state?.attempt?.level.includes('.')) return go('first')
  if (purpose === 'migrate') return { ...go('first'), between: image.migrations.map(({ name }) => name) }
  const message = `The record does not know yet which migrations the database has; the image expects ${image.level.text}.`
  return purpose === 'deploy'
    ? migrateFirst(
        image.migrations.map(({ name }) => name),
        `${message} Run run-migrations with this image first: it establishes the level. Nothing was changed.`,
      )
    : refuse('unknown', `${message} ${overridden()}`)
}

/**
 * Only a migration may follow a migration of unknown end, and only one that knows all of it beside what was there before: otherwise its success would be written down as a
 * level that the database does not have.
 */
function judgePending(question: GuardQuestion, state: RecordState): GuardAnswer {
  const { purpose, image, applied, begun, acceptHistory } = question
  const text = pendingText(state, question.running)
  if (purpose !== 'migrate')
    return refuse(
      'pending',
      question.running
        ? `${text} ${snapshotText(state.snapshot)} ${overridden()}`
        : `${text} Look at the database and at that run, then run the migrations again (run-migrations). ${snapshotText(state.snapshot)} ${overridden()}`,
    )
  const past = applied && compareLevels(image.migrations, applied)
  const between = past?.added ?? image.migrations.map(({ name }) => name)
  const continuesIt = image.level.text === state.pending?.level
  const knowsThePast = state.schema === undefined || past?.relation === 'ahead' || (past && acceptHistory)
  const unknown = begun && compareLevels(image.migrations, begun)
  const lacks = unknown && [...unknown.missing, ...unknown.edited]
  if (continuesIt || (knowsThePast && lacks?.length === 0))
    return { ...go('migrates'), between, warnings: [`${text} Migrating again.`] }
  return refuse('pending', `${text} ${whyNot(state, lacks)} ${settleText(state)} ${overridden()}`, lacks)
}

function whyNot({ pending, schema }: RecordState, lacks: string[] | undefined): string {
  if (!lacks)
    return `The image that it ran (${pending?.digest}) is gone from ECR, so which migrations may have run cannot be listed.`
  return lacks.length > 0
    ? `It may have applied ${listed(lacks)}, which this image does not know or knows with another content, so nothing could be said of the schema after it.`
    : `This image is no continuation of level ${schema?.level}, which the database had before.`
}

function settleText({ pending, schema, snapshot }: RecordState): string {
  return `Run the job of that image again, or release one that holds its migrations (level ${pending?.level}). Where a look at the database has shown that nothing of it was applied (${schema ? `that it still has ${schema.level}` : 'that it is as before'}), take "pending" out of the record. ${snapshotText(snapshot)}`
}

function judgeDifference(question: GuardQuestion, recorded: string, found: LevelComparison): GuardAnswer {
  const { purpose, image, state, order = 'warn', acceptHistory } = question
  const { relation, added, missing, edited, outOfOrder } = found
  const level = image.level.text

  if (relation === 'behind')
    return refuse(
      'behind',
      `The database has schema level ${recorded}; the image expects ${level} and does not know ${migrations(missing.length)} that ran since: ${listed(missing)}. ${snapshotText(state?.snapshot)} Ship a fix forward instead. ${overridden()}`,
      missing,
    )

  if (relation === 'diverged' && !acceptHistory)
    return refuse(
      'diverged',
      `The migrations of the image (${level}) are no continuation of what the database has (${recorded}).${edited.length > 0 ? ` Changed after they ran: ${listed(edited)}.` : ''}${missing.length > 0 ? ` Ran, but missing in the image: ${listed(missing)}.` : ''} Past migrations are never edited; put them back as they were and add a new one. When this is a squash that makes the same schema, set accept-history: true on run-migrations. ${overridden()}`,
      [...missing, ...edited],
    )

  const warnings =
    relation === 'diverged' ? [`accept-history: ${recorded} is taken to be the same schema as ${level} expects.`] : []
  if (outOfOrder.length > 0) {
    const text = `${listed(outOfOrder)} sort${outOfOrder.length === 1 ? 's' : ''} before migrations that ran already, as parallel branches make them; some tools skip such files.`
    if (order === 'strict')
      return refuse('out-of-order', `${text} Rename to sort last (order is strict). Nothing was changed.`, outOfOrder)
    warnings.push(text)
  }
  if (purpose === 'migrate') return { ...go('migrates'), between: added, warnings }
  return migrateFirst(
    added,
    `The image expects schema level ${level}, the database has ${recorded}: ${migrations(added.length)} must run first: ${listed(added)}. Run run-migrations before this step. ${overridden()}`,
    warnings,
  )
}

function go(because: 'equal' | 'first' | 'migrates'): Extract<GuardAnswer, { answer: 'go' }> {
  return { answer: 'go', because, warnings: [], between: [] }
}

function migrateFirst(between: string[], message: string, warnings: string[] = []): GuardAnswer {
  return { answer: 'migrate-first', between, message, warnings }
}

function refuse(reason: RefusalReason, message: string, between: string[] = []): GuardAnswer {
  return { answer: 'refuse', reason, message, between, warnings: [] }
}

function overridden(): string {
  return 'Nothing was changed. When you know that this code works with this schema, across-schema: true goes on regardless.'
}
