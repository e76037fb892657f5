import { messageOf } from '@deploy-actions/action-kit'
import { attemptServes, type RecordState, readRecord, recordName } from '@deploy-actions/release'
import type { Inputs } from './inputs.ts'
import type { Deps } from './run.ts'

/**
 * Why this image should not be released here yet: its release never completed in the environment named by `tested-in`. Undefined when it did, when it has served here before, or when nothing
 * is to be checked. With `on-untested: warn` a record that cannot be read is a warning too.
 */
export async function untested(
  { application, testedIn, onUntested, digest }: Inputs,
  here: RecordState | undefined,
  { ssm, signal }: Pick<Deps, 'ssm' | 'signal'>,
): Promise<string | undefined> {
  if (!testedIn || here?.releases.some((release) => release.digest === digest)) return undefined
  try {
    const record = await readRecord(ssm, application, testedIn)
    if (!record)
      return `There is no record ${recordName(application, testedIn)}: ${application} was never released there.`
    return whyUntested(record.state, digest, testedIn)
  } catch (error) {
    if (onUntested === 'refuse' || signal.aborted) throw error
    return `Whether this image was released to ${testedIn} cannot be told. ${messageOf(error)}`
  }
}

function whyUntested(state: RecordState, digest: string, environment: string): string | undefined {
  const bad = state.bad.find((entry) => entry.digest === digest)
  if (bad)
    return `The image ${digest} was marked bad in ${environment} on ${bad.since}${bad.by ? ` by ${bad.by}` : ''}${bad.reason ? `: ${bad.reason}` : ''}.`
  if (state.releases.some((release) => release.digest === digest)) return undefined
  const attempt = state.attempt?.digest === digest ? state.attempt : undefined
  if (attempt && attemptServes(state)) return undefined
  const why = attempt
    ? `its release there ${attempt.outcome ? `ended as ${attempt.outcome}` : 'has not completed'}${attempt.run ? ` (${attempt.run})` : ''}`
    : `it is not among the last ${state.releases.length} releases there`
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
