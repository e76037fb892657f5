import { compareLevels, type LevelComparison } from '../levels/compare.ts'
import type { ImageSchema } from '../levels/labels.ts'
import type { Migration } from '../levels/schema-level.ts'
import { emptyState, type PendingMigration, type RecordState } from '../record/state.ts'
import type { GateQuestion, GateWarning, GuardAnswer, GuardRefusal } from './types.ts'

export interface GuardQuestion extends Pick<GateQuestion, 'purpose' | 'state' | 'running' | 'order' | 'acceptHistory'> {
  /** What the code expects. */
  image: ImageSchema
  /** What the database has, see `migrationsOf`; undefined when it cannot be listed. */
  applied: Migration[] | undefined
  /** What a pending migration may have applied as well; undefined when it cannot be listed. */
  begun?: Migration[]
}

/** Whether one image and the database's schema belong together. Pure: what it needs to know is handed in. */
export function guard(question: GuardQuestion): GuardAnswer {
  const { image, applied, purpose, state = emptyState } = question
  const level = image.level.text
  const recorded = state.schema?.level
  if (state.pending) return guardPending(question, state, state.pending)
  if (level === recorded) return go('equal')
  if (recorded !== undefined)
    return applied
      ? guardDifference(question, recorded, compareLevels(image.migrations, applied))
      : refused({ because: 'unknown', level, recorded, lost: true })
  const added = image.migrations.map(({ name }) => name)
  if (purpose === 'migrate') return go(added.length > 0 ? 'migrates' : 'first', added)
  if (level === 'none' && !state.intent?.level?.includes('.')) return go('first')
  return purpose === 'deploy'
    ? refused({ because: 'migrate-first', level, recorded, added })
    : refused({ because: 'unknown', level, recorded, lost: false })
}

/** What an operator makes of a refusal who takes code and schema apart on purpose. */
export function overridden(answer: GuardAnswer): GuardAnswer {
  if (answer.go) return answer
  const { refusal, warnings, ...known } = answer
  return { ...known, ...go('overridden', [], [...warnings, { kind: 'overridden', refusal }]) }
}

export function refused(refusal: GuardRefusal, warnings: GateWarning[] = []): GuardAnswer {
  return { go: false, refusal, warnings }
}

/**
 * Only a migration may follow a migration of unknown end, and only one that knows all of it beside what was there
 * before: otherwise its success would be written down as a level that the database does not have.
 */
function guardPending(
  { purpose, image, applied, begun, acceptHistory, running = false }: GuardQuestion,
  { schema, snapshot }: RecordState,
  pending: PendingMigration,
): GuardAnswer {
  const refusal = { because: 'pending', pending, recorded: schema?.level, snapshot, running } as const
  const level = image.level.text
  if (purpose !== 'migrate') return refused({ ...refusal, level, migrate: undefined })
  const past = applied && compareLevels(image.migrations, applied)
  const added = past?.added ?? image.migrations.map(({ name }) => name)
  const knowsThePast = schema === undefined || past?.relation === 'ahead' || (past && acceptHistory)
  const unknown = begun && compareLevels(image.migrations, begun)
  const lacks = unknown && [...unknown.missing, ...unknown.edited]
  return level === pending.level || (knowsThePast && lacks?.length === 0)
    ? go('migrates', added, [{ kind: 'migrates-again', pending, recorded: schema?.level, running }])
    : refused({ ...refusal, level, migrate: { lacks } })
}

function guardDifference(question: GuardQuestion, recorded: string, found: LevelComparison): GuardAnswer {
  const { purpose, image, state, order, acceptHistory } = question
  const { relation, added, missing, edited, outOfOrder: names } = found
  const level = image.level.text
  if (relation === 'behind') return refused({ because: 'behind', level, recorded, missing, snapshot: state?.snapshot })
  if (relation === 'diverged' && !acceptHistory)
    return refused({ because: 'diverged', level, recorded, missing, edited })
  if (names.length > 0 && order === 'strict') return refused({ because: 'out-of-order', names })
  const warnings: GateWarning[] = [
    ...(relation === 'diverged' ? [{ kind: 'history-accepted' as const, level, recorded }] : []),
    ...(names.length > 0 ? [{ kind: 'out-of-order' as const, names }] : []),
  ]
  return purpose === 'migrate'
    ? go('migrates', added, warnings)
    : refused({ because: 'migrate-first', level, recorded, added }, warnings)
}

function go(
  because: Extract<GuardAnswer, { go: true }>['because'],
  migrations: string[] = [],
  warnings: GateWarning[] = [],
): Extract<GuardAnswer, { go: true }> {
  return { go: true, because, migrations, warnings }
}
