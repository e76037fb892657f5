import { type InputReader, inputReader } from '@deploy-actions/action-kit'
import { parseInputs as beginRelease } from '../../actions/begin-release/src/inputs.ts'
import { parseInputs as deployService } from '../../actions/deploy-service/src/inputs.ts'
import { parseInputs as pushEcr } from '../../actions/push-ecr/src/inputs.ts'
import { parseInputs as rollback } from '../../actions/rollback/src/inputs.ts'
import { parseInputs as runMigrations } from '../../actions/run-migrations/src/inputs.ts'
import { parseInputs as tagProd } from '../../actions/tag-prod/src/inputs.ts'

const digest = `sha256:${'a'.repeat(64)}`
const service = { cluster: 'prod', service: 'web' }
const record = { application: 'shop', environment: 'staging' }

/** Every action that has the input, with what it needs besides. */
const actions: Record<string, [(reader: InputReader) => unknown, Record<string, string>]> = {
  'begin-release': [beginRelease, { ...record, repository: 'shop', digest }],
  'deploy-service': [deployService, service],
  'push-ecr': [(reader) => pushEcr(reader, 'a'.repeat(40)), { repository: 'shop', digest, tags: 'v1' }],
  rollback: [rollback, service],
  'run-migrations': [runMigrations, { ...service, command: 'migrate' }],
  'tag-prod': [tagProd, { repository: 'shop', source: digest, tags: 'prod' }],
}

function refusal(name: string, inputs: Record<string, string>): string | undefined {
  const [parse, needed] = actions[name]!
  const env = Object.entries({ ...needed, ...inputs }).map(([key, value]) => [`INPUT_${key.toUpperCase()}`, value])
  try {
    parse(inputReader({ AWS_REGION: 'eu-central-1', ...Object.fromEntries(env) }))
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

const onServices = ['deploy-service', 'run-migrations', 'rollback']
const onTasks = ['deploy-service', 'run-migrations']
const onRecords = ['deploy-service', 'run-migrations', 'rollback', 'begin-release']
const onImages = ['deploy-service', 'run-migrations', 'rollback', 'begin-release', 'push-ecr', 'tag-prod']

test.each<[string, Record<string, string>, string[], RegExp]>([
  ['a path with an empty part', { 'parameters-path': '/a//b' }, onTasks, /"parameters-path" is "\/a\/\/b"/],
  ['half a CPU without a zero', { cpu: '.5 vCPU' }, onTasks, /"cpu" is "\.5 vCPU"/],
  ['half a GB without a zero', { memory: '.5 GB' }, onTasks, /"memory" is "\.5 GB"/],
  ['a cluster that none can be', { cluster: 'prod!' }, onServices, /"cluster" is "prod!"/],
  ['an ARN of another thing', { cluster: 'arn:aws:ecs:eu-central-1:1:service/web' }, onServices, /"cluster" is "arn:/],
  ['a malformed ARN', { service: 'arn:aws:ecs:x' }, onServices, /"service" holds "arn:aws:ecs:x"/],
  ['a container that none can be', { container: 'a b' }, onServices, /"container" is "a b"/],
  ['a variable without a name', { variables: '1X=y' }, onTasks, /"variables" is "1X"/],
  ['a malformed ARN of a definition', { 'task-definition': 'arn:aws:ecs:x' }, onTasks, /"task-definition" is "arn:/],
  ['an environment alone', { application: '', environment: 'staging' }, onRecords, /"application" is required/],
  ['an application alone', { application: 'shop', environment: '' }, onRecords, /"environment" is required/],
  ['variables in environment', { ...record, environment: 'A=b' }, onRecords, /belong in "variables"/],
  [
    'a registry host',
    { registry: '123456789012.dkr.ecr.eu-central-1.amazonaws.com' },
    onImages,
    /Give only the account/,
  ],
  ['a region that is none', { 'registry-region': 'Frankfurt' }, onImages, /"registry-region" is "Frankfurt"/],
  ['a repository in upper case', { repository: 'API', digest }, onImages, /Repository names are in lower case: "api"/],
  ['a tag that nothing was put into', { tags: 'prod,' }, ['push-ecr', 'tag-prod'], /none of them empty/],
  ['a tag of blanks between others', { tags: 'a, ,b' }, ['push-ecr', 'tag-prod'], /none of them empty/],
  ['no tag at all', { tags: '' }, ['push-ecr', 'tag-prod'], /"tags" is empty/],
  ['a timeout beyond every timer', { timeout: '60d' }, onServices, /"timeout" is "60d"\. Valid: at most 7d/],
  ['a timeout of twenty digits', { timeout: '12345678901234567890s' }, onServices, /Valid: at most 7d/],
])('%s is judged the same by every action', (_, inputs, names, message) => {
  expect(Object.fromEntries(names.map((name) => [name, refusal(name, inputs)]))).toEqual(
    Object.fromEntries(names.map((name) => [name, expect.stringMatching(message)])),
  )
})

test('what every action needs is enough', () => {
  expect(Object.keys(actions).map((name) => refusal(name, {}))).toEqual(Object.keys(actions).map(() => undefined))
})

test('a value where a reference belongs is refused and not repeated', () => {
  for (const value of ['postgres://user:hunter2@db/shop', 'hunter2 hunter2', 'arn:aws:s3:::hunter2']) {
    const message = refusal('deploy-service', { secrets: `DATABASE_URL=${value}` })
    expect(message).toMatch(/holds something for DATABASE_URL that is no reference/)
    expect(message).not.toContain('hunter2')
  }
  const references = [
    'DATABASE_URL=arn:aws:secretsmanager:eu-central-1:123456789012:secret:db-AbCdEf:url::',
    'KEY=arn:aws-cn:ssm:cn-north-1:123456789012:parameter/shop/key',
    'A=/shop/staging/key',
    'B=plain-name',
  ]
  expect(refusal('deploy-service', { secrets: references.join('\n') })).toBeUndefined()
})
