import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { stringify } from 'yaml'
import { toRegisterInput } from '../src/index.ts'
import { editDistance, nearestName } from '../src/task-definitions/nearest.ts'
import { parseTaskDefinitionFile } from '../src/task-definitions/parse-file.ts'
import { describeOnlyKeys, registerShape } from '../src/task-definitions/schema.ts'
import { anyDefinition } from './arbitrary.ts'

const minimal = { family: 'web', containerDefinitions: [{ name: 'web', image: 'a' }] }
const parse = (value: unknown) => parseTaskDefinitionFile(JSON.stringify(value, null, 2), 'td.json')
const messageFor = (text: string) => {
  try {
    parseTaskDefinitionFile(text, 'td.json')
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`
  }
  return 'accepted'
}

test('the round trip from DescribeTaskDefinition through a file loses nothing', () => {
  fc.assert(
    fc.property(anyDefinition, fc.boolean(), (definition, yaml) => {
      const described = {
        ...definition,
        taskDefinitionArn: 'arn:aws:ecs:eu-central-1:123456789012:task-definition/web:7',
        revision: 7,
        status: 'ACTIVE' as const,
        compatibilities: ['EC2' as const],
        requiresAttributes: [{ name: 'x' }],
        registeredAt: new Date(0),
        registeredBy: 'someone',
      }
      const { tags: _, ...bare } = described
      const input = toRegisterInput({ taskDefinition: bare as never, tags: [{ key: 'team', value: '' }] })
      expect(input).toEqual({ ...withoutTags(definition), tags: [{ key: 'team', value: '' }] })
      const text = yaml ? stringify(input) : JSON.stringify(input, null, '\t')
      expect(parseTaskDefinitionFile(text, 'file')).toEqual(input)
    }),
    { numRuns: 100 },
  )
})

test('the whole answer of DescribeTaskDefinition may stand in the file', () => {
  const answer = {
    taskDefinition: { ...minimal, revision: 3, registeredAt: '2026-01-01' },
    tags: [{ key: 'a', value: 'b' }],
  }
  expect(parse(answer)).toEqual({ ...minimal, tags: [{ key: 'a', value: 'b' }] })
})

test('what Describe adds is known from the SDK', () => {
  expect([...describeOnlyKeys()].sort()).toEqual(
    [
      'compatibilities',
      'deleteRequestedAt',
      'deregisteredAt',
      'registeredAt',
      'registeredBy',
      'requiresAttributes',
      'revision',
      'status',
      'taskDefinitionArn',
    ].sort(),
  )
})

test('numbers and switches are read as the API takes them, texts as they were written', () => {
  const text = `family: web
cpu: 256
containerDefinitions:
  - name: web
    image: a
    cpu: "64"
    essential: true
    environment:
      - { name: VERSION, value: 1.10 }
      - { name: EMPTY, value: "" }
      - { name: NULL_TEXT, value: "null" }
      - { name: TRUE, value: true }
    healthCheck:
    command: []
`
  expect(parseTaskDefinitionFile(text, 'td.yml')).toEqual({
    family: 'web',
    cpu: '256',
    containerDefinitions: [
      {
        name: 'web',
        image: 'a',
        cpu: 64,
        essential: true,
        environment: [
          { name: 'VERSION', value: '1.10' },
          { name: 'EMPTY', value: '' },
          { name: 'NULL_TEXT', value: 'null' },
          { name: 'TRUE', value: 'true' },
        ],
        command: [],
      },
    ],
  })
})

test('anchors and merge keys of YAML are understood', () => {
  const text = 'family: web\ncontainerDefinitions:\n  - &base { name: web, image: a }\n  - <<: *base\n    name: other\n'
  expect(parseTaskDefinitionFile(text, 'td.yml').containerDefinitions).toEqual([
    { name: 'web', image: 'a' },
    { name: 'other', image: 'a' },
  ])
})

describe('what is refused', () => {
  test.each([
    [
      '{"family":"web","contianerDefinitions":[]}',
      'unknown key contianerDefinitions; did you mean "containerDefinitions"?',
    ],
    [
      '{"family":"web","containerDefinitions":[{"name":"a","portMapings":[]}]}',
      'line 1: unknown key containerDefinitions[0].portMapings; did you mean "portMappings"?',
    ],
    [
      '{"family":"web","containerDefinitions":[{"name":"a","healthCheck":{"comand":[]}}]}',
      'healthCheck.comand; did you mean "command"?',
    ],
    [
      '{"family":"web","containerDefinitions":[{"name":"a"}],"environment":[]}',
      '"environment" belongs to a container in containerDefinitions',
    ],
    [
      '{"family":"web","containerDefinitions":[{"name":"a","networkMode":"awsvpc"}]}',
      '"networkMode" belongs to the task definition itself',
    ],
    ['{"family":"web","containerDefinitions":[{"name":"a","zzz":1}]}', 'Known here: command, cpu,'],
    [
      '{"family":"web","containerDefinitions":[{"name":"a","essential":"yes"}]}',
      'containerDefinitions[0].essential is "yes". Valid: true or false.',
    ],
    [
      '{"family":"web","containerDefinitions":[{"name":"a","cpu":"much"}]}',
      'containerDefinitions[0].cpu is "much". Valid: a number.',
    ],
    [
      '{"family":"web","containerDefinitions":[{"name":"a","command":"npm start"}]}',
      'containerDefinitions[0].command is a text. Valid: a list.',
    ],
    ['{"family":"web","containerDefinitions":{"name":"a"}}', 'containerDefinitions is an object. Valid: a list.'],
    [
      '{"family":"web","containerDefinitions":[{"image":"a"}]}',
      'has a container without a name (containerDefinitions[0])',
    ],
    ['{"containerDefinitions":[{"name":"a"}]}', 'td.json has no family'],
    ['{"family":"web"}', 'td.json has no containerDefinitions'],
    ['[{"name":"a"}]', 'td.json is a list; a task definition is an object'],
    ['', 'td.json holds no task definition'],
    ['{"family":"web"', 'td.json:1:'],
    ['{"family":"web","family":"x"}', 'Map keys must be unique'],
    ['family: !Ref Family', 'Intrinsic functions of CloudFormation'],
    ['{"Family":"web","ContainerDefinitions":[]}', 'PascalCase, as CloudFormation writes them'],
    ['{"Resources":{}}', 'is a CloudFormation template'],
    ['{"container_definitions":[]}', 'snake_case, as Terraform writes them'],
  ])('%s', (text, message) => {
    expect(messageFor(text)).toContain(message)
    expect(messageFor(text)).toMatch(/^UserError: /)
  })

  test('every misspelled key is named, with its line', () => {
    const message = messageFor(
      JSON.stringify({ ...minimal, famly: 'x', containerDefinitions: [{ name: 'a', imge: 'b' }] }, null, 2),
    )
    expect(message).toMatch(/line 6: unknown key containerDefinitions\[0\]\.imge; did you mean "image"\?/)
    expect(message).toMatch(/line 9: unknown key famly; did you mean "family"\?/)
  })
})

test('one slip of the finger in any known key leads back to it or to another known one', () => {
  const shape = registerShape()
  if (shape.kind !== 'structure') throw new Error('The schema of RegisterTaskDefinition is a structure.')
  const known = [...shape.fields.keys()].filter((key) => key.length > 4)
  fc.assert(
    fc.property(fc.constantFrom(...known), fc.nat(), fc.constantFrom('drop', 'swap', 'double'), (key, seed, slip) => {
      const at = seed % (key.length - 1)
      const wrong =
        slip === 'drop'
          ? key.slice(0, at) + key.slice(at + 1)
          : slip === 'swap'
            ? key.slice(0, at) + key[at + 1] + key[at] + key.slice(at + 2)
            : key.slice(0, at) + key[at] + key.slice(at)
      const nearest = nearestName(wrong, known) ?? ''
      expect(known).toContain(nearest)
      expect(editDistance(nearest.toLowerCase(), wrong.toLowerCase())).toBeLessThanOrEqual(1)
    }),
  )
})

test('nothing is suggested for what resembles nothing', () => {
  expect(nearestName('zzz', ['image', 'name'])).toBeUndefined()
  expect(nearestName('IMAGE', ['image', 'name'])).toBe('image')
  expect(nearestName('container_definitions', ['containerDefinitions'])).toBe('containerDefinitions')
})

function withoutTags<T extends { tags?: unknown }>({ tags: _, ...rest }: T) {
  return rest
}
