import type {
  ContainerDefinition,
  PortMapping,
  RegisterTaskDefinitionRequest,
  TaskDefinition,
} from '@aws-sdk/client-ecs'

/**
 * The capability an image, a log driver or a setting asks of the machine, as the service computes
 * requiresAttributes.
 */
function requiredAttributes(request: RegisterTaskDefinitionRequest): string[] {
  const containers = request.containerDefinitions ?? []
  const names = new Set<string>()
  for (const container of containers) {
    const driver = container.logConfiguration?.logDriver
    if (driver) names.add(`com.amazonaws.ecs.capability.logging-driver.${driver}`)
    if (driver === 'awslogs') names.add('ecs.capability.execution-role-awslogs')
    if (/^\d{12}\.dkr\.ecr\./.test(container.image ?? '')) {
      names.add('com.amazonaws.ecs.capability.ecr-auth')
      if (request.executionRoleArn) names.add('ecs.capability.execution-role-ecr-pull')
    }
    if (container.healthCheck) names.add('ecs.capability.container-health-check')
    for (const secret of container.secrets ?? []) {
      const manager = secret.valueFrom?.includes(':secretsmanager:')
      names.add(
        manager
          ? 'ecs.capability.secrets.asm.environment-variables'
          : 'ecs.capability.secrets.ssm.environment-variables',
      )
    }
  }
  if (request.taskRoleArn) names.add('com.amazonaws.ecs.capability.task-iam-role')
  if (request.networkMode === 'awsvpc') names.add('ecs.capability.task-eni')
  names.add('com.amazonaws.ecs.capability.docker-remote-api.1.18')
  return [...names].sort()
}

function withPortDefaults(port: PortMapping, networkMode: string | undefined): PortMapping {
  const hostPort = networkMode === 'awsvpc' || networkMode === 'host' ? port.containerPort : (port.hostPort ?? 0)
  return { ...port, hostPort, protocol: port.protocol ?? 'tcp' }
}

function withContainerDefaults(container: ContainerDefinition, networkMode: string | undefined): ContainerDefinition {
  return {
    ...container,
    cpu: container.cpu ?? 0,
    essential: container.essential ?? true,
    portMappings: (container.portMappings ?? []).map((port) => withPortDefaults(port, networkMode)),
    environment: container.environment ?? [],
    mountPoints: container.mountPoints ?? [],
    volumesFrom: container.volumesFrom ?? [],
    systemControls: container.systemControls ?? [],
    healthCheck: container.healthCheck && {
      interval: 30,
      timeout: 5,
      retries: 3,
      ...container.healthCheck,
    },
  }
}

/**
 * The task definition as DescribeTaskDefinition returns it: what was given, with the lists and numbers that the
 * service fills in. What was given is kept as it is, empty strings included. ECS API: RegisterTaskDefinition,
 * response.
 */
export function completeDefinition(
  request: RegisterTaskDefinitionRequest,
  identity: { taskDefinitionArn: string; revision: number; registeredAt: Date; registeredBy: string },
) {
  const { tags: _tags, ...given } = request
  const fargate = request.requiresCompatibilities?.includes('FARGATE') || request.networkMode === 'awsvpc'
  return {
    ...structuredClone(given),
    family: request.family ?? '',
    containerDefinitions: (request.containerDefinitions ?? []).map((container) =>
      withContainerDefaults(structuredClone(container), request.networkMode),
    ),
    volumes: request.volumes ?? [],
    placementConstraints: request.placementConstraints ?? [],
    status: 'ACTIVE' as const,
    compatibilities: fargate && request.cpu && request.memory ? ['EC2', 'FARGATE'] : ['EC2'],
    requiresAttributes: requiredAttributes(request).map((name) => ({ name })),
    ...identity,
  } as TaskDefinition & { taskDefinitionArn: string; family: string; revision: number }
}
