import { isFields } from './fields.ts'
import { nearestName } from './nearest.ts'
import { registerShape, type Shape } from './schema.ts'

export interface Problem {
  path: (string | number)[]
  /** Names the place and what is valid there. */
  message: string
}

/**
 * Reads `value`, whose scalars are texts or null, as `shape` says: texts become numbers and switches where the API
 * takes those, null is left out. Unknown keys and values of another kind come back as problems; what is not a
 * problem is complete.
 */
export function conform(value: unknown, shape: Shape): { result: unknown; problems: Problem[] } {
  const problems: Problem[] = []
  const result = read(value, shape, [], problems)
  return { result, problems }
}

function read(value: unknown, shape: Shape, path: Problem['path'], problems: Problem[]): unknown {
  const wrong = (wanted: string, seen = kindOf(value)) => {
    problems.push({ path, message: `${placeOf(path)} is ${seen}. Valid: ${wanted}.` })
  }
  // Members that take numbers and switches hold no secrets.
  const scalar = typeof value === 'string' ? value : ''
  const text = typeof value === 'string' ? JSON.stringify(value) : undefined
  switch (shape.kind) {
    case 'structure':
      return isFields(value) ? readFields(value, shape.fields, path, problems) : wrong('an object')
    case 'map':
      return isFields(value)
        ? present(Object.entries(value).map(([key, entry]) => [key, at(entry, shape.value, [...path, key], problems)]))
        : wrong('an object of names and texts')
    case 'list':
      return Array.isArray(value)
        ? value.map((entry, index) => read(entry, shape.item, [...path, index], problems))
        : wrong('a list')
    case 'number':
      return /^-?\d+(\.\d+)?$/.test(scalar) ? Number(scalar) : wrong('a number', text)
    case 'boolean':
      return /^(true|True|TRUE|false|False|FALSE)$/.test(scalar)
        ? scalar.toLowerCase() === 'true'
        : wrong('true or false', text)
    case 'string':
      return typeof value === 'string' ? value : wrong('a text')
    default:
      return value
  }
}

function readFields(
  value: Record<string, unknown>,
  fields: ReadonlyMap<string, Shape>,
  path: Problem['path'],
  problems: Problem[],
): unknown {
  const entries: [string, unknown][] = []
  for (const [key, member] of Object.entries(value)) {
    const shape = fields.get(key)
    if (shape) entries.push([key, at(member, shape, [...path, key], problems)])
    else problems.push({ path: [...path, key], message: unknownKey(key, path, fields) })
  }
  return present(entries)
}

function at(value: unknown, shape: Shape, path: Problem['path'], problems: Problem[]): unknown {
  return value === null ? undefined : read(value, shape, path, problems)
}

function unknownKey(key: string, path: Problem['path'], fields: ReadonlyMap<string, Shape>): string {
  const known = `unknown key ${placeOf([...path, key])}`
  const home = homeOf(key, path)
  if (home) return `${known}; "${key}" belongs ${home}.`
  const near = nearestName(key, fields.keys())
  return near ? `${known}; did you mean "${near}"?` : `${known}. Known here: ${[...fields.keys()].sort().join(', ')}.`
}

/** Where a key that stands in the wrong place is known: a container's key at the top, or the other way round. */
function homeOf(key: string, path: Problem['path']): string | undefined {
  const task = registerShape()
  if (path.length > 0 && task.fields.has(key)) return 'to the task definition itself, beside containerDefinitions'
  const containers = task.fields.get('containerDefinitions')
  const container = containers?.kind === 'list' && containers.item.kind === 'structure' ? containers.item : undefined
  return container?.fields.has(key) ? 'to a container in containerDefinitions' : undefined
}

function placeOf(path: Problem['path']): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('')
  return text.replace(/^\./, '')
}

/** Never the value itself: a command or a variable in the wrong form may hold a secret. */
function kindOf(value: unknown): string {
  if (value === null) return 'empty'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : 'a text'
}

/** Own properties whatever their name, `__proto__` included. */
function present(entries: [string, unknown][]): Record<string, unknown> {
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}
