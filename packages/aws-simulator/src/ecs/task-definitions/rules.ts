import type { ContainerDefinition, RegisterTaskDefinitionRequest } from '@aws-sdk/client-ecs'
import { clientError } from '../errors.ts'
import { checkFargate } from './fargate.ts'

const AWSLOGS_OPTIONS = new Set([
  'awslogs-create-group',
  'awslogs-datetime-format',
  'awslogs-endpoint',
  'awslogs-group',
  'awslogs-multiline-pattern',
  'awslogs-region',
  'awslogs-stream-prefix',
  'max-buffer-size',
  'mode',
])

/**
 * Refuses what RegisterTaskDefinition refuses beyond the model's own types: ClientException with ECS's texts.
 * ECS API: RegisterTaskDefinition, ContainerDefinition, LogConfiguration, PortMapping.
 */
export function checkTaskDefinition(request: RegisterTaskDefinitionRequest): void {
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(request.family ?? '')) throw clientError('Family contains invalid characters.')
  if (request.tags && request.tags.length === 0) throw clientError('Tags can not be empty.')
  const containers = request.containerDefinitions ?? []
  if (containers.length === 0) throw clientError('Container list cannot be empty.')
  const names = new Set<string>()
  for (const container of containers) {
    checkContainer(container, request)
    if (names.has(container.name ?? '')) {
      throw clientError(
        `Invalid setting for container '${container.name}'. Container names must be unique within a task definition.`,
      )
    }
    names.add(container.name ?? '')
  }
  if (!containers.some((container) => container.essential !== false)) {
    throw clientError('At least one container in the task definition must be marked as essential.')
  }
  for (const container of containers) checkReferences(container, names, request)
  if (request.requiresCompatibilities?.includes('FARGATE')) checkFargate(request)
}

const invalid = (container: ContainerDefinition, why: string) =>
  clientError(`Invalid setting for container '${container.name}'. ${why}`)

function checkContainer(container: ContainerDefinition, request: RegisterTaskDefinitionRequest): void {
  if (!container.name) throw clientError('Container.name should not be null or empty.')
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(container.name)) {
    throw clientError(
      `Invalid container name (${container.name}). Only alphanumeric characters, underscores and hyphens are allowed.`,
    )
  }
  if (!container.image) throw clientError('Container.image should not be null or empty.')
  if (!request.memory && container.memory === undefined && container.memoryReservation === undefined) {
    throw invalid(container, "At least one of 'memory' or 'memoryReservation' must be specified.")
  }
  for (const variable of container.environment ?? []) {
    if (!variable.name) throw clientError('Environment variable name should not be null or empty.')
  }
  const variables = new Set((container.environment ?? []).map(({ name }) => name))
  const secrets = new Set<string>()
  for (const secret of container.secrets ?? []) {
    const name = secret.name ?? ''
    if (variables.has(name) || secrets.has(name)) {
      throw clientError(
        `The secret name must be unique and not shared with any new or existing environment variables set on the container, such as '${name}'.`,
      )
    }
    secrets.add(name)
  }
  if (request.networkMode === 'awsvpc') {
    if (container.links?.length) throw clientError('Links are not supported when networkMode=awsvpc.')
    for (const port of container.portMappings ?? []) {
      if (port.hostPort !== undefined && port.hostPort !== 0 && port.hostPort !== port.containerPort) {
        throw clientError('When networkMode=awsvpc, the host ports and container ports in port mappings must match.')
      }
    }
  }
  checkLogging(container)
  checkHealthCheck(container)
}

function checkLogging(container: ContainerDefinition): void {
  const logging = container.logConfiguration
  if (logging?.logDriver !== 'awslogs') return
  const options = logging.options ?? {}
  const missing = ['awslogs-group', 'awslogs-region'].filter((name) => !options[name])
  if (missing.length) throw clientError(`Log driver awslogs requires options: ${missing.join(', ')}`)
  const unknown = Object.keys(options).filter((name) => !AWSLOGS_OPTIONS.has(name))
  if (unknown.length) throw clientError(`Log driver awslogs disallows options: ${unknown.join(', ')}`)
  if (options['awslogs-create-group'] !== undefined && options['awslogs-create-group'] !== 'true') {
    throw clientError(
      `Log driver awslogs option 'awslogs-create-group' should only be set to 'true', else omit option.`,
    )
  }
}

function checkHealthCheck(container: ContainerDefinition): void {
  const check = container.healthCheck
  if (!check) return
  const bounds: [string, number | undefined, number, number][] = [
    ['interval', check.interval, 5, 300],
    ['timeout', check.timeout, 2, 120],
    ['retries', check.retries, 1, 10],
    ['startPeriod', check.startPeriod, 0, 300],
  ]
  if (!check.command?.length) throw invalid(container, 'Health check command must not be empty.')
  for (const [name, value, low, high] of bounds) {
    if (value !== undefined && (value < low || value > high)) {
      throw invalid(container, `Health check ${name} must be between ${low} and ${high}.`)
    }
  }
}

function checkReferences(
  container: ContainerDefinition,
  names: Set<string>,
  request: RegisterTaskDefinitionRequest,
): void {
  for (const dependency of container.dependsOn ?? []) {
    if (!names.has(dependency.containerName ?? '')) {
      throw clientError(
        `Container '${container.name}' depends on container '${dependency.containerName}', which is not defined in the task definition.`,
      )
    }
  }
  const volumes = new Set((request.volumes ?? []).map((volume) => volume.name))
  for (const mount of container.mountPoints ?? []) {
    if (mount.sourceVolume !== undefined && !volumes.has(mount.sourceVolume)) {
      throw clientError(`Unknown volume '${mount.sourceVolume}'.`)
    }
  }
}
