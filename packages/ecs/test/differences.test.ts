import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { describeDifference, differences, equivalent, type TaskDefinitionInput } from '../src/index.ts'
import { anyDefinition } from './arbitrary.ts'
import { withSecrets } from './secrets.ts'

const base = {
  family: 'web',
  networkMode: 'awsvpc' as const,
  requiresCompatibilities: ['FARGATE' as const],
  cpu: '256',
  memory: '512',
  containerDefinitions: [
    {
      name: 'web',
      image: 'a:1',
      portMappings: [{ containerPort: 80 }, { containerPort: 443 }],
      environment: [
        { name: 'A', value: '1' },
        { name: 'B', value: '' },
      ],
      secrets: [
        { name: 'X', valueFrom: '/x' },
        { name: 'Y', valueFrom: '/y' },
      ],
      healthCheck: { command: ['CMD', 'true'] },
    },
    { name: 'agent', image: 'b', essential: false },
  ],
} satisfies TaskDefinitionInput

const web = (changes: object): TaskDefinitionInput => ({
  ...base,
  containerDefinitions: [{ ...base.containerDefinitions[0]!, ...changes }, base.containerDefinitions[1]!],
})
const lines = (after: TaskDefinitionInput, before: TaskDefinitionInput = base) =>
  differences(before, after).map(describeDifference)

describe('the same', () => {
  test.each<[string, TaskDefinitionInput]>([
    ['order of variables', web({ environment: [...base.containerDefinitions[0]!.environment!].reverse() })],
    ['order of secrets', web({ secrets: [...base.containerDefinitions[0]!.secrets!].reverse() })],
    ['order of ports', web({ portMappings: [{ containerPort: 443 }, { containerPort: 80 }] })],
    ['order of containers', { ...base, containerDefinitions: [...base.containerDefinitions].reverse() }],
    [
      'ports as awsvpc fills them in',
      web({ portMappings: [80, 443].map((port) => ({ containerPort: port, hostPort: port, protocol: 'tcp' })) }),
    ],
    [
      'defaults of a container',
      web({
        essential: true,
        cpu: 0,
        mountPoints: [],
        volumesFrom: [],
        systemControls: [],
        privileged: false,
        versionConsistency: 'enabled',
        dockerLabels: {},
      }),
    ],
    [
      'defaults of a health check',
      web({ healthCheck: { command: ['CMD', 'true'], interval: 30, timeout: 5, retries: 3, startPeriod: 0 } }),
    ],
    ['defaults of a task', { ...base, volumes: [], placementConstraints: [], enableFaultInjection: false }],
    ['amounts in words', { ...base, cpu: '.25 vCPU', memory: '0.5GB' }],
    [
      'the platform Fargate has anyway',
      { ...base, runtimePlatform: { operatingSystemFamily: 'LINUX', cpuArchitecture: 'X86_64' } },
    ],
    ['an empty command', web({ command: [] })],
    ['tags', { ...base, tags: [{ key: 'run', value: '1' }] }],
  ])('%s', (_name, other) => {
    expect(lines(other)).toEqual([])
    expect(equivalent(other, base)).toBe(true)
  })

  test('a role by name and by ARN', () => {
    const role = (taskRoleArn: string) => ({ ...base, taskRoleArn })
    expect(equivalent(role('web'), role('arn:aws:iam::123456789012:role/service/web'))).toBe(true)
    expect(equivalent(role('web'), role('arn:aws:iam::123456789012:role/otherweb'))).toBe(false)
  })
})

describe('not the same, and said in a line', () => {
  test.each<[TaskDefinitionInput, string[]]>([
    [web({ image: 'a:2' }), ['web.image: a:1 → a:2']],
    [web({ image: 'https://user:password@a' }), ['web.image: changed']],
    [web({ environment: [{ name: 'A', value: '2' }] }), ['web.environment.A: changed', 'web.environment.B: removed']],
    [
      web({ environment: [...base.containerDefinitions[0]!.environment!, { name: 'C', value: '' }] }),
      ['web.environment.C: added'],
    ],
    [
      web({
        secrets: [
          { name: 'X', valueFrom: '/z' },
          { name: 'Y', valueFrom: '/y' },
        ],
      }),
      ['web.secrets.X: changed'],
    ],
    [web({ command: ['npm', 'start'] }), ['web.command: added']],
    [web({ portMappings: [{ containerPort: 80 }] }), ['web.portMappings: 443/tcp, 80/tcp → 80/tcp']],
    [web({ essential: false }), ['web.essential: true → false']],
    [web({ dockerLabels: { 'a.b': '1' } }), ['web.dockerLabels.a.b: added']],
    [{ ...base, cpu: '512' }, ['cpu: 256 → 512']],
    [web({ entryPoint: [] }), ['web.entryPoint: added']],
    [
      web({
        mountPoints: [
          { sourceVolume: 'b', containerPath: '/x' },
          { sourceVolume: 'a', containerPath: '/x' },
        ],
      }),
      ['web.mountPoints./x (2).sourceVolume: added', 'web.mountPoints./x.sourceVolume: added'],
    ],
    [{ ...base, volumes: [{ name: 'data' }] }, ['volumes.data: added']],
    [
      web({
        healthCheck: { command: ['CMD', 'curl --user=a:b'], retries: 5 },
        stopTimeout: 9,
        linuxParameters: { initProcessEnabled: true },
        logConfiguration: { logDriver: 'awslogs', options: { 'awslogs-group': '/web', 'awslogs-region': 'eu-west-1' } },
      }),
      [
        'web.healthCheck.command: changed',
        'web.healthCheck.retries: 3 → 5',
        'web.linuxParameters.initProcessEnabled: added true',
        'web.logConfiguration.logDriver: added awslogs',
        'web.logConfiguration.options.awslogs-group: added /web',
        'web.logConfiguration.options.awslogs-region: added',
        'web.stopTimeout: added 9',
      ],
    ],
    [
      web({ portMappings: [{ containerPort: 80 }, { containerPort: 443, name: 'https' }] }),
      ['web.portMappings: changed'],
    ],
    [
      { ...base, executionRoleArn: 'web', containerDefinitions: base.containerDefinitions.slice(0, 1) },
      ['agent.essential: removed (was false)', 'agent.image: removed (was b)', 'executionRoleArn: added web'],
    ],
    [{ ...base, runtimePlatform: { cpuArchitecture: 'ARM64' } }, ['runtimePlatform.cpuArchitecture: X86_64 → ARM64']],
  ])('%#', (after, expected) => {
    expect(lines(after)).toEqual(expected)
  })

  test('the order of a command, which means something', () => {
    expect(equivalent(web({ command: ['a', 'b'] }), web({ command: ['b', 'a'] }))).toBe(false)
  })

  test('every condition on a container, in any order', () => {
    const both = ['START', 'HEALTHY'].map((condition) => ({ containerName: 'agent', condition }))
    const on = (dependsOn: object[]) => web({ dependsOn })
    expect(lines(on([both[1]!]), on(both))).not.toEqual([])
    expect(lines(on([both[0]!]), on(both))).not.toEqual([])
    expect(lines(on([...both].reverse()), on(both))).toEqual([])
    const [start, healthy] = both.map((one) => on([one]))
    expect(differences(start!, healthy!).map(({ path }) => path)).toEqual(['web.dependsOn.agent.condition'])
  })

  test('a variable given twice counts as its last value', () => {
    const twice = web({
      environment: [
        { name: 'A', value: '0' },
        { name: 'A', value: '1' },
        { name: 'B', value: '' },
      ],
    })
    expect(equivalent(twice, base)).toBe(true)
  })
})

test('no text of a definition is in its differences, but for the members that cannot hold a secret', () => {
  fc.assert(
    fc.property(anyDefinition, anyDefinition, (a, b) => {
      const found = differences(withSecrets(a, 'old'), withSecrets(b, 'new'))
      expect(JSON.stringify(found) + found.map(describeDifference).join()).not.toMatch(/secret-(old|new)/)
    }),
  )
})

test('equivalence is reflexive, symmetric and blind to shuffling, whatever the definition', () => {
  fc.assert(
    fc.property(anyDefinition, anyDefinition, (a, b) => {
      expect(differences(a, structuredClone(a))).toEqual([])
      expect(differences(a, b).map(({ path }) => path)).toEqual(differences(b, a).map(({ path }) => path))
      const shuffled = { ...a, containerDefinitions: [...(a.containerDefinitions ?? [])].reverse() }
      expect(equivalent(a, shuffled)).toBe(true)
    }),
    { numRuns: 60 },
  )
})

test('a change of any leaf that is no default is seen', () => {
  fc.assert(
    fc.property(anyDefinition, fc.constantFrom('image', 'user', 'hostname', 'workingDirectory'), (definition, key) => {
      const [container, ...others] = definition.containerDefinitions ?? []
      const before = { ...definition, containerDefinitions: [{ ...container, [key]: 'before' }, ...others] }
      const after = { ...definition, containerDefinitions: [{ ...container, [key]: 'after' }, ...others] }
      expect(differences(before, after)).toEqual([
        {
          path: `${container?.name}.${key}`,
          change: 'changed',
          ...(key === 'image' && { before: 'before', after: 'after' }),
        },
      ])
    }),
  )
})
