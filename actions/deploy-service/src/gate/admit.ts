import { UserError } from '@deploy-actions/action-kit'
import {
  checkSizeToCome,
  type GateAnswer,
  type GateGo,
  type GateImage,
  gateText,
  type RecordState,
  recordIntent,
  recordName,
  targetRecorded,
  warningText,
} from '@deploy-actions/release'
import type { Deps, UndoRight } from '../deps.ts'
import type { Inputs } from '../inputs.ts'
import type { Revision, Wanted } from '../revision/types.ts'
import { askFor, asking, gateImages, stateNow } from './question.ts'
import { undoRight } from './undo-right.ts'

/**
 * Asks the gate whether this release may serve, before anything is registered. Returns the schema level that it
 * expects, as far as that is known. Throws a UserError when it may not: nothing was changed.
 */
export async function mayServe(inputs: Inputs, wanted: Wanted[], deps: Deps): Promise<string | undefined> {
  const images = await gateImages(wanted, deps)
  const state = await stateNow(inputs, deps)
  const name = recordName(inputs.release!)
  const { warnings, level } = letGo(await askFor('deploy', state, images, inputs, deps), state, images, name)
  for (const warning of warnings) deps.log.warning(warningText(warning, name))
  return level
}

/**
 * Right before the update: writes down what this release means to put into service, and asks the gate again on the
 * very state that this replaces, as someone may have frozen releases or migrated meanwhile. Returns whether the
 * release may be undone. Throws a UserError when the gate refuses: nothing was updated.
 */
export async function recordTarget(
  inputs: Inputs,
  wanted: Wanted[],
  revisions: Revision[],
  deps: Deps,
): Promise<UndoRight> {
  const { clients, clock, cancelled: signal, order: runOrder } = deps
  const name = recordName(inputs.release!)
  const images = await gateImages(wanted, deps)
  const target = Object.fromEntries(wanted.map((one, at) => [one.target.name, revisions[at]!.familyRevision]))
  const { commit, run, now } = asking(deps)
  const digest = images.length === 1 ? images[0]?.digest : undefined
  const { answer, record } = await recordIntent(
    { ssm: await clients.ssm(), clock, signal },
    inputs.release!,
    (state) => askFor('deploy', state, images, inputs, deps),
    (state, { level, sourceKey }) => {
      const start = { digest, sourceKey, commit, level, since: now.toISOString(), run, runOrder }
      const after = targetRecorded(start, target)(state)
      checkSizeToCome(after, name)
      return after
    },
  )
  letGo(answer, record.state, images, name)
  return undoRight(inputs, wanted, record.state, deps)
}

function letGo(answer: GateAnswer, state: RecordState | undefined, images: GateImage[], name: string): GateGo {
  if (answer.go) return answer
  const { refusal, image } = answer
  const text = gateText(refusal, name)
  if (refusal.because === 'unknown-image') throw new UserError(text)
  throw new UserError(image ? `${image.name} may not serve yet. ${text}` : `${text}${migratedText(state, images)}`)
}

/** A release that is refused after it has migrated leaves more behind than "nothing was changed" says. */
function migratedText(state: RecordState | undefined, images: GateImage[]): string {
  const { pending, schema, releases: [serving] = [] } = state ?? {}
  const isOurs = (digest: string | undefined) => digest !== undefined && images.some((image) => image.digest === digest)
  if (pending && isOurs(pending.digest))
    return ` But a migration of this image to schema ${pending.level} was begun and has not been proven to succeed: look at it before anything else.`
  if (!schema || !isOurs(schema.digest) || !serving || isOurs(serving.digest) || serving.level === schema.level)
    return ''
  return ` But the database has been migrated to schema ${schema.level} for this image already, while what serves expects ${serving.level}: it has to work with both until this release, or a fix of it, is deployed.`
}
