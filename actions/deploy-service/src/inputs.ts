import type { InputReader } from '@deploy-actions/action-kit'
import { type ImageInput, imageInput, registryInputs } from '@deploy-actions/ecr/inputs'
import type { ServiceSettings } from '@deploy-actions/ecs'
import {
  clusterInput,
  commandInput,
  containerInput,
  cpuInput,
  memoryInput,
  parametersPathInput,
  secretsInput,
  servicesInput,
  type TaskDefinitionSource,
  taskDefinitionInput,
  variablesInput,
} from '@deploy-actions/ecs/inputs'
import { type RecordKey, recordInput } from '@deploy-actions/release/inputs'
import { settingsInputs } from './settings/inputs.ts'

export interface Inputs {
  /** The record to ask and to write; undefined when the action works alone. */
  release: RecordKey | undefined
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

/**
 * Validates everything before the first call. Throws a UserError that names the input, its value and what is valid.
 */
export function parseInputs(reader: InputReader): Inputs {
  return {
    ...registryInputs(reader),
    release: recordInput(reader),
    cluster: clusterInput(reader),
    services: servicesInput(reader),
    container: containerInput(reader),
    image: imageInput(reader),
    taskDefinition: taskDefinitionInput(reader),
    allowReplacement: reader.flag('allow-replacement', false),
    variables: variablesInput(reader),
    secrets: secretsInput(reader),
    command: commandInput(reader, 'command'),
    cpu: cpuInput(reader),
    memory: memoryInput(reader),
    parametersPath: parametersPathInput(reader),
    parametersAs: reader.choice('parameters-as', ['secrets', 'values'], 'secrets'),
    settings: settingsInputs(reader),
    forceNewDeployment: reader.flag('force-new-deployment', false),
    timeoutMs: reader.duration('timeout', 30 * minute, { min: 10_000 }),
    onCancel: reader.choice('on-cancel', undo, 'auto'),
    onTimeout: reader.choice('on-timeout', undo, 'auto'),
    onConflict: reader.choice('on-conflict', ['auto', 'wait', 'supersede', 'fail'], 'auto'),
    onPause: reader.choice('on-pause', ['wait', 'return'], 'wait'),
    rollbackTogether: reader.flag('rollback-together', false),
    acrossSchema: reader.flag('across-schema', false),
    plan: reader.flag('plan', false),
    url: reader.matching('url', /^https?:\/\/\S+$/, 'an address that starts with https:// or http://'),
    region: reader.region(),
  }
}
