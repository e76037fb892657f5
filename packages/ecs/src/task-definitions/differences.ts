import { canonical } from './canonical.ts'
import type { TaskDefinitionInput } from './fetch.ts'

/** One thing that is not the same. `before` and `after` are undefined where the thing is absent. */
export interface Difference {
  /** As a reader would name it: `web.image`, `web.environment.LOG_LEVEL`, `cpu`, `volumes.data.host`. */
  path: string
  before?: unknown
  after?: unknown
}

/**
 * What differs in meaning between two task definitions: neither order where order means nothing, nor defaults that the service fills in, nor spellings
 * of the same amount. Tags are no part of it. In the order of the paths.
 */
export function differences(before: TaskDefinitionInput, after: TaskDefinitionInput): Difference[] {
  const [a, b] = alikeRoles(leaves(canonical(before)), leaves(canonical(after)))
  return [...new Set([...a.keys(), ...b.keys()])]
    .filter((path) => JSON.stringify(a.get(path)) !== JSON.stringify(b.get(path)))
    .sort()
    .map((path) => ({
      path,
      ...(a.has(path) ? { before: a.get(path) } : {}),
      ...(b.has(path) ? { after: b.get(path) } : {}),
    }))
}

/** Whether two task definitions run the same thing in the same way. */
export function equivalent(a: TaskDefinitionInput, b: TaskDefinitionInput): boolean {
  return differences(a, b).length === 0
}

/** A difference as a line of text: `web.image: a → b`, `web.environment.DEBUG: added "1"`. */
export function describeDifference({ path, before, after }: Difference): string {
  if (before === undefined) return `${path}: added ${shown(after)}`
  if (after === undefined) return `${path}: removed (was ${shown(before)})`
  return `${path}: ${shown(before)} → ${shown(after)}`
}

/** Lists whose entries have a name of their own, which then stands in the path instead of a number. */
const nameKeys: Record<string, string> = {
  containerDefinitions: 'name',
  environment: 'name',
  secrets: 'name',
  secretOptions: 'name',
  volumes: 'name',
  ulimits: 'name',
  properties: 'name',
  mountPoints: 'containerPath',
  volumesFrom: 'sourceContainer',
  dependsOn: 'containerName',
  systemControls: 'namespace',
}

/** Lists whose entries are a name and one value: `environment.DEBUG`, not `environment.DEBUG.value`. */
const valueKeys: Record<string, string> = {
  environment: 'value',
  secrets: 'valueFrom',
  secretOptions: 'valueFrom',
  properties: 'value',
  systemControls: 'value',
}

type Fields = Record<string, unknown>
type Leaves = Map<string, unknown>

function leaves(value: unknown, key = '', path = '', found: Leaves = new Map()): Leaves {
  const children = childrenOf(value, key)
  if (!children) return found.set(path, value)
  // Containers are named without the list they stand in: `web.image`.
  for (const [name, child] of Object.entries(children))
    leaves(child, name, name === 'containerDefinitions' ? path : path ? `${path}.${name}` : name, found)
  return found
}

function childrenOf(value: unknown, key: string): Fields | undefined {
  if (Array.isArray(value)) {
    const name = nameKeys[key]
    const only = valueKeys[key]
    if (name === undefined) return undefined
    const found: Fields = {}
    for (const { [name]: entryName, ...rest } of value as Fields[])
      found[key === 'environment' ? String(entryName) : unusedName(String(entryName), found)] = only
        ? (rest[only] ?? '')
        : rest
    return found
  }
  if (typeof value !== 'object' || value === null) return undefined
  return Object.keys(value).length > 0 ? (value as Fields) : undefined
}

/** Entries that share a name all count, as in a `dependsOn` with two conditions for one container; of a variable only the last does. */
function unusedName(name: string, taken: Fields): string {
  let free = name
  for (let number = 2; Object.hasOwn(taken, free); number++) free = `${name} (${number})`
  return free
}

/** Roles may be given by name or by ARN; a name and an ARN of that name are the same role. */
function alikeRoles(a: Leaves, b: Leaves): [Leaves, Leaves] {
  for (const key of ['taskRoleArn', 'executionRoleArn']) {
    const [x, y] = [a.get(key), b.get(key)]
    if (typeof x !== 'string' || typeof y !== 'string') continue
    if (x.endsWith(`/${y}`) || y.endsWith(`/${x}`)) b.set(key, x)
  }
  return [a, b]
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text === '' ? '""' : text
}
