import { RegisterTaskDefinitionRequest$, TaskDefinition$ } from '@aws-sdk/client-ecs'
import { NormalizedSchema } from '@smithy/core/schema'

/** The shape of a value in the ECS API. `fields` of a structure are its member names. */
export type Shape =
  | { kind: 'structure'; name: string; fields: ReadonlyMap<string, Shape> }
  | { kind: 'list'; item: Shape }
  | { kind: 'map'; value: Shape }
  | { kind: 'string' | 'number' | 'boolean' | 'other' }

/**
 * The shape of a RegisterTaskDefinition request, read from the schema the SDK itself serialises by: a member that is
 * missing here would be dropped in silence on its way to AWS, so this list is exactly what may stand in a task
 * definition file.
 */
export function registerShape(): Shape {
  register ??= shapeOf(NormalizedSchema.of(RegisterTaskDefinitionRequest$))
  return register
}

/** Members that DescribeTaskDefinition adds and RegisterTaskDefinition does not take. */
export function describeOnlyKeys(): readonly string[] {
  describeOnly ??= memberNames(NormalizedSchema.of(TaskDefinition$)).filter(
    (name) => !fieldsOf(registerShape()).has(name),
  )
  return describeOnly
}

let register: Shape | undefined
let describeOnly: readonly string[] | undefined

function shapeOf(schema: NormalizedSchema): Shape {
  if (schema.isStructSchema()) {
    const fields = new Map<string, Shape>()
    for (const [name, member] of schema.structIterator()) fields.set(name, shapeOf(member))
    return { kind: 'structure', name: schema.getName() ?? '', fields }
  }
  if (schema.isListSchema()) return { kind: 'list', item: shapeOf(schema.getValueSchema()) }
  if (schema.isMapSchema()) return { kind: 'map', value: shapeOf(schema.getValueSchema()) }
  if (schema.isStringSchema()) return { kind: 'string' }
  if (schema.isNumericSchema()) return { kind: 'number' }
  if (schema.isBooleanSchema()) return { kind: 'boolean' }
  return { kind: 'other' }
}

function memberNames(schema: NormalizedSchema): string[] {
  return [...schema.structIterator()].map(([name]) => name)
}

function fieldsOf(shape: Shape): ReadonlyMap<string, Shape> {
  return shape.kind === 'structure' ? shape.fields : new Map()
}
