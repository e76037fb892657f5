import { messageOf } from '@deploy-actions/action-kit'
import { badMark, goodReleases, markText, type RecordState, readRecord, recordName } from '@deploy-actions/release'
import type { Deps } from './deps.ts'
import type { Inputs } from './inputs.ts'

/**
 * Why this image is not released here yet: its release never completed in the environment named by `tested-in`.
 * Undefined when it did, when it has served here before, when nothing is to be checked, and after a warning where
 * that is all that `on-untested` asks for.
 */
export async function refusedAsUntested(
  inputs: Inputs,
  here: RecordState | undefined,
  deps: Deps,
): Promise<string | undefined> {
  const { testedIn, onUntested, digest } = inputs
  if (!testedIn || here?.releases.some((release) => release.digest === digest)) return undefined
  const why = await whyUntested(inputs, testedIn, deps)
  if (why && onUntested === 'refuse')
    return `${why} Nothing was changed. Release it to ${testedIn} first; when it has to go out without that, set on-untested: warn.`
  if (why) deps.log.warning(why, 'Untested')
  return undefined
}

async function whyUntested(
  { application, onUntested, digest }: Inputs,
  environment: string,
  { ssm, signal }: Deps,
): Promise<string | undefined> {
  const key = { application, environment }
  try {
    const record = await readRecord(ssm, key)
    return record
      ? whyUntestedBy(record.state, digest, environment)
      : `There is no record ${recordName(key)}: ${application} was never released there.`
  } catch (error) {
    if (onUntested === 'refuse' || signal.aborted) throw error
    return `Whether this image was released to ${environment} cannot be told. ${messageOf(error)}`
  }
}

function whyUntestedBy(state: RecordState, digest: string, environment: string): string | undefined {
  const { bad, intent } = state
  const mark = badMark(bad, { digest })
  if (mark) return `The image ${digest} ${markText(mark, environment)}.`
  const releases = goodReleases(state)
  if (releases.some((release) => release.digest === digest)) return undefined
  const why =
    intent?.kind === 'release' && intent.digest === digest
      ? `its release there ${intent.outcome ? `ended as ${intent.outcome}` : 'has not completed'}${intent.run ? ` (${intent.run})` : ''}`
      : `it is not among the last ${releases.length} releases there`
  return `The image ${digest} has not completed in ${environment}: ${why}.`
}
