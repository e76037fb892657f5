import { UserError } from '@deploy-actions/action-kit'
import { familyRevision } from '@deploy-actions/ecs'
import {
  checkSizeToCome,
  type GateAnswer,
  type GateImage,
  gateText,
  goodReleases,
  type RecordKey,
  type RecordState,
  readRecord,
  recordIntent,
  recordName,
  runName,
  targetRecorded,
  warningText,
} from '@deploy-actions/release'
import { undoRight } from './ask-undo.ts'
import type { Deps } from './deps.ts'
import { askFor, gateImages } from './gate.ts'
import type { Inputs } from './inputs.ts'
import type { Revision, Wanted } from './revision/types.ts'
import { type UndoRight, unguarded } from './undo-right.ts'

export { undoRightNow } from './ask-undo.ts'
export { stopUnwanted } from './last-look.ts'
export { recordCompleted } from './record.ts'

/** Says where the services run something other than the newest release of the record. */
export async function sayDrift({ release }: Inputs, wanted: Wanted[], deps: Deps): Promise<void> {
  if (!release) return
  const record = await readRecord(await deps.clients.ssm(), release)
  const newest = record && goodReleases(record.state)[0]
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

function driftCause({ intent }: RecordState, service: string, runs: string): string {
  if (intent && (intent.target[service] === runs || intent.services[service] === runs))
    return `it was deployed by the ${intent.kind === 'release' ? 'release' : 'way back'} of ${intent.since}${intent.run ? ` (${intent.run})` : ''}, which ${intent.outcome ? `ended as ${intent.outcome}` : 'did not come to its end'}`
  return 'since then a release left it there that failed, was cancelled or timed out, or it was changed by hand or with an infrastructure tool'
}

/**
 * Asks the gate whether this release may serve, before anything is registered. Returns the schema level that it
 * expects, as far as that is known. Throws a UserError when it may not: nothing was changed.
 */
export async function mayServe(inputs: Inputs, wanted: Wanted[], deps: Deps): Promise<string | undefined> {
  if (!inputs.release) return undefined
  const images = await gateImages(wanted, deps)
  const state = (await readRecord(await deps.clients.ssm(), inputs.release))?.state
  const answer = letGo(await askFor('deploy', state, images, inputs, deps), state, images, inputs.release)
  for (const warning of answer.warnings) deps.log.warning(warningText(warning, recordName(inputs.release)))
  return answer.level
}

/**
 * Right before the update: writes down what this release means to put into service, and asks the gate again on the very
 * state that this replaces, as someone may have frozen releases or migrated meanwhile. Returns whether the release may
 * be undone. Throws a UserError when the gate refuses: nothing was updated.
 */
export async function recordTarget(
  inputs: Inputs,
  wanted: Wanted[],
  revisions: Revision[],
  deps: Deps,
): Promise<UndoRight> {
  const { release } = inputs
  if (!release) return unguarded
  const images = await gateImages(wanted, deps)
  const target = Object.fromEntries(wanted.map(({ target: { name } }, at) => [name, revisions[at]!.familyRevision]))
  const { github, order: runOrder, clock, cancelled: signal } = deps
  const digests = images.map(({ digest }) => digest)
  const { answer, record } = await recordIntent(
    { ssm: await deps.clients.ssm(), clock, signal },
    release,
    (state) => askFor('deploy', state, images, inputs, deps),
    (state, { level, sourceKey }) => {
      const commit = github.sha || undefined
      const known = { digest: digests.length === 1 ? digests[0] : undefined, sourceKey, commit, level }
      const start = { ...known, since: clock.now().toISOString(), run: runName(github), runOrder }
      const after = targetRecorded(start, target)(state)
      checkSizeToCome(after, recordName(release))
      return after
    },
  )
  letGo(answer, record.state, images, release)
  return undoRight(inputs, wanted, record.state, deps)
}

function letGo(answer: GateAnswer, state: RecordState | undefined, images: GateImage[], release: RecordKey) {
  if (answer.go) return answer
  const { refusal, image } = answer
  const text = gateText(refusal, recordName(release))
  if (image) throw new UserError(`${image.name} may not serve yet. ${text}`)
  throw new UserError(refusal.because === 'unknown-image' ? text : `${text}${migratedText(state, images)}`)
}

/** A release that is refused after it has migrated leaves more behind than "nothing was changed" says. */
function migratedText(state: RecordState | undefined, images: GateImage[]): string {
  const { pending, schema, releases = [] } = state ?? {}
  const isOurs = (digest: string | undefined) => digest !== undefined && images.some((image) => image.digest === digest)
  if (pending && isOurs(pending.digest))
    return ` But a migration of this image to schema ${pending.level} was begun and has not been proven to succeed: look at it before anything else.`
  const [serving] = releases
  if (!schema || !isOurs(schema.digest) || !serving || isOurs(serving.digest) || serving.level === schema.level)
    return ''
  return ` But the database has been migrated to schema ${schema.level} for this image already, while what serves expects ${serving.level}: it has to work with both until this release, or a fix of it, is deployed.`
}
