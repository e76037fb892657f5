import { type ServiceModel, type Shape, shapeOf } from './model.ts'

/**
 * Checks a handler's answer against the model and returns it without undefined members. An unknown member or a
 * wrong type is a mistake in the simulator itself, so it throws: the simulator cannot invent fields that AWS does
 * not have. Handlers give timestamps as Date and blobs as Buffer.
 */
export function checkOutput(
  model: ServiceModel,
  operation: string,
  shapeName: string | undefined,
  value: unknown,
): unknown {
  if (!shapeName) return {}
  return check(model, shapeOf(model, shapeName), value ?? {}, operation)
}

function wrong(path: string, value: unknown, wanted: string): Error {
  return new Error(`The simulator's answer is wrong at ${path}: expected ${wanted}, got ${JSON.stringify(value)}`)
}

function check(model: ServiceModel, shape: Shape, value: unknown, path: string): unknown {
  switch (shape.type) {
    case 'structure': {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(path, value, 'a structure')
      const entries = Object.entries(value).filter(([, member]) => member !== undefined)
      return Object.fromEntries(
        entries.map(([name, member]) => {
          const memberShape = shape.members?.[name]
          if (!memberShape)
            throw new Error(`The simulator's answer has a member that AWS does not know: ${path}.${name}`)
          return [name, check(model, shapeOf(model, memberShape), member, `${path}.${name}`)]
        }),
      )
    }
    case 'list':
      if (!Array.isArray(value)) throw wrong(path, value, 'a list')
      return value.map((entry, index) => check(model, shapeOf(model, shape.member ?? ''), entry, `${path}[${index}]`))
    case 'map':
      if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(path, value, 'a map')
      return Object.fromEntries(
        Object.entries(value).map(([key, entry]) => [
          key,
          check(model, shapeOf(model, shape.value ?? ''), entry, `${path}.${key}`),
        ]),
      )
    case 'timestamp':
      if (!(value instanceof Date)) throw wrong(path, value, 'a Date')
      return value
    case 'blob':
      if (!Buffer.isBuffer(value)) throw wrong(path, value, 'a Buffer')
      return value
    case 'string':
      if (typeof value !== 'string') throw wrong(path, value, 'a string')
      if (shape.enum && !shape.enum.includes(value)) throw wrong(path, value, `one of ${shape.enum.join(', ')}`)
      return value
    case 'boolean':
      if (typeof value !== 'boolean') throw wrong(path, value, 'a boolean')
      return value
    case 'integer':
    case 'long':
      if (typeof value !== 'number' || !Number.isInteger(value)) throw wrong(path, value, 'an integer')
      return value
    default:
      if (typeof value !== 'number') throw wrong(path, value, 'a number')
      return value
  }
}
