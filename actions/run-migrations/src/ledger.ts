import { messageOf, UserError } from '@deploy-actions/action-kit'
import {
  allOf,
  askGate,
  type Change,
  type GateAnswer,
  gateText,
  type ImageSchema,
  migrationBegun,
  migrationDone,
  migrationNotStarted,
  migrationTask,
  type RecordState,
  readRecord,
  recordIntent,
  recordName,
  runName,
  updateRecord,
  warningText,
} from '@deploy-actions/release'
import type { Deps } from './deps.ts'
import type { Inputs, ReleaseInputs } from './inputs.ts'

/** What the gate says about running this image's migrations now. */
export type Plan =
  | { answer: 'migrate'; names: string[]; image: ImageSchema; state: RecordState | undefined; warnings: string[] }
  /** `level`: what the database is known to have. */
  | { answer: 'nothing'; why: string; level: string | undefined; warnings: string[] }
  | { answer: 'refuse'; message: string; level: string | undefined }

export type MigratePlan = Extract<Plan, { answer: 'migrate' }>

/** The record's side of a migration. Every function reads the record anew, since others write it too. */
export interface Ledger {
  plan(): Promise<Plan>
  /** Task of the migration whose end the record does not know. */
  pendingTask(): Promise<string | undefined>
  /**
   * Writes `pending`, before the task starts. Throws when the gate refuses by now, or another run has begun a
   * migration since the plan was made.
   */
  begin(plan: Extract<Plan, { answer: 'migrate' }>): Promise<void>
  started(taskId: string): Promise<void>
  /** The database has `level`: that of the image, or what a status command has proven. */
  reached(level: string, image: ImageSchema): Promise<void>
  /** The task never ran: the database is as it was. An earlier migration of unknown end stays pending. */
  notStarted(plan: Extract<Plan, { answer: 'migrate' }>): Promise<void>
}

/**
 * Why a write to the record failed; undefined when it did not. For writes whose failure has to be told together
 * with something else.
 */
export async function troubleOf(write: Promise<void>): Promise<string | undefined> {
  try {
    await write
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

/** The ledger of one application in one environment, for the image with this digest. */
export function ledger(release: ReleaseInputs, { digest }: NonNullable<Inputs['image']>, deps: Deps): Ledger {
  const { ssm, clock, github } = deps
  const run = runName(github)
  const write = (change: Change) => updateRecord({ ssm, clock }, release, change)
  const now = () => clock.now().toISOString()
  const ask = (state: RecordState | undefined) => askToMigrate(release, digest, state, deps)

  return {
    async plan() {
      const state = (await readRecord(ssm, release))?.state
      return planFor(await ask(state), release, digest, state, deps)
    },
    async pendingTask() {
      return (await readRecord(ssm, release))?.state.pending?.task
    },
    async begin({ image, state: planned }) {
      const pending = { level: image.level.text, digest, since: now(), run }
      const snapshot = release.snapshotId
        ? { id: release.snapshotId, level: planned?.schema?.level ?? 'unknown', at: now() }
        : undefined
      const { answer } = await recordIntent({ ssm, clock, signal: deps.cancelled }, release, ask, (state) =>
        allOf(onlyAfter(planned, release), migrationBegun(pending, snapshot))(state),
      )
      if (!answer.go) throw new UserError(gateText(answer.refusal, recordName(release)))
    },
    async started(taskId) {
      await write(migrationTask(taskId))
    },
    async reached(level, image) {
      const complete = level === image.level.text && level !== 'none'
      await write(migrationDone({ level, ...(complete ? { digest } : {}), since: now(), run }))
    },
    async notStarted({ state }) {
      await write(migrationNotStarted(digest, state?.pending))
    },
  }
}

function askToMigrate(
  { order, acceptHistory, acrossSchema }: ReleaseInputs,
  digest: string,
  state: RecordState | undefined,
  { github, order: runOrder, clock, readSchema }: Deps,
): Promise<GateAnswer> {
  const images = [{ name: digest, digest, read: readSchema }]
  const commit = github.sha || undefined
  const run = runName(github)
  const now = clock.now()
  return askGate({ state, purpose: 'migrate', images, commit, run, runOrder, now, order, acceptHistory, acrossSchema })
}

async function planFor(
  answer: GateAnswer,
  release: ReleaseInputs,
  digest: string,
  state: RecordState | undefined,
  { readSchema }: Deps,
): Promise<Plan> {
  const recorded = state?.pending ? undefined : state?.schema?.level
  const name = recordName(release)
  if (!answer.go) return { answer: 'refuse', message: gateText(answer.refusal, name), level: recorded }
  const image = await readSchema?.(digest)
  if (!image)
    throw new UserError(
      `The repository has no image ${digest}. Push it first (push-ecr), or check repository, registry and registry-region. No task was started.`,
    )
  const { migrations: names, because } = answer
  const warnings = answer.warnings.map((warning) => warningText(warning, name))
  if (because === 'overridden')
    return {
      answer: 'nothing',
      why: 'across-schema is set, so code and schema go apart and nothing is migrated',
      level: recorded,
      warnings,
    }
  if (because === 'migrates') return { answer: 'migrate', names, image, state, warnings }
  const level = image.level.text
  const why =
    level === 'none'
      ? 'the image has no migrations'
      : `the image expects schema level ${level}, and the database has it since ${state?.schema?.since}`
  return { answer: 'nothing', why, level, warnings }
}

/** Two runs may plan at the same time; the record's versioned writes let only the first of them begin. */
function onlyAfter(planned: RecordState | undefined, { application, environment }: ReleaseInputs): Change {
  return (current) => {
    const { pending } = current
    if (pending && pending.since !== planned?.pending?.since)
      throw new UserError(
        `Another migration of ${application} in ${environment} has begun at this moment${pending.run ? ` (${pending.run})` : ''}, so this one does not. No task was started. Run the job again when that one has ended.`,
      )
    if (current.schema?.level !== planned?.schema?.level)
      throw new UserError(
        `The schema level of ${application} in ${environment} has changed at this moment, from ${planned?.schema?.level ?? 'unknown'} to ${current.schema?.level ?? 'unknown'}. No task was started. Run the job again.`,
      )
    return current
  }
}
