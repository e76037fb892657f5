import { messageOf, UserError } from '@deploy-actions/action-kit'
import { type EcrImageRef, type ImageRef, imageText, pinned, repositoryOf } from '@deploy-actions/ecr'
import { familyRevision } from '@deploy-actions/ecs'
import {
  admission,
  askGuard,
  type RecordState,
  readRecord,
  recordName,
  runName,
  schemaOf,
  schemaReader,
} from '@deploy-actions/release'
import type { Deps } from './deps.ts'
import { lookUpImage } from './ecr-lookup.ts'
import type { Inputs } from './inputs.ts'
import type { Wanted } from './revisions.ts'
import { type Permit, type UndoRight, unguarded } from './undo-right.ts'

export { recordCompleted } from './record.ts'

/** Says where the services run something other than the newest release of the record. */
export async function sayDrift({ release }: Inputs, wanted: Wanted[], deps: Deps): Promise<void> {
  if (!release) return
  const record = await readRecord(await deps.clients.ssm(), release.application, release.environment)
  const newest = record?.state.releases[0]
  if (!newest) return
  for (const { target } of wanted) {
    const recorded = newest.services[target.name]
    const runs = familyRevision(target.runs)
    if (recorded && recorded !== runs)
      deps.log.warning(
        `${target.name} runs ${runs}, but the record ${record.name} says ${recorded} (released ${newest.at}): ${driftCause(record.state, target.name, runs)}. This release goes on from what runs.`,
      )
  }
}

function driftCause({ attempt }: RecordState, service: string, runs: string): string {
  if (attempt?.services[service] === runs)
    return `it was deployed by the release of ${attempt.since}${attempt.run ? ` (${attempt.run})` : ''}, which ${attempt.outcome ? `ended as ${attempt.outcome}` : 'did not come to its end'}`
  return 'since then a release left it there that failed, was cancelled or timed out, or it was changed by hand or with an infrastructure tool'
}

/**
 * Asks freeze and guard whether this release may serve. Throws a UserError when not: nothing was updated. Asked before anything is registered and again right
 * before the update, then `quiet`, as the guard's warnings have been said.
 */
export async function mayServe(inputs: Inputs, wanted: Wanted[], deps: Deps, quiet = false): Promise<Permit> {
  const { release, acrossSchema } = inputs
  if (!release) return unguarded
  const { application, environment } = release
  const record = await readRecord(await deps.clients.ssm(), application, environment)
  const state = record?.state
  let schemaLevel: string | undefined
  for (const image of await imagesOf(inputs, wanted, state, deps)) {
    const { digest } = image
    const name = recordName(application, environment)
    const commit = deps.github.sha || undefined
    const run = runName(deps.github)
    const admitted = admission({ state, digest, commit, order: deps.order, run, now: deps.clock.now(), name })
    if (!admitted.admitted) throw new UserError(`${admitted.message}${migratedText(state, digest)}`)
    const read = schemaReader(await deps.clients.ecr(image.region), repositoryOf(image))
    const answer = await askGuard({ purpose: 'deploy', state, digest, read, acrossSchema })
    if (!quiet) for (const warning of answer.warnings) deps.log.warning(warning)
    if (answer.answer !== 'go') throw new UserError(`${imageText(image)} may not serve yet. ${answer.message}`)
    schemaLevel = (await schemaOf(digest, state, read)).level.text
  }
  return { undo: await undoRight(inputs, wanted, state, deps), schemaLevel }
}

/** A release that is refused after it has migrated leaves more behind than "nothing was changed" says. */
function migratedText(state: RecordState | undefined, digest: string): string {
  const { pending, schema, releases = [] } = state ?? {}
  if (pending?.digest === digest)
    return ` But a migration of this image to schema ${pending.level} was begun and has not been proven to succeed: look at it before anything else.`
  const serving = releases[0]
  if (schema?.digest !== digest || !serving || serving.digest === digest || serving.level === schema.level) return ''
  return ` But the database has been migrated to schema ${schema.level} for this image already, while what serves expects ${serving.level}: it has to work with both until this release, or a fix of it, is deployed.`
}

type KnownImage = EcrImageRef & { digest: string }

/** The digests that are to serve. Throws where one is not known and there is a schema to protect. */
async function imagesOf(
  inputs: Inputs,
  wanted: Wanted[],
  state: RecordState | undefined,
  deps: Deps,
): Promise<KnownImage[]> {
  const images = wanted.flatMap(({ image }) => (image.kind === 'one' ? [image.image] : []))
  const distinct = [...new Map(images.map((image) => [imageText(image), image])).values()]
  const known = await Promise.all(distinct.map((image) => knownImage(image, deps)))
  const missing = distinct.filter((_, index) => !known[index]).map(imageText)
  const level = state?.pending?.level ?? state?.schema?.level ?? 'none'
  if ((missing.length > 0 || distinct.length === 0) && level !== 'none')
    throw new UserError(
      `Which schema level ${missing.join(', ') || 'this release'} expects cannot be told, as it is no image of ECR that is known by digest, and the record says ${level}. Give repository and digest${inputs.container ? '' : ', or name the container'}. Nothing was changed.`,
    )
  return known.filter((one) => one !== undefined)
}

async function knownImage(image: ImageRef, deps: Deps): Promise<KnownImage | undefined> {
  if (image.kind === 'foreign') return undefined
  const digest = image.digest ?? (await lookUpImage(deps.clients, image))?.digest
  return digest === undefined ? undefined : { ...pinned(image, digest), digest }
}

/** Asked before the update, as there is no time for it once the run is cancelled. */
async function undoRight(
  { acrossSchema }: Inputs,
  wanted: Wanted[],
  state: RecordState | undefined,
  deps: Deps,
): Promise<UndoRight> {
  const level = state?.pending ? `${state.pending.level} (pending)` : (state?.schema?.level ?? 'none')
  if (level === 'none') return { allowed: true, why: 'The application has no migrations.' }
  for (const { target, imageBefore } of wanted) {
    const image = imageBefore.kind === 'one' ? imageBefore.image : undefined
    const newest = state?.releases[0]
    const recorded = newest?.services[target.name] === familyRevision(target.runs) ? newest?.digest : undefined
    const digest = image?.digest ?? recorded
    if (image?.kind !== 'ecr' || !digest)
      return {
        allowed: false,
        why: `Which schema level the present release of ${target.name} (${image ? imageText(image) : 'unknown image'}) expects cannot be told.`,
      }
    try {
      const read = schemaReader(await deps.clients.ecr(image.region), repositoryOf(image))
      const answer = await askGuard({ purpose: 'rollback', state, digest, read, acrossSchema })
      if (answer.answer !== 'go')
        return {
          allowed: false,
          why: answer.message.replace(/ Nothing was changed\./, ''),
          schema: { code: (await schemaOf(digest, state, read)).level.text, database: level },
        }
    } catch (error) {
      return { allowed: false, why: messageOf(error) }
    }
  }
  return { allowed: true, why: 'The present release expects the schema that the database has.' }
}
