import { inputReader } from '@deploy-actions/action-kit'
import type { Simulator } from '@deploy-actions/aws-simulator'
import { parseInputs } from '../src/inputs.ts'
import { deploy, digest, stage } from './stage.ts'

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

test.each<[string, Record<string, string>, RegExp]>([
  ['no cluster', { cluster: '' }, /"cluster" is required/],
  ['a cluster with blanks', { cluster: 'my prod' }, /"cluster" is "my prod"\. Valid: /],
  ['no service', { service: ' , ' }, /"service" is required/],
  ['a service with a dot', { service: 'web,work.er' }, /"service" holds "work\.er"/],
  [
    'a malformed digest',
    { repository: 'shop', digest: 'sha256:abc' },
    /"digest" is "sha256:abc"\. Valid: sha256: followed by 64 hex digits/,
  ],
  ['a digest without repository', { digest: digest('a') }, /"repository" is required together with "digest"/],
  [
    'a repository with an empty digest',
    { repository: 'shop', digest: '' },
    /"repository" is "shop", but "digest" is empty/,
  ],
  [
    'a repository with host',
    { repository: '123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop', digest: digest('a') },
    /"repository" is/,
  ],
  ['digest and image', { repository: 'shop', digest: digest('a'), image: 'shop:1' }, /both name an image/],
  ['an image that is an address', { image: 'https://example.com/shop' }, /"image" is "https:/],
  ['an image in upper case', { image: 'API:Good' }, /"image" is "API:Good"\. Valid: .* lower case/],
  ['two plain images', { image: 'a:1\nb:1' }, /"image" is "b:1"/],
  ['a container twice', { image: 'app=a:1\napp=b:1' }, /each container once/],
  ['one plain, one named image', { image: 'a:1\napp=b:1' }, /either one image reference, or container=image/],
  ['a malformed registry', { registry: '123' }, /"registry" is "123"\. Valid: the twelve digits/],
  ['variables in environment', { environment: 'LOG_LEVEL=debug' }, /Variables of the container belong in "variables"/],
  ['application without environment', { application: 'shop' }, /"environment" is required together with "application"/],
  ['a malformed application', { application: 'my shop', environment: 'staging' }, /"application" is "my shop"/],
  ['variables without a name', { variables: '=x' }, /"variables" is "=x"/],
  ['a secret that is no name', { secrets: '1X=arn:x' }, /"secrets" is "1X"/],
  ['a timeout without a unit', { timeout: '30' }, /"timeout" is "30"\. Valid: a duration/],
  ['a timeout too short to see anything', { timeout: '5s' }, /"timeout" is "5s"\. Valid: at least 10s/],
  ['an unknown conflict', { 'on-conflict': 'ask' }, /"on-conflict" is "ask"\. Valid: auto, wait, supersede, fail/],
  ['an unknown undo', { 'on-cancel': 'maybe' }, /"on-cancel" is "maybe"\. Valid: auto, rollback, leave/],
  [
    'an unknown strategy',
    { strategy: 'BLUE_GREEN' },
    /"strategy" is "BLUE_GREEN"\. Valid: rolling, blue-green, linear, canary/,
  ],
  [
    'a step without a strategy',
    { 'step-percent': '10' },
    /belong to the strategies linear and canary; strategy is not set/,
  ],
  ['a linear step too small', { strategy: 'linear', 'step-percent': '1' }, /Valid for the strategy linear: 3 to 100/],
  ['bake time of a rolling deployment', { 'bake-time': '10m' }, /"bake-time" belongs to the strategies/],
  ['bake time in seconds', { strategy: 'canary', 'bake-time': '90s' }, /"bake-time" is "90s"\. Valid: whole minutes/],
  [
    'a maximum below 100',
    { 'maximum-percent': '50' },
    /"maximum-percent" is "50"\. Valid: a whole number from 100 to 200/,
  ],
  ['an unknown breaker', { 'circuit-breaker': 'true' }, /"circuit-breaker" is "true"\. Valid: rollback, stop, off/],
  [
    'a threshold without a breaker',
    { 'circuit-breaker-threshold': '1' },
    /"circuit-breaker-threshold" needs "circuit-breaker"/,
  ],
  [
    'a threshold of nothing',
    { 'circuit-breaker': 'stop', 'circuit-breaker-threshold': '0' },
    /"circuit-breaker-threshold" is "0"/,
  ],
  ['an unclosed quote', { command: 'sh -c "x' }, /"command"/],
  ['a relative parameters-path', { 'parameters-path': 'app/staging' }, /"parameters-path" is "app\/staging"/],
  [
    'an ARN of something else',
    { 'task-definition': 'arn:aws:ecs:eu-central-1:123456789012:service/x' },
    /"task-definition" is/,
  ],
  ['an address without a scheme', { url: 'shop.example.com' }, /"url" is "shop\.example\.com"/],
  ['a malformed region', { region: 'Frankfurt' }, /"region" is "Frankfurt"/],
  ['a flag that is none', { 'force-new-deployment': 'yes' }, /"force-new-deployment" is "yes"\. Valid: true or false/],
])('%s', (_, inputs, message) => {
  expect(() => parse(inputs)).toThrow(message)
})

test('what is not passed is not sent', () => {
  expect(parse({}).settings).toBeUndefined()
  expect(parse({ 'circuit-breaker': 'rollback' }).settings).toEqual({
    deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } },
  })
  expect(
    parse({
      strategy: 'canary',
      'step-percent': '5.5',
      'step-bake-time': '10m',
      'bake-time': '1h',
      'grace-period': '90s',
      alarms: '5xx, latency',
    }).settings,
  ).toEqual({
    deploymentConfiguration: {
      strategy: 'CANARY',
      bakeTimeInMinutes: 60,
      canaryConfiguration: { canaryPercent: 5.5, canaryBakeTimeInMinutes: 10 },
      alarms: { alarmNames: ['5xx', 'latency'], enable: true, rollback: true },
    },
    healthCheckGracePeriodSeconds: 90,
  })
})

test('the classic cadence: one at a time, stopping at the first that fails', () => {
  const cadence = {
    'minimum-healthy-percent': '100',
    'maximum-percent': '125',
    'circuit-breaker': 'rollback',
    'circuit-breaker-threshold': '1',
  }
  expect(parse(cadence).settings).toEqual({
    deploymentConfiguration: {
      minimumHealthyPercent: 100,
      maximumPercent: 125,
      deploymentCircuitBreaker: {
        enable: true,
        rollback: true,
        thresholdConfiguration: { type: 'COUNT', value: 1 },
      },
    },
  })
})

test('lists take lines and commas, images take containers', () => {
  const inputs = parse({
    service: 'web, worker\nweb',
    image: `app=a:1\nproxy=b@${digest('b')}`,
    command: 'node server.js "two words"',
  })
  expect(inputs.services).toEqual(['web', 'worker'])
  expect(inputs.image).toEqual({
    kind: 'references',
    single: undefined,
    byContainer: {
      app: { kind: 'foreign', host: undefined, repository: 'a', tag: '1', digest: undefined },
      proxy: { kind: 'foreign', host: undefined, repository: 'b', tag: undefined, digest: digest('b') },
    },
  })
  expect(inputs.command).toEqual(['node', 'server.js', 'two words'])
})

describe('through the bundle, before any API call', () => {
  let simulator: Simulator
  beforeAll(async () => {
    simulator = await stage()
  })
  afterAll(() => simulator.close())

  test.each<[string, Record<string, string>, Record<string, string>, RegExp]>([
    ['an empty service', { service: '' }, {}, /Input "service" is required/],
    ['a malformed digest', { repository: 'shop', digest: 'latest' }, {}, /Input "digest" is "latest"/],
    [
      'a digest that another job did not give',
      { repository: 'shop', digest: '' },
      {},
      /which image is meant is not said\. If it comes from another job's output, look whether that job ran/,
    ],
    ['no region', {}, { AWS_REGION: '', AWS_DEFAULT_REGION: '' }, /No AWS region: input "region" is empty/],
  ])('%s', async (_, inputs, env, message) => {
    const run = await deploy(simulator, inputs, { env })
    expect(run.exitCode).toBe(1)
    expect(run.annotations).toEqual([
      expect.objectContaining({ level: 'error', message: expect.stringMatching(message) }),
    ])
    expect(run.log).not.toMatch(/\n\s+at /)
    expect(simulator.calls).toEqual([])
  })
})
