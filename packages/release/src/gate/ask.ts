import { type ImageSchema, noSchema } from '../levels/labels.ts'
import { parseLevel } from '../levels/schema-level.ts'
import { knownImage } from '../record/releases.ts'
import { emptyState, type RecordState } from '../record/state.ts'
import { notAdmitted } from './admission.ts'
import { migrationsOf } from './database-migrations.ts'
import { guard, overridden, refused } from './guard.ts'
import type { GateAnswer, GateGo, GateImage, GatePurpose, GateQuestion, GuardAnswer } from './types.ts'

/**
 * The one question that is asked before code is put into service or the database migrated: may this release go on
 * (once, whatever its images are), and do code and schema belong together (of every image). Reads from ECR only
 * what the record does not hold. The answer is data; `gateText` and `warningText` make words of it.
 */
export async function askGate(question: GateQuestion): Promise<GateAnswer> {
  const refusal = await notAdmitted(question)
  if (refusal) return { go: false, refusal, warnings: [] }
  const { images, acrossSchema } = question
  const answers: GateGo[] = []
  for (const image of images.length > 0 ? images : [unknownImage]) {
    const guarded = await guardImage(question, image)
    const answer = acrossSchema ? overridden(guarded) : guarded
    if (!answer.go) return { ...answer, image }
    answers.push(answer)
  }
  return together(answers)
}

const unknownImage: GateImage = { name: 'this release', digest: undefined, read: undefined }

/**
 * Whether there may be a schema to guard. An operator who goes back wants to be certain; a release of an
 * application that never had migrations is not held up.
 */
export function hasSchema({ pending, schema, intent }: RecordState, purpose: GatePurpose): boolean {
  if (pending || intent?.level?.includes('.')) return true
  return schema ? schema.level !== 'none' : purpose === 'rollback'
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
  const { level: text = '', sourceKey } = (state && knownImage(state, digest)) ?? {}
  const level = parseLevel(text)
  // The list is not needed where the levels are equal: the guard compares the texts first.
  const isEqual = !state?.pending && text === state?.schema?.level
  return level && (isEqual || level.count === 0) ? { ...noSchema, level, sourceKey } : read(digest)
}

async function guardImage(question: GateQuestion, { digest, read }: GateImage): Promise<GuardAnswer> {
  const { state = emptyState, purpose, images } = question
  const { pending, schema } = state
  if (!digest || !read) {
    if (!hasSchema(state, purpose)) return unguarded
    const names = images.filter((image) => !image.digest || !image.read).map(({ name }) => name)
    const recorded = pending?.level ?? schema?.level
    return refused({ because: 'unknown-image', images: names, recorded, isPending: pending !== undefined, purpose })
  }
  // Without a schema nothing forbids to take back what was just deployed.
  if (purpose === 'undo' && !hasSchema(state, purpose)) return unguarded
  const image = await schemaOf(digest, state, read)
  if (!image) return refused({ because: 'missing-image', digest })
  const applied = await migrationsOf(schema, state, image, read)
  const begun = purpose === 'migrate' ? await migrationsOf(pending, state, image, read) : undefined
  return { ...guard({ ...question, image, applied, begun }), level: image.level.text, sourceKey: image.sourceKey }
}

const unguarded: GateGo = { go: true, because: 'unguarded', migrations: [], warnings: [] }
const weightiest = ['overridden', 'migrates', 'first', 'equal', 'unguarded'] as const

function together(answers: GateGo[]): GateGo {
  const levels = new Set(answers.flatMap(({ level }) => level ?? []))
  return {
    go: true,
    because: weightiest.find((one) => answers.some(({ because }) => because === one))!,
    migrations: [...new Set(answers.flatMap(({ migrations }) => migrations))],
    warnings: answers.flatMap(({ warnings }) => warnings),
    level: levels.size === 1 ? [...levels][0] : undefined,
    sourceKey: answers.length === 1 ? answers[0]?.sourceKey : undefined,
  }
}
