import { canonical } from './canonical.ts'
import type { TaskDefinitionInput } from './fetch.ts'
import { registerShape, type Shape } from './schema.ts'
import { shownValue } from './shown-values.ts'

/** One thing that is not the same. What could be secret is not in it. */
export interface Difference {
  /** As a reader would name it: `web.image`, `web.environment.LOG_LEVEL`, `cpu`, `volumes.data.host`. */
  path: string
  change: 'added' | 'removed' | 'changed'
  /** For a reader, only where no secret can stand. */
  before?: string
  after?: string
}

/**
 * What differs in meaning between two task definitions: neither order where order means nothing, nor defaults that
 * the service fills in, nor spellings of the same amount. Tags are no part of it. In the order of the paths.
 */
export function differences(before: TaskDefinitionInput, after: TaskDefinitionInput): Difference[] {
  const [a, b] = alikeRoles(leavesOf(before), leavesOf(after))
  return [...new Set([...a.keys(), ...b.keys()])].sort().flatMap((path) => {
    const [x, y] = [a.get(path), b.get(path)]
    return JSON.stringify(x?.value) === JSON.stringify(y?.value) ? [] : [{ path, ...shownChange(x, y) }]
  })
}

function shownChange(before: Leaf | undefined, after: Leaf | undefined): Omit<Difference, 'path'> {
  const change = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed'
  const [was, is] = [before, after].map((leaf) => leaf && shownValue(leaf.place, leaf.shape, leaf.value))
  // Two that differ and look alike, or of which one is hidden, would mislead.
  if (change === 'changed' && (was === undefined || is === undefined || was === is)) return { change }
  return { change, ...(was !== undefined && { before: was }), ...(is !== undefined && { after: is }) }
}

/** Whether two task definitions run the same thing in the same way. */
export function equivalent(a: TaskDefinitionInput, b: TaskDefinitionInput): boolean {
  return differences(a, b).length === 0
}

/** A difference as a line of text: `web.image: a → b`, `cpu: added 256`, `web.environment.DEBUG: changed`. */
export function describeDifference({ path, change, before, after }: Difference): string {
  if (before !== undefined && after !== undefined) return `${path}: ${before} → ${after}`
  if (after !== undefined) return `${path}: added ${after}`
  return before !== undefined ? `${path}: removed (was ${before})` : `${path}: ${change}`
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

interface Leaf {
  value: unknown
  /** Where the API has it, names of entries left out: `containerDefinitions.*.image`. */
  place: string
  shape: Shape | undefined
}

type Leaves = Map<string, Leaf>

function leavesOf(definition: TaskDefinitionInput): Leaves {
  const found: Leaves = new Map()
  collect({ value: canonical(definition), place: '', shape: registerShape() }, '', '', found)
  return found
}

function collect(leaf: Leaf, key: string, path: string, found: Leaves): void {
  const children = childrenOf(leaf.value, key)
  if (!children) {
    found.set(path, leaf)
    return
  }
  for (const [name, value] of Object.entries(children)) {
    const part = Array.isArray(leaf.value) ? '*' : name
    const child = { value, place: leaf.place ? `${leaf.place}.${part}` : part, shape: shapeWithin(leaf.shape, name) }
    // Containers are named without the list they stand in: `web.image`.
    collect(child, name, name === 'containerDefinitions' ? path : path ? `${path}.${name}` : name, found)
  }
}

function shapeWithin(shape: Shape | undefined, name: string): Shape | undefined {
  if (shape?.kind === 'structure') return shape.fields.get(name)
  return shape?.kind === 'list' ? shape.item : shape?.kind === 'map' ? shape.value : undefined
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

/**
 * Entries that share a name all count, as in a `dependsOn` with two conditions for one container; of a variable
 * only the last does.
 */
function unusedName(name: string, taken: Fields): string {
  let free = name
  for (let number = 2; Object.hasOwn(taken, free); number++) free = `${name} (${number})`
  return free
}

/** Roles may be given by name or by ARN; a name and an ARN of that name are the same role. */
function alikeRoles(a: Leaves, b: Leaves): [Leaves, Leaves] {
  for (const key of ['taskRoleArn', 'executionRoleArn']) {
    const [x, y] = [a.get(key), b.get(key)]
    if (typeof x?.value !== 'string' || typeof y?.value !== 'string') continue
    if (x.value.endsWith(`/${y.value}`) || y.value.endsWith(`/${x.value}`)) b.set(key, x)
  }
  return [a, b]
}
