import { randomBytes } from 'node:crypto'
import {
  GetParameterCommand,
  type GetParameterCommandOutput,
  PutParameterCommand,
  type SSMClient,
} from '@aws-sdk/client-ssm'
import { isAwsError } from '@deploy-actions/aws'

/**
 * Compare-and-set on an SSM parameter, which SSM itself does not have. PutParameter hands out version numbers one by
 * one, and old versions stay readable (`name:version`), so the order of versions decides: every value says which
 * version its writer had read (`after`), and a value counts only when it directly follows that version. A writer that
 * was overtaken learns it from the number it got back; what it wrote is skipped by every reader, as if it had never
 * been, and it tries again.
 */
export interface Write {
  after: number
  /** Tells a repeated request of the same writer, and a value that somebody put back by hand, from a lost race. */
  id: string
}

export interface Stored {
  /** The value without the `write` member, as parsed JSON. */
  value: Record<string, unknown>
  /** The version that counts. */
  version: number
  /** The newest version, which a writer has to follow; higher than `version` after a lost race. */
  newest: number
  modified: Date | undefined
}

/** A value that is not a JSON object. The caller knows what the parameter is for and writes the message. */
export class DamagedValue extends Error {
  readonly version: number

  constructor(version: number) {
    super(`Version ${version} is not a JSON object.`)
    this.version = version
  }
}

/** SSM keeps 100 versions. */
const longestWalk = 100

/** The value that counts; undefined when the parameter does not exist. Throws DamagedValue. */
export async function readParameter(ssm: SSMClient, name: string): Promise<Stored | undefined> {
  const newest = await getParameter(ssm, name)
  if (!newest) return undefined
  const known = new Map([[newest.version, Promise.resolve<Version | undefined>(newest)]])
  const versionOf = (version: number) => {
    const found = known.get(version) ?? getParameter(ssm, name, version)
    known.set(version, found)
    return found
  }
  let current = newest
  for (let step = 0; step < longestWalk && (await lostItsRace(current, versionOf)); step++) {
    const previous = await versionOf(current.version - 1)
    if (!previous) break
    current = previous
  }
  if (!current.value) throw new DamagedValue(current.version)
  return { value: current.value, version: current.version, newest: newest.version, modified: current.modified }
}

/**
 * Writes `value` after `previous` (undefined: creates the parameter). Returns the new version, or undefined when
 * somebody else came first, in which case nothing has changed for readers.
 */
export async function writeParameter(
  ssm: SSMClient,
  name: string,
  value: Record<string, unknown>,
  previous: Stored | undefined,
  description: string,
): Promise<number | undefined> {
  const write: Write = { after: previous?.newest ?? 0, id: randomBytes(6).toString('base64url') }
  const version = await putParameter(ssm, name, { ...value, write }, description, previous !== undefined)
  if (version === write.after + 1) return version

  // A request whose answer was lost is repeated by the SDK: then the version that counts is our own, written a moment
  // ago.
  const rightful = await getParameter(ssm, name, write.after + 1)
  if (rightful?.write?.id !== write.id) return undefined
  if (version !== undefined) await restoreCovered(ssm, name, version, write.id, description)
  return rightful.version
}

/**
 * Our repeated request landed on top of somebody else's value: puts theirs back, since readers would take ours for one
 * restored by hand.
 */
async function restoreCovered(ssm: SSMClient, name: string, version: number, id: string, description: string) {
  const covered = await getParameter(ssm, name, version - 1)
  if (!covered?.value || covered.write?.id === id) return
  const write: Write = { after: version, id: randomBytes(6).toString('base64url') }
  await putParameter(ssm, name, { ...covered.value, write }, description, true)
}

/** The version that was made; undefined when SSM refused because of another writer. */
async function putParameter(
  ssm: SSMClient,
  name: string,
  value: Record<string, unknown>,
  description: string,
  overwrite: boolean,
): Promise<number | undefined> {
  try {
    const output = await ssm.send(
      new PutParameterCommand({
        Name: name,
        Value: JSON.stringify(value),
        Type: 'String',
        // Above 4 KB the parameter becomes an advanced one, which holds 8 KB, and stays one.
        Tier: 'Intelligent-Tiering',
        Description: description,
        ...(overwrite ? { Overwrite: true } : {}),
      }),
    )
    return output.Version
  } catch (error) {
    if (isAwsError(error, 'TooManyUpdates', 'ParameterAlreadyExists')) return undefined
    throw error
  }
}

interface Version {
  /** Undefined when the text is not a JSON object. */
  value: Record<string, unknown> | undefined
  write: Write | undefined
  version: number
  modified: Date | undefined
}

async function lostItsRace(
  { write, version }: Version,
  versionOf: (version: number) => Promise<Version | undefined>,
): Promise<boolean> {
  // A version from the future stems from a parameter of this name that was deleted since.
  if (!write || write.after === version - 1 || write.after >= version) return false
  const rightful = await versionOf(write.after + 1)
  return rightful?.write?.id !== write.id
}

async function getParameter(ssm: SSMClient, name: string, version?: number): Promise<Version | undefined> {
  let output: GetParameterCommandOutput
  try {
    output = await ssm.send(new GetParameterCommand({ Name: version === undefined ? name : `${name}:${version}` }))
  } catch (error) {
    if (isAwsError(error, 'ParameterNotFound', 'ParameterVersionNotFound')) return undefined
    throw error
  }
  const { Value = '', Version: found = 0, LastModifiedDate: modified } = output.Parameter ?? {}
  const parsed = parseObject(Value)
  if (!parsed) return { value: undefined, write: undefined, version: found, modified }
  const { write, ...value } = parsed
  return { value, write: isWrite(write) ? write : undefined, version: found, modified }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

function isWrite(value: unknown): value is Write {
  const write = value as Partial<Write> | undefined
  return typeof write?.after === 'number' && typeof write.id === 'string'
}
