import { type InputReader, UserError } from '@deploy-actions/action-kit'
import type { EcrRepository } from '@deploy-actions/ecr'
import { pinnedImageInput, registryInputs } from '@deploy-actions/ecr/inputs'
import {
  checkOverrides,
  clusterInput,
  commandInput,
  containerInput,
  cpuInput,
  memoryInput,
  parametersPathInput,
  servicesInput,
  type TaskDefinitionSource,
  taskDefinitionInput,
  variablesInput,
} from '@deploy-actions/ecs/inputs'
import { type RecordKey, recordInput } from '@deploy-actions/release/inputs'

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

export interface ReleaseInputs extends RecordKey {
  snapshotId: string | undefined
  statusCommand: string[] | undefined
  order: 'warn' | 'strict'
  acceptHistory: boolean
  acrossSchema: boolean
}

/** Validates everything before the first call. */
export function parseInputs(reader: InputReader): Inputs {
  const { registryId, registryRegion } = registryInputs(reader)
  const named = pinnedImageInput(reader)
  const image = named && { repository: { name: named.repository, registryId }, digest: named.digest }
  const release = releaseOf(reader)
  if (release && !image)
    throw new UserError(
      'Input "application" is set, so the image must be known by its content: set "repository" and "digest" too, or leave "application" out.',
    )
  reader.required('command', 'what applies the migrations, such as npm run migrate')
  const inputs: Inputs = {
    cluster: clusterInput(reader),
    // A workflow hands over all services of the application; each would do, since they share the database.
    service: servicesInput(reader)[0] ?? '',
    container: containerInput(reader),
    image,
    command: commandInput(reader, 'command') ?? [],
    variables: variablesInput(reader),
    cpu: cpuInput(reader),
    memory: memoryInput(reader),
    taskDefinition: taskDefinitionInput(reader),
    parametersPath: parametersPathInput(reader),
    parametersAs: reader.choice('parameters-as', ['secrets', 'values'], 'secrets'),
    timeoutMs: reader.duration('timeout', 30 * 60_000, { min: 10_000 }),
    region: reader.region(),
    registryRegion,
    release,
  }
  checkOverrides({ ...inputs, container: inputs.container ?? '', environment: inputs.variables })
  return inputs
}

function releaseOf(reader: InputReader): ReleaseInputs | undefined {
  const order = reader.choice('order', ['warn', 'strict'], 'warn')
  const acceptHistory = reader.flag('accept-history', false)
  const acrossSchema = reader.flag('across-schema', false)
  const snapshotId = reader.text('snapshot-id')
  const record = recordInput(reader)
  if (!record) {
    const set = ['snapshot-id', 'status-command'].find((name) => reader.text(name))
    if (set)
      throw new UserError(
        `Input "${set}" is set without "application": without it there is no record to keep it in. Set "application", or leave "${set}" out.`,
      )
    return undefined
  }
  return {
    ...record,
    snapshotId,
    statusCommand: commandInput(reader, 'status-command'),
    order,
    acceptHistory,
    acrossSchema,
  }
}
