import { type InputReader, UserError } from '@deploy-actions/action-kit'
import { type EcrRepository, isDigest, isRegistryId, isRepositoryName } from '@deploy-actions/ecr'
import { checkOverrides, commandWords, type TaskDefinitionSource, taskDefinitionSource } from '@deploy-actions/ecs'
import { segment, segmentHint } from '@deploy-actions/release'

export interface Inputs {
  cluster: string
  /** Whose network and task definition are used; the first one where several are named. */
  service: string
  container: string | undefined
  /** Undefined: the image that the task definition names. */
  image: { repository: EcrRepository; digest: string } | undefined
  command: string[]
  variables: Record<string, string>
  cpu: string | undefined
  memory: string | undefined
  taskDefinition: TaskDefinitionSource | undefined
  parametersPath: string | undefined
  parametersAs: 'secrets' | 'values'
  timeoutMs: number
  region: string
  registryRegion: string
  /** Present where the record is used. */
  release: ReleaseInputs | undefined
}

export interface ReleaseInputs {
  application: string
  environment: string
  snapshotId: string | undefined
  statusCommand: string[] | undefined
  order: 'warn' | 'strict'
  acceptHistory: boolean
  acrossSchema: boolean
}

/** Validates everything before the first call. */
export function parseInputs(reader: InputReader): Inputs {
  const region = reader.region()
  const image = imageOf(reader)
  const release = releaseOf(reader)
  if (release && !image)
    throw new UserError(
      'Input "application" is set, so the image must be known by its content: set "repository" and "digest" too, or leave "application" out.',
    )
  const source = reader.text('task-definition')
  const inputs: Inputs = {
    cluster: matching(reader, 'cluster', clusterPattern, 'the name or ARN of an ECS cluster'),
    service: serviceOf(reader),
    container: reader.matching('container', /^[\w-]{1,255}$/, 'the name of a container in the task definition'),
    image,
    command: commandWords(
      reader.required('command', 'what applies the migrations, such as npm run migrate'),
      'command',
    ),
    variables: variablesOf(reader),
    cpu: reader.matching('cpu', /^(\d+|\d*\.?\d+ ?vCPU)$/i, 'CPU units such as 512, or 0.5 vCPU'),
    memory: reader.matching('memory', /^(\d+|\d*\.?\d+ ?GB)$/i, 'MiB such as 1024, or 1 GB'),
    taskDefinition: source === undefined ? undefined : taskDefinitionSource(source),
    parametersPath: reader.matching('parameters-path', /^\/[\w./-]+$/, 'a path such as /my-app/staging'),
    parametersAs: reader.choice('parameters-as', ['secrets', 'values'], 'secrets'),
    timeoutMs: timeoutOf(reader),
    region,
    registryRegion: reader.text('registry-region') ? reader.region('registry-region') : region,
    release,
  }
  checkOverrides({ ...inputs, container: inputs.container ?? '', environment: inputs.variables })
  return inputs
}

const clusterPattern = /^([\w-]{1,255}|arn:aws[\w-]*:ecs:[\w-]+:\d{12}:cluster\/[\w-]+)$/
const servicePattern = /^([\w-]{1,255}|arn:aws[\w-]*:ecs:[\w-]+:\d{12}:service\/[\w/-]+)$/

/** A workflow hands over all services of the application; each would do, since they share the database. */
function serviceOf(reader: InputReader): string {
  reader.required('service', 'the ECS service whose network and task definition are used')
  const services = reader.list('service')
  for (const service of services)
    if (!servicePattern.test(service))
      throw new UserError(`Input "service" is "${service}". Valid: the name or ARN of an ECS service.`)
  return services[0] ?? ''
}

function imageOf(reader: InputReader): Inputs['image'] {
  const name = reader.text('repository')
  const digest = reader.text('digest')
  const registryId = reader.text('registry')
  if (!name && !digest) return undefined
  if (!name || !digest)
    throw new UserError(
      `Input "${name ? 'digest' : 'repository'}" is required where "${name ? 'repository' : 'digest'}" is set: together they name the image whose migrations run.`,
    )
  if (!isRepositoryName(name))
    throw new UserError(
      `Input "repository" is "${name}". Valid: the name of an ECR repository, without a registry host.`,
    )
  if (!isDigest(digest))
    throw new UserError(`Input "digest" is "${digest}". Valid: sha256: and 64 hex digits in lower case.`)
  if (registryId !== undefined && !isRegistryId(registryId))
    throw new UserError(`Input "registry" is "${registryId}". Valid: an account id of 12 digits.`)
  return { repository: { name, registryId }, digest }
}

function releaseOf(reader: InputReader): ReleaseInputs | undefined {
  const order = reader.choice('order', ['warn', 'strict'], 'warn')
  const acceptHistory = reader.flag('accept-history', false)
  const acrossSchema = reader.flag('across-schema', false)
  const status = reader.text('status-command')
  const snapshotId = reader.text('snapshot-id')
  if (!reader.text('application')) {
    const set = ['environment', 'snapshot-id', 'status-command'].find((name) => reader.text(name))
    if (set)
      throw new UserError(
        `Input "${set}" is set without "application": without it there is no record to keep it in. Set "application", or leave "${set}" out.`,
      )
    return undefined
  }
  return {
    application: matching(reader, 'application', segment, segmentHint),
    environment: matching(reader, 'environment', segment, segmentHint),
    snapshotId,
    statusCommand: status === undefined ? undefined : commandWords(status, 'status-command'),
    order,
    acceptHistory,
    acrossSchema,
  }
}

function variablesOf(reader: InputReader): Record<string, string> {
  const variables = reader.pairs('variables')
  for (const name of Object.keys(variables))
    if (!/^[A-Za-z_][\w.-]*$/.test(name))
      throw new UserError(`Input "variables" has the name "${name}". Valid: one NAME=value a line.`)
  return variables
}

function timeoutOf(reader: InputReader): number {
  const timeoutMs = reader.duration('timeout', 30 * 60_000)
  if (timeoutMs < 10_000)
    throw new UserError(`Input "timeout" is "${reader.text('timeout')}". Valid: at least 10s, such as 30m.`)
  return timeoutMs
}

function matching(reader: InputReader, name: string, pattern: RegExp, valid: string): string {
  const value = reader.required(name, valid)
  if (!pattern.test(value)) throw new UserError(`Input "${name}" is "${value}". Valid: ${valid}.`)
  return value
}
