import type { Container, Task } from '@aws-sdk/client-ecs'
import type { ContainerState, Ecs, TaskState } from '../types.ts'

const interfaces = (task: TaskState) => {
  const [attachment] = task.attachments
  if (!attachment) return []
  return [{ attachmentId: attachment.id, privateIpv4Address: task.privateIp }]
}

/** Whether exit codes are known by now. */
const exitCodesKnown = (ecs: Ecs, task: TaskState) =>
  ecs.options.exitCodeDelay === 0 ||
  (task.stoppedAt !== undefined &&
    ecs.world.clock.now().getTime() >= task.stoppedAt.getTime() + ecs.options.exitCodeDelay * 1000)

const containerView = (ecs: Ecs, task: TaskState, container: ContainerState): Container => {
  const definition = task.definition.definition.containerDefinitions?.find(({ name }) => name === container.name)
  return {
    containerArn: container.arn,
    taskArn: task.arn,
    name: container.name,
    image: container.image,
    imageDigest: container.imageDigest,
    runtimeId: container.runtimeId,
    lastStatus: container.lastStatus,
    exitCode: exitCodesKnown(ecs, task) ? container.exitCode : undefined,
    reason: container.reason,
    networkBindings: [],
    networkInterfaces: interfaces(task),
    healthStatus: container.healthStatus,
    cpu: String(definition?.cpu ?? 0),
    memory: definition?.memory === undefined ? undefined : String(definition.memory),
    memoryReservation: definition?.memoryReservation === undefined ? undefined : String(definition.memoryReservation),
  }
}

/**
 * HEALTHY when all essential containers' checks pass, UNKNOWN when one has none or no result yet. ECS API:
 * Task.healthStatus.
 */
function healthStatus(task: TaskState): Task['healthStatus'] {
  const states = task.containers.filter(({ essential }) => essential).map((container) => container.healthStatus)
  if (states.includes('UNHEALTHY')) return 'UNHEALTHY'
  return states.includes('UNKNOWN') ? 'UNKNOWN' : 'HEALTHY'
}

/** The task as DescribeTasks returns it. Members without a value are absent, as on the wire. */
export function taskView(ecs: Ecs, task: TaskState, include: string[] = []): Task {
  const { definition } = task.definition
  const fargate = task.request.launchType === 'FARGATE' || task.request.capacityProviderStrategy !== undefined
  return {
    attachments: task.attachments,
    attributes: [
      {
        name: 'ecs.cpu-architecture',
        value: definition.runtimePlatform?.cpuArchitecture === 'ARM64' ? 'arm64' : 'x86_64',
      },
    ],
    availabilityZone: task.availabilityZone,
    capacityProviderName: task.request.capacityProviderStrategy?.[0]?.capacityProvider,
    clusterArn: task.cluster.arn,
    connectivity: task.connectivityAt && 'CONNECTED',
    connectivityAt: task.connectivityAt,
    containers: task.containers.map((container) => containerView(ecs, task, container)),
    cpu: task.overrides.cpu ?? definition.cpu,
    createdAt: task.createdAt,
    desiredStatus: task.desiredStatus,
    enableExecuteCommand: task.request.enableExecuteCommand ?? false,
    executionStoppedAt: task.executionStoppedAt,
    group: task.group,
    healthStatus: healthStatus(task),
    lastStatus: task.lastStatus,
    launchType: task.request.launchType ?? (fargate ? 'FARGATE' : undefined),
    memory: task.overrides.memory ?? definition.memory,
    overrides: {
      inferenceAcceleratorOverrides: [],
      ...task.overrides,
      containerOverrides: task.overrides.containerOverrides ?? task.containers.map(({ name }) => ({ name })),
    },
    platformVersion: fargate ? '1.4.0' : undefined,
    platformFamily: fargate ? 'Linux' : undefined,
    pullStartedAt: task.pullStartedAt,
    pullStoppedAt: task.pullStoppedAt,
    startedAt: task.startedAt,
    startedBy: task.startedBy,
    stopCode: task.stopCode as Task['stopCode'],
    stoppedAt: task.stoppedAt,
    stoppedReason: task.stoppedReason,
    stoppingAt: task.stoppingAt,
    tags: include.includes('TAGS') ? task.tags : [],
    taskArn: task.arn,
    taskDefinitionArn: definition.taskDefinitionArn,
    version: task.version,
    ephemeralStorage: fargate ? (definition.ephemeralStorage ?? { sizeInGiB: 20 }) : undefined,
  }
}
