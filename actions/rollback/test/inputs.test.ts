import { inputReader } from '@deploy-actions/action-kit'
import { parseInputs } from '../src/inputs.ts'

const parse = (inputs: Record<string, string>) =>
  parseInputs(
    inputReader({
      AWS_REGION: 'eu-central-1',
      ...Object.fromEntries(
        Object.entries({ cluster: 'prod', service: 'web', ...inputs }).map(([name, value]) => [
          `INPUT_${name.toUpperCase()}`,
          value,
        ]),
      ),
    }),
  )

test('the defaults', () => {
  expect(parse({})).toEqual({
    record: undefined,
    cluster: 'prod',
    services: ['web'],
    container: undefined,
    repository: undefined,
    registry: undefined,
    to: { kind: 'previous' },
    priority: 'high',
    reason: undefined,
    freeze: true,
    acrossSchema: false,
    timeoutMs: 1_200_000,
    region: 'eu-central-1',
    registryRegion: 'eu-central-1',
  })
})

test('the environment names the cluster, and services stand once', () => {
  const inputs = parse({ application: 'shop', environment: 'production', cluster: '', service: 'web, worker\nweb' })
  expect(inputs).toMatchObject({
    record: { application: 'shop', environment: 'production' },
    cluster: 'production',
    services: ['web', 'worker'],
  })
})

test.each([
  ['previous', { kind: 'previous' }],
  [`sha256:${'a'.repeat(64)}`, { kind: 'digest', digest: `sha256:${'a'.repeat(64)}` }],
  ['abc1234', { kind: 'commit', commit: 'abc1234' }],
  ['a'.repeat(40), { kind: 'commit', commit: 'a'.repeat(40) }],
  ['web-prod_1:12', { kind: 'task-definition', familyRevision: 'web-prod_1:12' }],
])('to: %s', (to, expected) => {
  expect(parse({ to }).to).toEqual(expected)
})

test.each([
  [{ service: ' , ' }, 'Input "service" is required'],
  [{ service: 'web/1' }, 'Input "service" holds "web/1". Valid: names of ECS services'],
  [{ cluster: '' }, 'Input "cluster" is required'],
  [{ application: 'shop' }, 'Input "environment" is required together with "application"'],
  [{ application: 'a b', environment: 'x' }, 'Input "application" is "a b". Valid: letters, digits'],
  [{ to: 'web:0' }, 'Input "to" is "web:0". Valid: previous, a digest'],
  [{ to: 'sha256:123' }, 'Input "to" is "sha256:123". Valid: previous, a digest'],
  [{ to: 'main' }, 'Input "to" is "main". Valid: previous, a digest'],
  [{ to: 'abc123' }, 'Input "to" is "abc123". Valid: previous, a digest'],
  [{ to: 'web:3', service: 'web,worker' }, 'which only one service can go back to; "service" names 2'],
  [{ priority: 'urgent' }, 'Input "priority" is "urgent". Valid: high, panic, normal.'],
  [{ freeze: 'no' }, 'Input "freeze" is "no". Valid: true or false.'],
  [{ repository: 'host.example/shop:1' }, 'Input "repository" is "host.example/shop:1". Valid: a repository name'],
  [{ registry: 'shop' }, 'Input "registry" is "shop". Valid: the twelve digits'],
  [{ timeout: 'soon' }, 'Input "timeout" is "soon". Valid: a duration'],
])('%j is refused', (inputs, message) => {
  expect(() => parse(inputs as Record<string, string>)).toThrow(message)
})
