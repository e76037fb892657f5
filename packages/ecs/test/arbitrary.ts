import fc from 'fast-check'
import type { TaskDefinitionInput } from '../src/index.ts'
import { registerShape, type Shape } from '../src/task-definitions/schema.ts'

/** Texts that files and comparisons stumble over: blanks, quotes, colons, what YAML takes for something else, nothing at all. */
const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.constantFrom(
    '',
    ' ',
    'null',
    '~',
    'true',
    'no',
    '1.10',
    '0x1',
    '- a',
    'a: b',
    '#',
    '"',
    "'",
    '\n',
    'é😀',
    '__proto__',
  ),
)

function anyOf(shape: Shape): fc.Arbitrary<unknown> {
  switch (shape.kind) {
    case 'structure':
      return fc.record(Object.fromEntries([...shape.fields].map(([name, field]) => [name, anyOf(field)])), {
        requiredKeys: [],
      })
    case 'list':
      return fc.array(anyOf(shape.item), { maxLength: 2 })
    case 'map':
      return fc.dictionary(text, anyOf(shape.value), { maxKeys: 2, noNullPrototype: true })
    case 'number':
      return fc.integer({ min: -1, max: 65_535 })
    case 'boolean':
      return fc.boolean()
    default:
      return text
  }
}

const names = fc.constantFrom('web', 'agent', 'proxy')

/** Anything that the API's schema allows, in every member it has; families and containers have names. */
export const anyDefinition: fc.Arbitrary<TaskDefinitionInput> = fc
  .tuple(anyOf(registerShape()), fc.uniqueArray(names, { minLength: 1 }))
  .map(([value, containers]) => {
    const definition = value as TaskDefinitionInput
    const own = definition.containerDefinitions ?? []
    return {
      ...definition,
      family: 'web',
      containerDefinitions: containers.map((name, index) => ({ ...own[index], name })),
    } as TaskDefinitionInput
  })

const port = fc.record(
  { containerPort: fc.integer({ min: 1, max: 65_535 }), protocol: fc.constantFrom('tcp', 'udp') },
  { requiredKeys: ['containerPort'] },
)
const pairs = (value: string) =>
  fc
    .uniqueArray(fc.constantFrom('A', 'B', 'LEVEL', 'URL'), { maxLength: 4 })
    .chain((keys) => fc.tuple(...keys.map((name) => text.map((entry) => ({ name, [value]: entry })))))

/** Definitions that ECS accepts: what a Fargate service runs. */
export const validDefinition: fc.Arbitrary<TaskDefinitionInput> = fc
  .tuple(
    fc.uniqueArray(names, { minLength: 1 }),
    fc.array(
      fc.record(
        {
          image: fc.constantFrom('example.com/a:1', 'example.com/b:2'),
          cpu: fc.constantFrom(0, 64),
          essential: fc.constant(true),
          command: fc.array(fc.constantFrom('npm', 'start', ''), { maxLength: 2 }),
          portMappings: fc.uniqueArray(port, { maxLength: 3, selector: ({ containerPort }) => containerPort }),
          environment: pairs('value'),
          dockerLabels: fc.dictionary(fc.constantFrom('a', 'b'), text, { noNullPrototype: true }),
          readonlyRootFilesystem: fc.boolean(),
          healthCheck: fc.record(
            { command: fc.constant(['CMD', 'true']), interval: fc.constantFrom(10, 30) },
            { requiredKeys: ['command'] },
          ),
          stopTimeout: fc.integer({ min: 1, max: 120 }),
        },
        { requiredKeys: ['image'] },
      ),
      { minLength: 3, maxLength: 3 },
    ),
    fc.constantFrom('256', '.25 vCPU', '0.25 vcpu'),
    fc.constantFrom('512', '0.5 GB', '0.5GB'),
  )
  .map(([containers, bodies, cpu, memory]) => ({
    family: 'web',
    networkMode: 'awsvpc' as const,
    requiresCompatibilities: ['FARGATE' as const],
    cpu,
    memory,
    containerDefinitions: containers.map((name, index) => ({ ...bodies[index], name })) as never,
  }))
