import { AwsFailure } from '../world.ts'
import { type ServiceModel, type Shape, shapeOf } from './model.ts'

/** A member that the model refuses. `path` is dotted, as AWS writes it: `containerDefinitions.1.member.name`. */
export interface Violation {
  kind: 'missing' | 'min' | 'max' | 'pattern' | 'enum'
  path: string
  shape: Shape
  value: unknown
}

export interface CheckedInput {
  /** Timestamps as Date, blobs as Buffer, members with null dropped, unknown members left out. */
  input: unknown
  violations: Violation[]
  /**
   * Members that the service does not know. AWS's JSON services ignore them, so the call goes on; tests read them
   * in `calls`.
   */
  unknown: string[]
}

const kindOf = (value: unknown) =>
  Array.isArray(value) ? 'ARRAY_VALUE' : value === null ? 'NULL_VALUE' : `${(typeof value).toUpperCase()}_VALUE`

// The name is certain (every AWS JSON service answers a wrong type so, before any rule of its own); the text
// differs between services.
function wrongType(value: unknown, wanted: string): AwsFailure {
  return new AwsFailure('SerializationException', `${kindOf(value)} can not be converted to ${wanted}`)
}

/**
 * Reads a decoded request body against the service's model.
 * Throws AwsFailure SerializationException for values of the wrong type; bounds and missing members come back as
 * violations.
 */
export function readInput(model: ServiceModel, shapeName: string | undefined, body: unknown): CheckedInput {
  const checked: CheckedInput = { input: {}, violations: [], unknown: [] }
  if (!shapeName) return checked
  checked.input = read(model, shapeOf(model, shapeName), body ?? {}, '', checked)
  return checked
}

function read(model: ServiceModel, shape: Shape, value: unknown, path: string, out: CheckedInput): unknown {
  switch (shape.type) {
    case 'structure':
      return readStructure(model, shape, value, path, out)
    case 'list':
      return readList(model, shape, value, path, out)
    case 'map':
      return readMap(model, shape, value, path, out)
    default:
      return readScalar(shape, value, path, out)
  }
}

const patterns = new Map<string, RegExp>()

/** Some of the model's patterns hold escapes that JavaScript refuses in unicode mode. */
function wholePattern(pattern: string): RegExp {
  let compiled = patterns.get(pattern)
  if (!compiled) {
    const whole = `^(?:${pattern})$`
    try {
      compiled = new RegExp(whole, 'u')
    } catch {
      compiled = new RegExp(whole)
    }
    patterns.set(pattern, compiled)
  }
  return compiled
}

const join = (path: string, name: string) => (path ? `${path}.${name}` : name)

function readStructure(model: ServiceModel, shape: Shape, value: unknown, path: string, out: CheckedInput): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongType(value, 'a structure')
  const given = value as Record<string, unknown>
  const result: Record<string, unknown> = {}
  for (const [name, member] of Object.entries(given)) {
    const memberShape = shape.members?.[name]
    if (!memberShape) out.unknown.push(join(path, name))
    else if (member !== null && member !== undefined) {
      result[name] = read(model, shapeOf(model, memberShape), member, join(path, name), out)
    }
  }
  for (const name of shape.required ?? []) {
    if (result[name] !== undefined) continue
    const missing = shapeOf(model, shape.members?.[name] ?? '')
    out.violations.push({ kind: 'missing', path: join(path, name), shape: missing, value: null })
  }
  return result
}

function readList(model: ServiceModel, shape: Shape, value: unknown, path: string, out: CheckedInput): unknown {
  if (!Array.isArray(value)) throw wrongType(value, 'a list')
  bounds(shape, value.length, value, path, out)
  const member = shapeOf(model, shape.member ?? '')
  return value.map((entry, index) => {
    if (entry === null) throw wrongType(entry, 'a list member')
    return read(model, member, entry, join(path, `${index + 1}.member`), out)
  })
}

function readMap(model: ServiceModel, shape: Shape, value: unknown, path: string, out: CheckedInput): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongType(value, 'a map')
  const member = shapeOf(model, shape.value ?? '')
  const entries = Object.entries(value)
  bounds(shape, entries.length, value, path, out)
  return Object.fromEntries(
    entries.map(([key, entry]) => [key, read(model, member, entry, join(path, `${key}.value`), out)]),
  )
}

function readScalar(shape: Shape, value: unknown, path: string, out: CheckedInput): unknown {
  switch (shape.type) {
    case 'string':
      if (typeof value !== 'string') throw wrongType(value, 'String')
      if (shape.enum && !shape.enum.includes(value)) out.violations.push({ kind: 'enum', path, shape, value })
      bounds(shape, value.length, value, path, out)
      if (shape.pattern && !wholePattern(shape.pattern).test(value)) {
        out.violations.push({ kind: 'pattern', path, shape, value })
      }
      return value
    case 'boolean':
      if (typeof value !== 'boolean') throw wrongType(value, 'Boolean')
      return value
    case 'integer':
    case 'long':
      if (typeof value !== 'number' || !Number.isInteger(value))
        throw wrongType(value, shape.type === 'long' ? 'Long' : 'Integer')
      bounds(shape, value, value, path, out)
      return value
    case 'float':
    case 'double':
      if (typeof value !== 'number') throw wrongType(value, 'Double')
      bounds(shape, value, value, path, out)
      return value
    case 'timestamp':
      if (value instanceof Date) return value
      if (typeof value !== 'number') throw wrongType(value, 'Timestamp')
      return new Date(Math.round(value * 1000))
    default:
      return readBlob(shape, value, path, out)
  }
}

function readBlob(shape: Shape, value: unknown, path: string, out: CheckedInput): unknown {
  if (Buffer.isBuffer(value)) return value
  if (typeof value !== 'string') throw wrongType(value, 'Blob')
  const bytes = Buffer.from(value, 'base64')
  bounds(shape, bytes.length, value, path, out)
  return bytes
}

function bounds(shape: Shape, size: number, value: unknown, path: string, out: CheckedInput): void {
  if (shape.min !== undefined && size < shape.min) out.violations.push({ kind: 'min', path, shape, value })
  if (shape.max !== undefined && size > shape.max) out.violations.push({ kind: 'max', path, shape, value })
}
