import { comesBefore } from '../record/names.ts'
import { badMark, goodReleases, isOpen, knownImage, wentBackFrom } from '../record/releases.ts'
import type { Freeze, Intent, RecordState, Release } from '../record/state.ts'
import type { AdmissionQuestion, AdmissionRefusal, GateImage } from './types.ts'

/**
 * Why a release may not go on at all, whatever its images and its schema: the record is frozen (unless its commit
 * may pass), an operator went back from it, an image of it is marked bad, or a run that was triggered later came
 * first. Undefined when it may. A way back is not asked for a freeze, and an undo for nothing.
 */
export async function notAdmitted(question: AdmissionQuestion): Promise<AdmissionRefusal | undefined> {
  const { state, purpose, images, commit, run, runOrder, named, now } = question
  if (!state || purpose === 'undo') return undefined
  const { freeze, intent, bad } = state
  if (purpose !== 'rollback' && freeze && holds(freeze, commit, now))
    return { because: 'frozen', decision: freeze, commit }
  for (const image of named ? [] : images) {
    const mark = badMark(bad, { digest: image.digest, sourceKey: await sourceKeyOf(image, state) })
    if (mark) return { because: 'bad', decision: mark, image, purpose }
  }
  if (wentBackFrom(intent, run)) return { because: 'overruled', decision: intent }
  const by = overtaking(state, runOrder, run)
  return by && { because: 'superseded', runOrder, by }
}

function holds({ until, pass }: Freeze, commit: string | undefined, now: Date): boolean {
  return (until === undefined || now < new Date(until)) && (commit === undefined || pass !== commit)
}

/** From the record where it knows the image; the image itself is only read where sources are marked at all. */
async function sourceKeyOf({ digest, read }: GateImage, state: RecordState): Promise<string | undefined> {
  const known = knownImage(state, digest)?.sourceKey
  const mayMatter = digest && read && state.bad.some(({ sourceKey }) => sourceKey !== undefined)
  return known === undefined && mayMatter ? (await read(digest))?.sourceKey : known
}

/**
 * What was triggered after this run and came first: a release that ended well and is not marked bad, or the release
 * under way, as the lock of this one had expired.
 */
function overtaking(state: RecordState, runOrder?: string, run?: string): Release | Intent | undefined {
  const { bad, intent } = state
  const isLater = (other: Release | Intent) => comesBefore(runOrder, other.runOrder)
  const isUnderWay = isOpen(intent) && intent.kind === 'release' && run !== undefined && intent.run !== run
  const released = goodReleases(state).find((release) => isLater(release) && !badMark(bad, release))
  return released ?? (isUnderWay && isLater(intent) ? intent : undefined)
}
