import { type ImageSchema, noSchema } from '../levels/labels.ts'
import { parseLevel } from '../levels/schema-level.ts'
import { knownImage } from '../record/releases.ts'
import { emptyState, type RecordState } from '../record/state.ts'
import { notAdmitted } from './admission.ts'
import { appliedMigrations, begunMigrations } from './database-migrations.ts'
import { type GuardAnswer, guard, overridden } from './guard.ts'
import type { GateAnswer, GateImage, GatePurpose, GateQuestion } from './types.ts'

/**
 * The one question that is asked before code is put into service or the database migrated: may this release go on
 * (once, whatever its images are), and do code and schema belong together (of every image). Reads from ECR only what
 * the record does not hold. The answer is data; `gateText` and `warningText` make words of it.
 */
export async function askGate(question: GateQuestion): Promise<GateAnswer> {
  const refusal = await notAdmitted(question)
  if (refusal) return { go: false, refusal, warnings: [] }
  const { state = emptyState, purpose } = question
  // Without a schema nothing forbids to take back what was just deployed.
  const images = purpose === 'undo' && !hasSchema(state, purpose) ? [] : question.images
  const unread = images.filter(({ digest, read }) => !digest || !read)
  const answers: GuardedImage[] = []
  if (unread.length > 0 || images.length === 0) {
    const answer = unreadable(question, state, unread)
    if (!answer.go) return answer
    answers.push({ answer })
  }
  for (const image of images) {
    if (!image.digest || !image.read) continue
    const guarded = await guardImage(question, image.digest, image.read)
    if (!guarded.answer.go) return { ...guarded.answer, image }
    answers.push(guarded)
  }
  return together(answers, images, state)
}

interface GuardedImage {
  answer: GuardAnswer | Unguarded
  schema?: ImageSchema
}

interface Unguarded {
  go: true
  because: 'unguarded'
  between: string[]
  warnings: []
}

/**
 * Images whose schema cannot be told are a matter of the record alone: they go where the database certainly has no
 * schema, or is not known to have one.
 */
function unreadable(question: GateQuestion, state: RecordState, unread: GateImage[]): GuardAnswer | Unguarded {
  const { purpose, acrossSchema } = question
  if (!hasSchema(state, purpose)) return { go: true, because: 'unguarded', between: [], warnings: [] }
  const { pending, schema } = state
  const recorded = pending?.level ?? schema?.level
  const names = unread.map(({ name }) => name)
  const refusal = {
    because: 'unknown-image',
    images: names,
    recorded,
    isPending: pending !== undefined,
    purpose,
  } as const
  const answer: GuardAnswer = { go: false, refusal, warnings: [] }
  return acrossSchema ? overridden(answer) : answer
}

/**
 * Whether there may be a schema to guard. An operator who goes back wants to be certain; a release of an application
 * that never had migrations is not held up.
 */
export function hasSchema({ pending, schema, intent }: RecordState, purpose: GatePurpose): boolean {
  if (pending || intent?.level?.includes('.')) return true
  return schema ? schema.level !== 'none' : purpose === 'rollback'
}

async function guardImage(
  question: GateQuestion,
  digest: string,
  read: NonNullable<GateImage['read']>,
): Promise<GuardedImage> {
  const { state, purpose } = question
  const schema = await schemaOf(digest, state, read)
  if (!schema) {
    const answer: GuardAnswer = { go: false, refusal: { because: 'missing-image', digest }, warnings: [] }
    return { answer: question.acrossSchema ? overridden(answer) : answer }
  }
  const applied = await appliedMigrations(state, schema, read)
  const begun = purpose === 'migrate' ? await begunMigrations(state, schema, read) : undefined
  return { answer: guard({ ...question, image: schema, applied, begun }), schema }
}

/**
 * What an image expects: from the record when it is there with the database's level (or is known to expect none),
 * otherwise from the image's labels. Undefined when it is not in the repository.
 */
export async function schemaOf(
  digest: string,
  state: RecordState | undefined,
  read: NonNullable<GateImage['read']>,
): Promise<ImageSchema | undefined> {
  const known = state && knownImage(state, digest)
  const level = known?.level === undefined ? undefined : parseLevel(known.level)
  if (level?.count === 0) return { ...noSchema, sourceKey: known?.sourceKey }
  // The list is not needed where the levels are equal: the guard compares the texts first.
  if (level && !state?.pending && level.text === state?.schema?.level)
    return { level, migrations: [], sourceKey: known?.sourceKey }
  return read(digest)
}

const weight = ['unguarded', 'equal', 'first', 'migrates', 'overridden'] as const

function together(answers: GuardedImage[], images: GateImage[], state: RecordState): GateAnswer {
  const goes = answers.flatMap(({ answer }) => (answer.go ? [answer] : []))
  const schemas = answers.flatMap(({ schema }) => schema ?? [])
  const because = weight.findLast((one) => goes.some((answer) => answer.because === one)) ?? 'unguarded'
  const levels = new Set(schemas.map(({ level }) => level.text))
  const [image, ...others] = images
  const sourceKey = image && others.length === 0 ? (image.sourceKey ?? schemas[0]?.sourceKey) : undefined
  return {
    go: true,
    because,
    between: [...new Set(goes.flatMap((answer) => answer.between))],
    level: levels.size === 1 ? [...levels][0] : undefined,
    sourceKey: sourceKey ?? (others.length === 0 ? knownImage(state, image?.digest)?.sourceKey : undefined),
    warnings: goes.flatMap((answer) => answer.warnings),
  }
}
