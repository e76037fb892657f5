import { messageOf } from '@deploy-actions/action-kit'
import { badMark, goodReleases, markText, type RecordState, readRecord, recordName } from '@deploy-actions/release'
import type { Inputs } from './inputs.ts'
import type { Deps } from './run.ts'

/**
 * Why this image should not be released here yet: its release never completed in the environment named by `tested-in`.
 * Undefined when it did, when it has served here before, or when nothing is to be checked. With `on-untested: warn` a
 * record that cannot be read is a warning too.
 */
export async function untested(
  { application, testedIn, onUntested, digest }: Inputs,
  here: RecordState | undefined,
  { ssm, signal }: Pick<Deps, 'ssm' | 'signal'>,
): Promise<string | undefined> {
  if (!testedIn || here?.releases.some((release) => release.digest === digest)) return undefined
  const staging = { application, environment: testedIn }
  try {
    const record = await readRecord(ssm, staging)
    if (!record) return `There is no record ${recordName(staging)}: ${application} was never released there.`
    return whyUntested(record.state, digest, testedIn)
  } catch (error) {
    if (onUntested === 'refuse' || signal.aborted) throw error
    return `Whether this image was released to ${testedIn} cannot be told. ${messageOf(error)}`
  }
}

function whyUntested(state: RecordState, digest: string, environment: string): string | undefined {
  const mark = badMark(state.bad, { digest })
  if (mark) return `The image ${digest} ${markText(mark, environment)}.`
  const releases = goodReleases(state)
  if (releases.some((release) => release.digest === digest)) return undefined
  const intent = state.intent?.kind === 'release' && state.intent.digest === digest ? state.intent : undefined
  const why = intent
    ? `its release there ${intent.outcome ? `ended as ${intent.outcome}` : 'has not completed'}${intent.run ? ` (${intent.run})` : ''}`
    : `it is not among the last ${releases.length} releases there`
  return `The image ${digest} has not completed in ${environment}: ${why}.`
}

/** The failure, or undefined after a warning. */
export function onUntested(why: string | undefined, { onUntested, testedIn }: Inputs, { log }: Deps) {
  if (why === undefined) return undefined
  if (onUntested === 'refuse')
    return `${why} Nothing was changed. Release it to ${testedIn} first; when it has to go out without that, set on-untested: warn.`
  log.warning(why, 'Untested')
  return undefined
}
