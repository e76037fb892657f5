import fc from 'fast-check'
import { inputReader, UserError } from '../src/index.ts'

const reader = (inputs: Record<string, string>, env: Record<string, string> = {}) =>
  inputReader({
    ...env,
    ...Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
  })

test('an empty or blank input is absent', () => {
  expect(reader({ cluster: '  ' }).text('cluster')).toBeUndefined()
  expect(reader({}).text('cluster')).toBeUndefined()
})

test.each([
  [
    'required',
    () => reader({}).required('cluster', 'the ECS cluster'),
    'Input "cluster" is required: the ECS cluster.',
  ],
  ['flag', () => reader({ freeze: 'yes' }).flag('freeze', true), 'Input "freeze" is "yes". Valid: true or false.'],
  [
    'choice',
    () => reader({ priority: 'urgent' }).choice('priority', ['high', 'panic'], 'high'),
    'Input "priority" is "urgent". Valid: high, panic.',
  ],
  [
    'choice without a default',
    () => reader({}).choice('mode', ['freeze', 'lift']),
    'Input "mode" is required. Valid values: freeze, lift.',
  ],
  [
    'duration',
    () => reader({ timeout: '15' }).duration('timeout', 1),
    'Input "timeout" is "15". Valid: a duration such as 90s, 15m, 1h30m or 7d.',
  ],
  [
    'integer',
    () => reader({ 'desired-count': '-1' }).integer('desired-count', { min: 0 }),
    'Input "desired-count" is "-1". Valid: a whole number of at least 0.',
  ],
  [
    'integer between',
    () => reader({ percent: '101' }).integer('percent', { min: 0, max: 100 }),
    'Input "percent" is "101". Valid: a whole number from 0 to 100.',
  ],
  [
    'pairs',
    () => reader({ 'build-args': 'A=1\nB' }).pairs('build-args'),
    'Input "build-args" is "B". Valid: one NAME=value a line.',
  ],
  [
    'matching',
    () => reader({ digest: 'sha256:12' }).matching('digest', /^sha256:[0-9a-f]{64}$/, 'sha256: and 64 hex digits'),
    'Input "digest" is "sha256:12". Valid: sha256: and 64 hex digits.',
  ],
  [
    'region',
    () => reader({ region: 'Frankfurt' }).region(),
    'Input "region" is "Frankfurt". Valid: an AWS region such as eu-central-1.',
  ],
])('a wrong %s names the input, the value and what is valid', (_kind, read, message) => {
  expect(read).toThrow(new UserError(message))
})

test('the region comes from the input, then AWS_REGION, then AWS_DEFAULT_REGION', () => {
  const env = { AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'us-east-1' }
  expect(reader({ region: 'eu-central-1' }, env).region()).toBe('eu-central-1')
  expect(reader({}, env).region()).toBe('eu-west-1')
  expect(reader({}, { AWS_DEFAULT_REGION: 'us-gov-west-1' }).region()).toBe('us-gov-west-1')
  expect(() => reader({}).region()).toThrow(/AWS_REGION is not set/)
})

test('values of pairs keep every further equals sign', () => {
  expect(reader({ labels: 'rule=Host(`a=b`)\nempty=' }).pairs('labels')).toEqual({ rule: 'Host(`a=b`)', empty: '' })
})

test('a list reads lines and commas alike', () => {
  const names = fc.array(fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/), { maxLength: 8 })
  fc.assert(
    fc.property(
      names,
      fc.array(fc.constantFrom(',', '\n', ' , ', '\r\n'), { minLength: 8, maxLength: 8 }),
      (list, separators) => {
        const text = list.map((name, index) => name + separators[index]).join('')
        expect(reader({ service: text }).list('service')).toEqual(list)
      },
    ),
  )
})
