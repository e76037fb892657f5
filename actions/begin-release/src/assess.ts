import {
  appliedMigrations,
  begunMigrations,
  guard,
  type ImageSchema,
  type RecordState,
  type SchemaReader,
} from '@deploy-actions/release'
import type { Inputs } from './inputs.ts'
import type { Verdict } from './run.ts'

/** Asks the guard what will happen when this image migrates, so that a release that must fail there does so before anything is touched. */
export async function assess(
  { order, acceptHistory, acrossSchema }: Inputs,
  read: SchemaReader,
  image: ImageSchema,
  state: RecordState | undefined,
): Promise<Verdict> {
  const applied = await appliedMigrations(state, image, read)
  const begun = await begunMigrations(state, image, read)
  const answer = guard({ purpose: 'migrate', image, state, applied, begun, order, acceptHistory, acrossSchema })
  if (answer.answer !== 'go') {
    const pending = answer.answer === 'refuse' && answer.reason === 'pending'
    return { admitted: false, because: pending ? 'pending' : 'schema', message: answer.message }
  }
  const overridden = answer.because === 'overridden'
  return {
    admitted: true,
    willMigrate: !overridden && (answer.because === 'migrates' || answer.between.length > 0),
    migrations: overridden ? [] : answer.between,
    warnings: answer.warnings,
  }
}
