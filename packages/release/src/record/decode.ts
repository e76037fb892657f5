import { UserError } from '@deploy-actions/action-kit'
import { parseLevel } from '../levels/schema-level.ts'
import { unpackServices } from './services.ts'
import type { RecordState } from './state.ts'

/** The format of the record that this version reads and writes. */
export const recordFormat = 1

/** Checks what was read. Throws a UserError for a record of a newer format, and for one that is damaged. */
export function decodeRecord(value: Record<string, unknown>, name: string, version: number): RecordState {
  const { format, ...stored } = value
  const state = unpacked(stored)
  if (typeof format === 'number' && format > recordFormat)
    throw new UserError(
      `The record ${name} has format ${format}, this version of the action reads up to ${recordFormat}: a newer version of deploy-actions wrote it. Use that version here too; nothing was changed.`,
    )
  const wrong = format === recordFormat ? firstWrong(state) : 'format'
  if (wrong) throw damagedRecord(name, version, `"${wrong}" is not what it should be`)
  return { ...(state as unknown as RecordState), releases: state.releases as [], bad: state.bad as [] }
}

/** Services that were packed for room are read as if they had not been; what is wrong with the rest is found afterwards. */
function unpacked(state: Record<string, unknown>): Record<string, unknown> {
  const unpack = (entry: unknown) =>
    isObject(entry) && typeof entry.services === 'string'
      ? { ...entry, services: unpackServices(entry.services) }
      : entry
  return {
    ...state,
    ...(Array.isArray(state.releases) ? { releases: state.releases.map(unpack) } : {}),
    ...('attempt' in state ? { attempt: unpack(state.attempt) } : {}),
  }
}

/** The error for a record that cannot be read, with the way to an older version of it. */
export function damagedRecord(name: string, version: number, why: string): UserError {
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

const text: Check = (value) => typeof value === 'string' && value !== ''
const digest: Check = (value) => typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value)
const level: Check = (value) => typeof value === 'string' && parseLevel(value) !== undefined
const time: Check = (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value))
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

const release: Record<string, Check> = {
  order: optional(text),
  digest,
  level,
  services: textsByName,
  commit: optional(text),
  run: optional(text),
}
const members: Record<string, Check> = {
  schema: optional(shape({ level, digest: optional(digest), since: time })),
  pending: optional(shape({ level, digest, since: time, task: optional(text) })),
  // `unknown` where a snapshot was taken before the first recorded migration.
  snapshot: optional(shape({ id: text, level: text, at: time })),
  releases: listOf(shape({ ...release, at: time, first: optional(time) })),
  attempt: optional(shape({ ...release, since: time, completed: optional(time), outcome: optional(text) })),
  bad: listOf(shape({ digest, since: time })),
  freeze: optional(shape({ by: text, reason: text, since: time, until: optional(time), pass: optional(text) })),
}

function firstWrong(state: Record<string, unknown>): string | undefined {
  return wrongMember(state, members)
}

function wrongMember(value: Record<string, unknown>, checks: Record<string, Check>): string | undefined {
  return Object.keys(checks).find((name) => !checks[name]!(value[name]))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
