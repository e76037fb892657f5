import { type InputReader, UserError } from '@deploy-actions/action-kit'
import { registryInput } from '@deploy-actions/ecr'
import {
  commandWords,
  type ServiceSettings,
  type TaskDefinitionSource,
  taskDefinitionSource,
} from '@deploy-actions/ecs'
import { recordName } from '@deploy-actions/release'
import { type ImageInput, imageInput } from './image-input.ts'
import { settingsInputs } from './settings-inputs.ts'

export interface Inputs {
  /** The record to ask and to write; undefined when the action works alone. */
  release: { application: string; environment: string } | undefined
  cluster: string
  services: string[]
  container: string | undefined
  image: ImageInput | undefined
  registryId: string | undefined
  registryRegion: string
  taskDefinition: TaskDefinitionSource | undefined
  /** A service may change its family and its containers. */
  allowReplacement: boolean
  variables: Record<string, string>
  secrets: Record<string, string>
  command: string[] | undefined
  cpu: string | undefined
  memory: string | undefined
  parametersPath: string | undefined
  parametersAs: 'secrets' | 'values'
  settings: ServiceSettings | undefined
  forceNewDeployment: boolean
  timeoutMs: number
  onCancel: Undo
  onTimeout: Undo
  onConflict: 'auto' | 'wait' | 'supersede' | 'fail'
  onPause: 'wait' | 'return'
  rollbackTogether: boolean
  acrossSchema: boolean
  plan: boolean
  url: string | undefined
  region: string
}

/** `auto`: roll back, unless the guard forbids it. */
export type Undo = 'auto' | 'rollback' | 'leave'

const minute = 60_000
const undo = ['auto', 'rollback', 'leave'] as const

/** Validates everything before the first call. Throws a UserError that names the input, its value and what is valid. */
export function parseInputs(reader: InputReader): Inputs {
  const region = reader.region()
  const timeoutMs = reader.duration('timeout', 30 * minute)
  if (timeoutMs < 10_000) throw invalid('timeout', reader.text('timeout') ?? '', 'at least 10s')
  return {
    release: releaseInput(reader),
    cluster: clusterInput(reader),
    services: serviceInput(reader),
    container: reader.matching('container', /^[\w-]{1,255}$/, 'the name of a container in the task definition'),
    image: imageInput(reader),
    registryId: registryInput(reader, 'registry'),
    registryRegion: reader.text('registry-region') ? reader.region('registry-region') : region,
    taskDefinition: sourceInput(reader.text('task-definition')),
    allowReplacement: reader.flag('allow-replacement', false),
    variables: named(reader, 'variables'),
    secrets: named(reader, 'secrets'),
    command: reader.text('command') ? commandWords(reader.required('command'), 'command') : undefined,
    cpu: reader.matching('cpu', /^\d+$|^\d+(\.\d+)? ?vcpu$/i, 'CPU units such as 512, or such as 0.5 vCPU'),
    memory: reader.matching('memory', /^\d+$|^\d+(\.\d+)? ?gb$/i, 'MiB such as 1024, or such as 2 GB'),
    parametersPath: reader.matching('parameters-path', /^(\/[\w.-]+)+\/?$/, 'a path such as /my-app/staging'),
    parametersAs: reader.choice('parameters-as', ['secrets', 'values'], 'secrets'),
    settings: settingsInputs(reader),
    forceNewDeployment: reader.flag('force-new-deployment', false),
    timeoutMs,
    onCancel: reader.choice('on-cancel', undo, 'auto'),
    onTimeout: reader.choice('on-timeout', undo, 'auto'),
    onConflict: reader.choice('on-conflict', ['auto', 'wait', 'supersede', 'fail'], 'auto'),
    onPause: reader.choice('on-pause', ['wait', 'return'], 'wait'),
    rollbackTogether: reader.flag('rollback-together', false),
    acrossSchema: reader.flag('across-schema', false),
    plan: reader.flag('plan', false),
    url: reader.matching('url', /^https?:\/\/\S+$/, 'an address that starts with https:// or http://'),
    region,
  }
}

function releaseInput(reader: InputReader): Inputs['release'] {
  const application = reader.text('application')
  const environment = reader.text('environment')
  if (environment?.includes('='))
    throw invalid(
      'environment',
      environment,
      'the name of the environment of the release, such as staging. Variables of the container belong in "variables"',
    )
  if (!application) return undefined
  if (!environment)
    throw new UserError(
      'Input "environment" is required together with "application": the record is kept per environment, such as staging.',
    )
  recordName({ application, environment })
  return { application, environment }
}

function clusterInput(reader: InputReader): string {
  const cluster = reader.required('cluster', 'the name or ARN of the ECS cluster')
  if (!/^[\w-]{1,255}$|^arn:[\w-]+:ecs:[\w-]+:\d{12}:cluster\/[\w-]{1,255}$/.test(cluster))
    throw invalid('cluster', cluster, 'the name of an ECS cluster (letters, digits, - and _) or its ARN')
  return cluster
}

function serviceInput(reader: InputReader): string[] {
  const services = [...new Set(reader.list('service'))]
  if (services.length === 0)
    throw new UserError(
      'Input "service" is required: the names of the ECS services, one a line or separated by commas.',
    )
  for (const service of services)
    if (!/^[\w-]{1,255}$|^arn:[\w-]+:ecs:[\w-]+:\d{12}:service\/([\w-]{1,255}\/)?[\w-]{1,255}$/.test(service))
      throw invalid('service', service, 'names of ECS services (letters, digits, - and _) or their ARNs')
  return services
}

function sourceInput(text: string | undefined): TaskDefinitionSource | undefined {
  if (text === undefined) return undefined
  if (text.startsWith('arn:') && !/^arn:[\w-]+:ecs:[\w-]+:\d{12}:task-definition\/[\w-]+(:\d+)?$/.test(text))
    throw invalid(
      'task-definition',
      text,
      'a file (.json, .yml), a family, family:revision or the ARN of a task definition',
    )
  return taskDefinitionSource(text)
}

function named(reader: InputReader, input: string): Record<string, string> {
  const pairs = reader.pairs(input)
  for (const name of Object.keys(pairs))
    if (!/^[A-Za-z_][\w.-]*$/.test(name))
      throw invalid(input, name, 'one NAME=value a line, the name of letters, digits and _')
  return pairs
}

export function invalid(input: string, value: string, valid: string): UserError {
  return new UserError(`Input "${input}" is "${value}". Valid: ${valid}.`)
}
