import { compareLevels, type LevelComparison } from '../levels/compare.ts'
import type { ImageSchema } from '../levels/labels.ts'
import type { Migration } from '../levels/schema-level.ts'
import { emptyState, type RecordState } from '../record/state.ts'
import type { GateQuestion, GateWarning, GuardRefusal } from './types.ts'

export interface GuardQuestion
  extends Pick<GateQuestion, 'purpose' | 'state' | 'running' | 'order' | 'acceptHistory' | 'acrossSchema'> {
  /** What the code expects. */
  image: ImageSchema
  /** What the database has, see `appliedMigrations`; undefined when it cannot be listed. */
  applied: Migration[] | undefined
  /** What a pending migration may have applied as well, see `begunMigrations`. */
  begun?: Migration[] | undefined
}

export type GuardAnswer = { warnings: GateWarning[] } & (
  | { go: true; because: 'equal' | 'first' | 'migrates' | 'overridden'; between: string[] }
  | { go: false; refusal: GuardRefusal }
)

/** Whether one image and the database's schema belong together. Pure: what it needs to know is handed in. */
export function guard(question: GuardQuestion): GuardAnswer {
  const answer = judge(question)
  return question.acrossSchema ? overridden(answer) : answer
}

/** What an operator makes of a refusal who takes code and schema apart on purpose. */
export function overridden(answer: GuardAnswer): GuardAnswer {
  if (answer.go) return answer
  const { refusal, warnings } = answer
  return {
    go: true,
    because: 'overridden',
    between: between(refusal),
    warnings: [...warnings, { kind: 'overridden', refusal }],
  }
}

function between(refusal: GuardRefusal): string[] {
  if (refusal.because === 'migrate-first') return refusal.added
  if (refusal.because === 'behind') return refusal.missing
  if (refusal.because === 'diverged') return [...refusal.missing, ...refusal.edited]
  return refusal.because === 'pending' ? (refusal.migrate?.lacks ?? []) : []
}

function judge(question: GuardQuestion): GuardAnswer {
  const { image, applied, state = emptyState } = question
  const recorded = state.schema?.level
  if (state.pending) return judgePending(question, state, state.pending)
  if (recorded === undefined) return judgeUnknown(question, state)
  if (image.level.text === recorded) return go('equal')
  if (!applied) return refuse({ because: 'unknown', level: image.level.text, recorded, lost: true })
  return judgeDifference(question, recorded, compareLevels(image.migrations, applied))
}

function judgeUnknown({ purpose, image }: GuardQuestion, { intent }: RecordState): GuardAnswer {
  const level = image.level.text
  const added = image.migrations.map(({ name }) => name)
  if (image.level.count === 0 && !intent?.level?.includes('.')) return go('first')
  if (purpose === 'migrate') return go('first', added)
  return purpose === 'deploy'
    ? refuse({ because: 'migrate-first', level, recorded: undefined, added })
    : refuse({ because: 'unknown', level, recorded: undefined, lost: false })
}

/**
 * Only a migration may follow a migration of unknown end, and only one that knows all of it beside what was there
 * before: otherwise its success would be written down as a level that the database does not have.
 */
function judgePending(
  { purpose, image, applied, begun, acceptHistory, running = false }: GuardQuestion,
  { schema, snapshot }: RecordState,
  pending: NonNullable<RecordState['pending']>,
): GuardAnswer {
  const found = { level: image.level.text, pending, recorded: schema?.level, snapshot, running }
  if (purpose !== 'migrate') return refuse({ because: 'pending', ...found, migrate: undefined })
  const past = applied && compareLevels(image.migrations, applied)
  const added = past?.added ?? image.migrations.map(({ name }) => name)
  const continuesIt = image.level.text === pending.level
  const knowsThePast = schema === undefined || past?.relation === 'ahead' || (past && acceptHistory)
  const unknown = begun && compareLevels(image.migrations, begun)
  const lacks = unknown && [...unknown.missing, ...unknown.edited]
  if (continuesIt || (knowsThePast && lacks?.length === 0))
    return go('migrates', added, [{ kind: 'migrates-again', pending, recorded: schema?.level, running }])
  return refuse({ because: 'pending', ...found, migrate: { lacks } })
}

function judgeDifference(question: GuardQuestion, recorded: string, found: LevelComparison): GuardAnswer {
  const { purpose, image, state, order = 'warn', acceptHistory } = question
  const { relation, added, missing, edited, outOfOrder } = found
  const level = image.level.text
  if (relation === 'behind') return refuse({ because: 'behind', level, recorded, missing, snapshot: state?.snapshot })
  if (relation === 'diverged' && !acceptHistory)
    return refuse({ because: 'diverged', level, recorded, missing, edited })
  if (outOfOrder.length > 0 && order === 'strict') return refuse({ because: 'out-of-order', names: outOfOrder })
  const warnings: GateWarning[] = [
    ...(relation === 'diverged' ? [{ kind: 'history-accepted' as const, level, recorded }] : []),
    ...(outOfOrder.length > 0 ? [{ kind: 'out-of-order' as const, names: outOfOrder }] : []),
  ]
  if (purpose === 'migrate') return go('migrates', added, warnings)
  return refuse({ because: 'migrate-first', level, recorded, added }, warnings)
}

function go(because: 'equal' | 'first' | 'migrates', added: string[] = [], warnings: GateWarning[] = []): GuardAnswer {
  return { go: true, because, between: added, warnings }
}

function refuse(refusal: GuardRefusal, warnings: GateWarning[] = []): GuardAnswer {
  return { go: false, refusal, warnings }
}
