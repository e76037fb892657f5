import type { Service } from '@aws-sdk/client-ecs'
import { UserError } from '@deploy-actions/action-kit'
import { runTags } from '@deploy-actions/aws'
import { ecrImage, imageText } from '@deploy-actions/ecr'
import {
  applyChanges,
  describeServices,
  type FetchedTaskDefinition,
  fetchTaskDefinition,
  isEssential,
  type LaunchSettings,
  loadTaskDefinition,
  networkOf,
  parametersUnder,
  type RegisteredTaskDefinition,
  registerOrReuse,
  type TaskDefinitionChanges,
  type TaskDefinitionInput,
  targetContainer,
  toRegisterInput,
} from '@deploy-actions/ecs'
import type { Deps } from './deps.ts'
import type { Inputs } from './inputs.ts'

/** What the task will be made of. Nothing is registered yet. */
export interface Prepared {
  definition: TaskDefinitionInput
  /** The service's own revision, to be used again where nothing changes. */
  current: FetchedTaskDefinition | undefined
  container: string
  launch: LaunchSettings
}

/** A revision that is there, and everything else that a start needs. */
export interface ReadyTask {
  prepared: Prepared
  revision: RegisteredTaskDefinition
}

/**
 * Reads the service, in whatever hands its deployments are: only its network and its task definition are wanted.
 */
export async function readService({ ecs }: Deps, { cluster, service }: Inputs): Promise<Service> {
  const { services } = await describeServices(ecs, cluster, [service])
  const found = services[0]
  if (found?.status === 'ACTIVE') return found
  throw new UserError(
    `Service "${service}" ${found ? `in cluster "${cluster}" is ${found.status}` : `does not exist in cluster "${cluster}"`}. Check the inputs service, cluster and region. No task was started.`,
  )
}

/**
 * The task definition with the release's image and parameters, the container that migrates, and where the task will
 * stand.
 */
export async function prepare(inputs: Inputs, deps: Deps, service: Service): Promise<Prepared> {
  const current = inputs.taskDefinition ? undefined : await fetchTaskDefinition(deps.ecs, revisionOf(service))
  const base = inputs.taskDefinition
    ? await loadTaskDefinition(deps.ecs, inputs.taskDefinition, deps.workspace)
    : toRegisterInput(current!)
  const target = targetContainer(base, inputs.container)
  if (!isEssential(target))
    throw new UserError(
      `Container "${target.name}" is not essential: the task would run on after the migrations. Name an essential one in input "container". No task was started.`,
    )
  const container = target.name ?? ''
  const definition = applyChanges(base, { container, ...(await changes(inputs, deps, service)) })
  return { definition, current, container, launch: networkOf(service, definition) }
}

/** Registers the revision, or finds it; deploy-service, which asks for the same, finds it then. */
export async function pinRevision({ definition, current }: Prepared, deps: Deps): Promise<RegisteredTaskDefinition> {
  const { github, log, ecs } = deps
  const revision = await registerOrReuse(ecs, definition, { log, current, tags: runTags(github) })
  log.info(`Task definition ${revision.familyRevision}, ${revision.registered ? 'registered now' : 'as it is'}.`)
  return revision
}

async function changes(
  { image, parametersPath, parametersAs, registryRegion }: Inputs,
  { ssm }: Deps,
  service: Service,
): Promise<TaskDefinitionChanges> {
  const parameters = parametersPath ? await parametersUnder(ssm, parametersPath, { as: parametersAs }) : {}
  if (!image) return parameters
  const registryId = image.repository.registryId ?? accountOf(service)
  const { repository, digest } = image
  const pinned = ecrImage({ registryId, region: registryRegion, repository: repository.name, digest })
  return { ...parameters, image: imageText(pinned) }
}

/** With CODE_DEPLOY or EXTERNAL the task sets name the revision. */
function revisionOf({ taskDefinition, taskSets = [], serviceName }: Service): string {
  const found = taskDefinition ?? (taskSets.find(({ status }) => status === 'PRIMARY') ?? taskSets[0])?.taskDefinition
  if (found) return found
  throw new UserError(
    `Service "${serviceName}" has no task definition yet. Set input "task-definition" to a file, a family or an ARN.`,
  )
}

function accountOf({ serviceArn = '' }: Service): string {
  return serviceArn.split(':')[4] ?? ''
}
