import { comesBefore } from '../record/names.ts'
import { badMark, goodReleases, type ImageIdentity, isOpen, knownImage, leaves } from '../record/releases.ts'
import type { Freeze, RecordState } from '../record/state.ts'
import type { AdmissionRefusal, GateImage, GateQuestion, Overtaking } from './types.ts'

/**
 * Why a release may not go on at all, whatever its images and its schema: the record is frozen (unless its commit may
 * pass), an operator went back from it, an image of it is marked bad, or a run that was triggered later came first.
 * Undefined when it may. A way back is only asked for marks, and an undo for nothing.
 */
export async function notAdmitted(question: GateQuestion): Promise<AdmissionRefusal | undefined> {
  const { state, purpose, commit, run, runOrder, now } = question
  if (!state || purpose === 'undo') return undefined
  const { freeze, intent } = state
  const isRelease = purpose !== 'rollback'
  if (isRelease && freeze && freezeHolds(freeze, commit, now)) return { because: 'frozen', freeze, commit }
  if (isRelease && leaves(intent, run)) return { because: 'overruled', wayBack: intent }
  const bad = question.named ? undefined : await markedImage(question, state)
  if (bad || !isRelease) return bad
  const by = overtaking(state, runOrder, run)
  return by && { because: 'superseded', runOrder, by }
}

async function markedImage(
  { images, purpose }: GateQuestion,
  state: RecordState,
): Promise<AdmissionRefusal | undefined> {
  for (const image of images) {
    const mark = badMark(state.bad, { digest: image.digest, sourceKey: await sourceKeyOf(image, state) })
    if (mark) return { because: 'bad', image, mark, purpose }
  }
  return undefined
}

/** From the record where it knows the image; the image itself is only read where sources are marked at all. */
async function sourceKeyOf(
  { digest, sourceKey, read }: GateImage,
  state: RecordState,
): Promise<ImageIdentity['sourceKey']> {
  const known = sourceKey ?? knownImage(state, digest)?.sourceKey
  if (known !== undefined || !digest || !read || !state.bad.some((mark) => mark.sourceKey !== undefined)) return known
  return (await read(digest))?.sourceKey
}

/**
 * What was triggered after this run and came first: of the releases the one triggered last (after a way back the newest
 * in the list is an old one), which is not marked bad; or the release under way, as this one's lock had expired.
 */
function overtaking(state: RecordState, runOrder: string | undefined, run: string | undefined): Overtaking | undefined {
  const { bad, intent } = state
  const [released] = goodReleases(state)
    .filter((release) => !badMark(bad, release) && comesBefore(runOrder, release.runOrder))
    .sort((a, b) => (comesBefore(a.runOrder, b.runOrder) ? 1 : -1))
  if (released) return { ...overtaker(released), state: 'released', at: released.at }
  const isAnother = run !== undefined && isOpen(intent) && intent.kind === 'release' && intent.run !== run
  return isAnother && comesBefore(runOrder, intent.runOrder)
    ? { ...overtaker(intent), state: 'begun', at: intent.since }
    : undefined
}

function overtaker({
  runOrder,
  commit,
  digest,
  run,
}: {
  runOrder?: string
  commit?: string
  digest?: string
  run?: string
}) {
  return { runOrder, name: commit ?? digest, run }
}

/** Whether a freeze is in force for `commit`: it has not ended by itself, and is not lifted for that commit. */
export function freezeHolds(freeze: Freeze | undefined, commit: string | undefined, now: Date): boolean {
  if (!freeze || (freeze.until !== undefined && now >= new Date(freeze.until))) return false
  return commit === undefined || freeze.pass !== commit
}
