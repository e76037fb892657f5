import type { RunTaskCommandInput, Service, TaskVolumeConfiguration } from '@aws-sdk/client-ecs'
import { UserError } from '@deploy-actions/action-kit'
import { primaryOf } from '../services/primary.ts'
import type { TaskDefinitionInput } from '../task-definitions/fetch.ts'

/** Where and how a task is placed, in RunTask's own members. */
export type LaunchSettings = Pick<
  RunTaskCommandInput,
  | 'networkConfiguration'
  | 'launchType'
  | 'capacityProviderStrategy'
  | 'platformVersion'
  | 'placementConstraints'
  | 'placementStrategy'
  | 'volumeConfigurations'
>

/**
 * The settings a service starts its own tasks with, for a one-off task that shall stand beside them: subnets,
 * security groups, launch type or capacity providers, platform version, placement, EBS volumes. Services of the
 * controllers CODE_DEPLOY and EXTERNAL keep them in their PRIMARY task set. Throws a UserError when the task
 * definition is in awsvpc mode and the service has no network. ECS API: DescribeServices, RunTask.
 */
export function networkOf(service: Service, definition: TaskDefinitionInput): LaunchSettings {
  const source = placedBy(service)
  const networkConfiguration = source.networkConfiguration
  if (definition.networkMode === 'awsvpc' && !networkConfiguration?.awsvpcConfiguration)
    throw new UserError(
      `Service "${service.serviceName}" has no network configuration (subnets, security groups), which task definition "${definition.family}" in network mode awsvpc needs. Give the service one, or use the task definition that it runs.`,
    )
  const strategy = source.capacityProviderStrategy
  return definedOnly({
    // Any other network mode refuses a network configuration.
    networkConfiguration: definition.networkMode === 'awsvpc' ? networkConfiguration : undefined,
    // RunTask takes one of the two; with neither the cluster's default strategy applies, as it did for the service.
    ...(strategy?.length ? { capacityProviderStrategy: strategy } : { launchType: source.launchType }),
    platformVersion: source.platformVersion,
    placementConstraints: nonEmpty(
      // distinctInstance spreads a service's own tasks; among one task it means nothing.
      service.placementConstraints?.filter((constraint) => constraint.type !== 'distinctInstance'),
    ),
    placementStrategy: nonEmpty(service.placementStrategy),
    volumeConfigurations: nonEmpty(volumesOf(service, definition)),
  })
}

type Placement = Pick<Service, 'networkConfiguration' | 'launchType' | 'capacityProviderStrategy' | 'platformVersion'>

function placedBy(service: Service): Placement {
  const taskSet = service.taskSets?.find((set) => set.status === 'PRIMARY') ?? service.taskSets?.[0]
  return service.networkConfiguration || !taskSet ? service : taskSet
}

/**
 * Volumes that get their EBS settings at launch need them from RunTask too; the service keeps its own in the
 * PRIMARY deployment.
 */
function volumesOf(service: Service, definition: TaskDefinitionInput): TaskVolumeConfiguration[] {
  const names = (definition.volumes ?? []).filter((volume) => volume.configuredAtLaunch).map((volume) => volume.name)
  if (names.length === 0) return []
  return (primaryOf(service)?.volumeConfigurations ?? [])
    .filter((volume) => names.includes(volume.name))
    .map(({ name, managedEBSVolume }) => ({
      name,
      managedEBSVolume: managedEBSVolume && {
        ...managedEBSVolume,
        terminationPolicy: { deleteOnTermination: true },
      },
    }))
}

function nonEmpty<T>(list: T[] | undefined): T[] | undefined {
  return list?.length ? list : undefined
}

function definedOnly<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T
}
