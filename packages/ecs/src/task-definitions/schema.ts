import { RegisterTaskDefinitionRequest$, TaskDefinition$ } from '@aws-sdk/client-ecs'
import { once } from '@deploy-actions/action-kit'
import { NormalizedSchema } from '@smithy/core/schema'

/** The shape of a value in the ECS API. `fields` of a structure are its member names. */
export type Shape =
  | Structure
  | { kind: 'list'; item: Shape }
  | { kind: 'map'; value: Shape }
  | { kind: 'string' | 'number' | 'boolean' | 'other' }

export interface Structure {
  kind: 'structure'
  name: string
  fields: ReadonlyMap<string, Shape>
}

/**
 * The shape of a RegisterTaskDefinition request, read from the schema the SDK itself serialises by: a member that
 * is missing here would be dropped in silence on its way to AWS, so this list is exactly what may stand in a task
 * definition file.
 */
export const registerShape = once(() => structureOf(NormalizedSchema.of(RegisterTaskDefinitionRequest$)))

/** Members that DescribeTaskDefinition adds and RegisterTaskDefinition does not take. */
export const describeOnlyKeys = once(() =>
  [...NormalizedSchema.of(TaskDefinition$).structIterator()]
    .map(([name]) => name)
    .filter((name) => !registerShape().fields.has(name)),
)

function structureOf(schema: NormalizedSchema): Structure {
  const members = [...schema.structIterator()]
  return {
    kind: 'structure',
    name: schema.getName() ?? '',
    fields: new Map(members.map(([name, member]) => [name, shapeOf(member)])),
  }
}

function shapeOf(schema: NormalizedSchema): Shape {
  if (schema.isStructSchema()) return structureOf(schema)
  if (schema.isListSchema()) return { kind: 'list', item: shapeOf(schema.getValueSchema()) }
  if (schema.isMapSchema()) return { kind: 'map', value: shapeOf(schema.getValueSchema()) }
  if (schema.isStringSchema()) return { kind: 'string' }
  if (schema.isNumericSchema()) return { kind: 'number' }
  return { kind: schema.isBooleanSchema() ? 'boolean' : 'other' }
}
