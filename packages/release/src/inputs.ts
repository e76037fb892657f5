import { type InputReader, UserError } from '@deploy-actions/action-kit'
import { type RecordKey, recordName, segment, segmentHint } from './record/names.ts'

// Inputs that several actions have, each judged in one place and without the AWS SDK. All throw a UserError that
// names input, value and what is valid.

export { type RecordKey, segment, segmentHint }

/**
 * The inputs `application` and `environment`, which name a record together; undefined when the action works alone.
 */
export function recordInput(reader: InputReader): RecordKey | undefined {
  const application = reader.text('application')
  const environment = reader.text('environment')
  if (environment?.includes('='))
    throw new UserError(
      `Input "environment" is "${environment}". Valid: the name of the environment of the release, such as staging. Variables of the container belong in "variables".`,
    )
  if (!application && !environment) return undefined
  if (!application || !environment)
    throw new UserError(
      `Input "${application ? 'environment' : 'application'}" is required together with "${application ? 'application' : 'environment'}": both name the record of the release, such as shop in staging. Leave both out to go without a record.`,
    )
  const key = { application, environment }
  recordName(key)
  return key
}

/** As recordInput, for an action that is nothing without a record. */
export function requiredRecordInput(reader: InputReader): RecordKey {
  const hint = 'application and environment name the record of the release, such as shop in staging'
  reader.required('application', hint)
  reader.required('environment', hint)
  return recordInput(reader) as RecordKey
}

/** The full SHA of a commit, undefined when the input is empty. */
export function commitInput(reader: InputReader): string | undefined {
  return reader.matching('commit', /^[0-9a-f]{40}$/, 'a full commit SHA of 40 hex digits')
}
