import { inputReader } from '@deploy-actions/action-kit'
import { parseInputs } from '../src/inputs.ts'

const digest = `sha256:${'a'.repeat(64)}`
const parse = (inputs: Record<string, string>) =>
  parseInputs(
    inputReader({
      AWS_REGION: 'eu-central-1',
      ...Object.fromEntries(
        Object.entries({ application: 'shop', environment: 'production', repository: 'shop', digest, ...inputs }).map(
          ([name, value]) => [`INPUT_${name.toUpperCase()}`, value],
        ),
      ),
    }),
  )

test('the defaults', () => {
  expect(parse({})).toEqual({
    application: 'shop',
    environment: 'production',
    repository: { name: 'shop' },
    digest,
    commit: undefined,
    lockTimeoutMs: 1_800_000,
    lockExpiresMs: 10_800_000,
    onSuperseded: 'fail',
    testedIn: undefined,
    onUntested: 'warn',
    order: 'warn',
    acceptHistory: false,
    acrossSchema: false,
    token: undefined,
    region: 'eu-central-1',
    registryRegion: 'eu-central-1',
  })
})

test('a registry of another account and region', () => {
  expect(parse({ registry: '210987654321', 'registry-region': 'eu-west-1' })).toMatchObject({
    repository: { registryId: '210987654321' },
    region: 'eu-central-1',
    registryRegion: 'eu-west-1',
  })
})

test.each([
  [{ application: '' }, 'Input "application" is required'],
  [{ application: 'shöp' }, 'Input "application" is "shöp". Valid: letters, digits'],
  [{ environment: 'a/b' }, 'Input "environment" is "a/b". Valid: letters, digits'],
  [{ repository: 'Shop' }, 'Input "repository" is "Shop". Valid: a repository name such as shop/api'],
  [{ digest: '' }, 'Input "digest" is required: of the image'],
  [{ commit: 'main' }, 'Input "commit" is "main". Valid: a full commit SHA'],
  [{ 'lock-timeout': '5' }, 'Input "lock-timeout" is "5". Valid: a duration'],
  [{ 'lock-expires': '1m' }, 'Input "lock-expires" is "1m". Valid: at least 5m'],
  [{ 'lock-expires': '12345678901234567890s' }, 'Valid: at most 7d'],
  [{ 'on-superseded': 'ignore' }, 'Input "on-superseded" is "ignore". Valid: fail, skip.'],
  [{ order: 'loose' }, 'Input "order" is "loose". Valid: warn, strict.'],
  [{ 'accept-history': 'yes' }, 'Input "accept-history" is "yes". Valid: true or false.'],
  [{ registry: '12' }, 'Input "registry" is "12". Valid: the twelve digits'],
  [{ 'registry-region': 'west' }, 'Input "registry-region" is "west". Valid: an AWS region'],
])('%j is refused', (inputs, message) => {
  expect(() => parse(inputs)).toThrow(message)
})
