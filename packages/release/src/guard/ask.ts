import { UserError } from '@deploy-actions/action-kit'
import type { SchemaReader } from '../levels/image-schema.ts'
import { type ImageSchema, noSchema } from '../levels/labels.ts'
import { parseLevel } from '../levels/schema-level.ts'
import type { RecordState } from '../record/state.ts'
import { appliedMigrations, begunMigrations } from './applied.ts'
import { type GuardAnswer, type GuardQuestion, guard } from './guard.ts'

export interface GuardRequest
  extends Pick<GuardQuestion, 'purpose' | 'order' | 'acceptHistory' | 'acrossSchema' | 'running'> {
  state: RecordState | undefined
  digest: string
  read: SchemaReader
}

/**
 * Asks the guard about a digest, reading from ECR only what the record does not hold: nothing when the record knows the digest's level and it is the
 * database's. Throws a UserError when the image is not in the repository.
 */
export async function askGuard({ state, digest, read, ...question }: GuardRequest): Promise<GuardAnswer> {
  const image = await schemaOf(digest, state, read)
  const applied = await appliedMigrations(state, image, read)
  const begun = question.purpose === 'migrate' ? await begunMigrations(state, image, read) : undefined
  return guard({ ...question, state, image, applied, begun })
}

/**
 * What `digest` expects: from the record when it is there with the database's level (or is known to expect none), otherwise from the image's labels.
 */
export async function schemaOf(
  digest: string,
  state: RecordState | undefined,
  read: SchemaReader,
): Promise<ImageSchema> {
  const known = [state?.attempt, ...(state?.releases ?? [])].find((release) => release?.digest === digest)
  const level = known && parseLevel(known.level)
  if (level?.count === 0) return noSchema
  // The list is not needed where the levels are equal: the guard compares the texts first.
  if (level && !state?.pending && level.text === state?.schema?.level) return { level, migrations: [] }
  const image = await read(digest)
  if (image) return image
  throw new UserError(
    `The repository has no image ${digest}, so its schema level cannot be read. It was never pushed there, or a lifecycle rule deleted it. Nothing was changed.`,
  )
}
