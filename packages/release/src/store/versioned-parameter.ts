import { randomBytes } from 'node:crypto'
import { GetParameterCommand, PutParameterCommand, type SSMClient } from '@aws-sdk/client-ssm'
import { memoised } from '@deploy-actions/action-kit'
import { isAwsError } from '@deploy-actions/aws'

/**
 * Compare-and-set on an SSM parameter, which SSM itself does not have. PutParameter hands out version numbers one
 * by one, and old versions stay readable (`name:version`), so the order of versions decides: every value says which
 * version its writer had read (`after`), and a value counts only when it directly follows that version. A writer
 * that was overtaken learns it from the number it got back; what it wrote is skipped by every reader, as if it had
 * never been, and it tries again.
 */
export interface Write {
  after: number
  /** Tells a repeated request of the same writer, and a value that somebody put back by hand, from a lost race. */
  id: string
}

interface Version {
  /** The parsed JSON; undefined when the text is no JSON object. */
  value: Record<string, unknown> | undefined
  write: Write | undefined
  version: number
}

/** The version that counts. */
export interface Stored extends Version {
  /** The newest version, which a writer has to follow; higher than `version` after a lost race. */
  newest: number
}

/** SSM keeps 100 versions. */
const longestWalk = 100

/** The value that counts; undefined when the parameter does not exist. */
export async function readParameter(ssm: SSMClient, name: string): Promise<Stored | undefined> {
  const newest = await getParameter(ssm, name)
  if (!newest) return undefined
  const read = memoised((reference) => getParameter(ssm, reference))
  const versionOf = (version: number) => read(`${name}:${version}`)
  let current = newest
  for (let step = 0; step < longestWalk && (await lostItsRace(current, versionOf)); step++) {
    const previous = await versionOf(current.version - 1)
    if (!previous) break
    current = previous
  }
  return { ...current, newest: newest.version }
}

/**
 * Writes `value` after the version `after` (0: creates the parameter). Returns the new version, or undefined when
 * somebody else came first, in which case nothing has changed for readers.
 */
export async function writeParameter(
  ssm: SSMClient,
  name: string,
  value: Record<string, unknown>,
  after: number,
  description: string,
): Promise<number | undefined> {
  const write: Write = { after, id: randomBytes(6).toString('base64url') }
  const version = await putParameter(ssm, name, { ...value, write }, description)
  if (version === after + 1) return version

  // A request whose answer was lost is repeated by the SDK: then the version that counts is our own, written a
  // moment ago.
  const rightful = await getParameter(ssm, `${name}:${after + 1}`)
  if (rightful?.write?.id !== write.id) return undefined
  if (version !== undefined) await restoreCovered(ssm, name, version, write.id, description)
  return rightful.version
}

/**
 * Our repeated request landed on top of somebody else's value: puts theirs back, since readers would take ours for
 * one restored by hand.
 */
async function restoreCovered(ssm: SSMClient, name: string, version: number, id: string, description: string) {
  const covered = await getParameter(ssm, `${name}:${version - 1}`)
  if (!covered?.value || covered.write?.id === id) return
  const write: Write = { after: version, id: randomBytes(6).toString('base64url') }
  await putParameter(ssm, name, { ...covered.value, write }, description)
}

/** The version that was made; undefined when SSM refused because of another writer. */
async function putParameter(
  ssm: SSMClient,
  name: string,
  value: Record<string, unknown> & { write: Write },
  description: string,
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
        Overwrite: value.write.after > 0,
      }),
    )
    return output.Version
  } catch (error) {
    if (isAwsError(error, 'TooManyUpdates', 'ParameterAlreadyExists')) return undefined
    throw error
  }
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

/** `reference`: the parameter's name, for an older version with `:version`. */
async function getParameter(ssm: SSMClient, reference: string): Promise<Version | undefined> {
  try {
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name: reference }))
    const value = parsedObject(Parameter?.Value ?? '')
    const write = value?.write
    return { value, write: isWrite(write) ? write : undefined, version: Parameter?.Version ?? 0 }
  } catch (error) {
    if (isAwsError(error, 'ParameterNotFound', 'ParameterVersionNotFound')) return undefined
    throw error
  }
}

function parsedObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isWrite(value: unknown): value is Write {
  const write = value as Partial<Write> | undefined
  return typeof write?.after === 'number' && typeof write.id === 'string'
}
