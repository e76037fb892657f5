import { UserError } from '@deploy-actions/action-kit'
import { parseLevel } from '../levels/schema-level.ts'
import { isObject, type Stored } from '../store/versioned-parameter.ts'
import type { RecordState } from './state.ts'

/** The format of the record that this version reads and writes. */
export const recordFormat = 1

/** Checks what was read. Throws a UserError for a record of a newer format, and for one that is damaged. */
export function decodeRecord({ value, version }: Stored, name: string): RecordState {
  if (!value) throw damagedRecord(name, version, 'no JSON object')
  const { format, write: _, ...state } = value
  if (typeof format === 'number' && format > recordFormat)
    throw new UserError(
      `The record ${name} has format ${format}, this version of the action reads up to ${recordFormat}: a newer version of deploy-actions wrote it. Use that version here too; nothing was changed.`,
    )
  const wrong = format === recordFormat ? wrongMember(state, members) : 'format'
  if (wrong) throw damagedRecord(name, version, `"${wrong}" is not what it should be`)
  return state as unknown as RecordState
}

/** The error for a record that cannot be read, with the way to an older version of it. */
function damagedRecord(name: string, version: number, why: string): UserError {
  return new UserError(
    [
      `The record ${name} is damaged (version ${version}: ${why}). Nothing was changed. Its earlier versions are still there:`,
      `  aws ssm get-parameter-history --name ${name} --query 'Parameters[].[Version,LastModifiedDate,LastModifiedUser]' --output table`,
      'Put a good one back, here for example the one before:',
      `  aws ssm put-parameter --overwrite --name ${name} --value "$(aws ssm get-parameter --name ${name}:${Math.max(1, version - 1)} --query Parameter.Value --output text)"`,
    ].join('\n'),
  )
}

type Check = (value: unknown) => boolean

const isText: Check = (value) => typeof value === 'string'
const text: Check = (value) => typeof value === 'string' && value !== ''
const count: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const digest: Check = (value) => typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value)
const level: Check = (value) => typeof value === 'string' && parseLevel(value) !== undefined
const time: Check = (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value))
const oneOf =
  (...values: string[]): Check =>
  (value) =>
    values.includes(value as string)
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value)
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check)
const textsByName: Check = (value) => isObject(value) && Object.values(value).every(text)
const shape =
  (members: Record<string, Check>): Check =>
  (value) =>
    isObject(value) && wrongMember(value, members) === undefined

const subject: Record<string, Check> = {
  digest: optional(digest),
  sourceKey: optional(text),
  commit: optional(text),
  level: optional(level),
  services: textsByName,
  run: optional(text),
  runOrder: optional(text),
}
const intent: Record<string, Check> = {
  ...subject,
  kind: oneOf('release', 'rollback'),
  number: count,
  target: textsByName,
  since: time,
  completed: optional(time),
  outcome: optional(oneOf('failed', 'cancelled')),
  release: optional(count),
  by: optional(text),
  leaving: optional(shape({ number: count, run: optional(text) })),
}
const members: Record<string, Check> = {
  counter: count,
  schema: optional(shape({ level, digest: optional(digest), since: time, run: optional(text) })),
  pending: optional(shape({ level, digest, since: time, run: optional(text), task: optional(text) })),
  // `unknown` where a snapshot was taken before the first recorded migration.
  snapshot: optional(shape({ id: text, level: text, at: time })),
  releases: listOf(shape({ ...subject, number: count, at: time })),
  intent: optional(shape(intent)),
  bad: listOf(
    shape({
      digest: optional(digest),
      sourceKey: optional(text),
      since: time,
      by: optional(text),
      reason: optional(isText),
    }),
  ),
  freeze: optional(
    shape({ by: text, reason: isText, since: time, until: optional(time), run: optional(text), pass: optional(text) }),
  ),
}

function wrongMember(value: Record<string, unknown>, checks: Record<string, Check>): string | undefined {
  return Object.keys(checks).find((name) => !checks[name]!(value[name]))
}
