import { randomBytes } from 'node:crypto'
import type { AwsVpcConfiguration, ContainerDefinition, RunTaskRequest, Tag } from '@aws-sdk/client-ecs'
import type { BehaviourFor } from '../../world.ts'
import { ecsArn, newTaskId, newUuid } from '../names.ts'
import type {
  ClusterState,
  ContainerState,
  DeploymentState,
  Ecs,
  RegisteredTaskDefinition,
  TaskState,
} from '../types.ts'
import { resolveImage } from './images.ts'

export interface TaskOrder {
  cluster: ClusterState
  definition: RegisteredTaskDefinition
  deployment?: DeploymentState
  group: string
  startedBy?: string
  overrides?: RunTaskRequest['overrides']
  network?: AwsVpcConfiguration
  request?: TaskState['request']
  tags?: Tag[]
  targets?: TaskState['targets']
  /** Who says how it behaves; the scenario unless given. */
  behaviourFor?: BehaviourFor
}

const ZONES = ['a', 'b', 'c']
let nextZone = 0

/** The variables a container starts with: definition, secrets by value, overrides. */
function variables(ecs: Ecs, container: ContainerDefinition, order: TaskOrder): Record<string, string> {
  const override = order.overrides?.containerOverrides?.find(({ name }) => name === container.name)
  const secrets = (container.secrets ?? []).map((secret) => [
    secret.name,
    ecs.world.parameters.get(secret.valueFrom ?? '') ?? '',
  ])
  const plain = [...(container.environment ?? []), ...(override?.environment ?? [])]
  return Object.fromEntries([...secrets, ...plain.map(({ name, value }) => [name, value ?? ''])])
}

/** Asks the scenario how a task behaves; its first essential container speaks for it. */
function behaviourOf(ecs: Ecs, order: TaskOrder) {
  const containers = order.definition.definition.containerDefinitions ?? []
  const main = containers.find((container) => container.essential) ?? containers[0]
  const image = main?.image ?? ''
  const found = resolveImage(ecs, image, order.deployment?.revision.digests.get(main?.name ?? ''))
  const override = order.overrides?.containerOverrides?.find(({ name }) => name === main?.name)
  return (order.behaviourFor ?? ecs.world.behaviourFor)({
    kind: order.deployment ? 'service' : 'run-task',
    cluster: order.cluster.name,
    service: order.deployment?.service.name,
    family: order.definition.definition.family,
    image,
    digest: found?.digest,
    labels: found?.labels ?? {},
    env: main ? variables(ecs, main, order) : {},
    command: override?.command ?? main?.command ?? [],
  })
}

function networkInterface(zone: string, subnet: string, ip: string) {
  const eni = `eni-${randomBytes(8).toString('hex')}1`
  const details = [
    { name: 'subnetId', value: subnet },
    { name: 'networkInterfaceId', value: eni },
    { name: 'macAddress', value: `0a:${randomBytes(5).toString('hex').match(/../g)?.join(':')}` },
    { name: 'privateDnsName', value: `ip-${ip.replaceAll('.', '-')}.${zone.slice(0, -1)}.compute.internal` },
    { name: 'privateIPv4Address', value: ip },
  ]
  return { id: newUuid(), type: 'ElasticNetworkInterface', status: 'ATTACHED', details }
}

const containerState = (
  ecs: Ecs,
  clusterName: string,
  taskId: string,
  container: ContainerDefinition,
): ContainerState => ({
  name: container.name ?? '',
  arn: ecsArn(ecs.world, 'container', `${clusterName}/${taskId}/${newUuid()}`),
  image: container.image ?? '',
  essential: container.essential !== false,
  lastStatus: 'PENDING',
  hasHealthCheck: container.healthCheck !== undefined,
  healthStatus: 'UNKNOWN',
})

/** Makes the task and tells nobody yet: `startTask` sets it going. */
export function createTask(ecs: Ecs, order: TaskOrder): TaskState {
  const id = newTaskId()
  const now = ecs.world.clock.now()
  const zone = `${ecs.world.region}${ZONES[nextZone++ % ZONES.length]}`
  const ip = `10.0.${100 + (nextZone % 100)}.${4 + ((randomBytes(1)[0] ?? 0) % 250)}`
  const behaviour = behaviourOf(ecs, order)
  const subnets = order.network?.subnets ?? []
  const subnet = subnets[nextZone % Math.max(1, subnets.length)]
  return {
    id,
    arn: ecsArn(ecs.world, 'task', `${order.cluster.name}/${id}`),
    cluster: order.cluster,
    service: order.deployment?.service,
    deployment: order.deployment,
    definition: order.definition,
    behaviour,
    containers: (order.definition.definition.containerDefinitions ?? []).map((container) =>
      containerState(ecs, order.cluster.name, id, container),
    ),
    overrides: order.overrides ?? {},
    request: order.request ?? {},
    startedBy: order.startedBy,
    group: order.group,
    tags: order.tags ?? [],
    attachments: subnet ? [networkInterface(zone, subnet, ip)] : [],
    privateIp: subnet ? ip : undefined,
    availabilityZone: zone,
    lastStatus: 'PROVISIONING',
    desiredStatus: 'RUNNING',
    createdAt: now,
    visibleAt: now.getTime() + (behaviour.missingFor ?? 0) * 1000,
    version: 1,
    healthy: false,
    wasHealthy: false,
    unhealthy: false,
    stopRequested: false,
    targets: order.targets ?? [],
    timers: new Set(),
  }
}
