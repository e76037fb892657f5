import type { TaskDefinitionInput } from './fetch.ts'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type Fields = { [key: string]: Json }

/**
 * The one form that all spellings of the same task definition share: what the service fills in by itself is filled in
 * or left out alike, lists that are sets are sorted, amounts are in units. Tags do not belong to it: they do not change
 * what runs.
 * ECS API: RegisterTaskDefinition (defaults of each member).
 */
export function canonical(definition: TaskDefinitionInput): Fields {
  const { tags: _tags, ...rest } = withoutUndefined(definition) as Fields
  const task = rest
  const containers = list(task.containerDefinitions).map((entry) => canonicalContainer(entry, text(task.networkMode)))
  return pruned({
    ...task,
    ...amounts(task),
    networkMode: task.networkMode === 'bridge' ? null : (task.networkMode ?? null),
    containerDefinitions: byKey(containers, 'name'),
    volumes: byKey(list(task.volumes).map(canonicalVolume), 'name'),
    requiresCompatibilities: sorted(list(task.requiresCompatibilities)),
    placementConstraints: sorted(list(task.placementConstraints)),
    runtimePlatform: canonicalPlatform(task),
    proxyConfiguration: canonicalProxy(task.proxyConfiguration),
    enableFaultInjection: onlyTrue(task.enableFaultInjection),
  })
}

const switchedOffByDefault = [
  'privileged',
  'readonlyRootFilesystem',
  'interactive',
  'pseudoTerminal',
  'disableNetworking',
] as const

function canonicalContainer(container: Fields, networkMode: string | undefined): Fields {
  return {
    ...container,
    ...Object.fromEntries(switchedOffByDefault.map((key) => [key, onlyTrue(container[key])])),
    essential: container.essential ?? true,
    cpu: container.cpu === 0 ? null : (container.cpu ?? null),
    versionConsistency: container.versionConsistency === 'enabled' ? null : (container.versionConsistency ?? null),
    entryPoint: canonicalEntryPoint(container.entryPoint),
    portMappings: sorted(list(container.portMappings).map((mapping) => canonicalPort(mapping, networkMode))),
    environment: byKey(list(container.environment), 'name'),
    secrets: byKey(list(container.secrets), 'name'),
    mountPoints: sorted(list(container.mountPoints).map(readOnlyIsOff)),
    volumesFrom: sorted(list(container.volumesFrom).map(readOnlyIsOff)),
    dependsOn: sorted(list(container.dependsOn)),
    ulimits: byKey(list(container.ulimits), 'name'),
    systemControls: byKey(list(container.systemControls), 'namespace'),
    resourceRequirements: byKey(list(container.resourceRequirements), 'type'),
    healthCheck: canonicalHealthCheck(container.healthCheck),
    restartPolicy:
      isFields(container.restartPolicy) && container.restartPolicy.enabled ? container.restartPolicy : null,
    linuxParameters: canonicalLinux(container.linuxParameters),
  }
}

/**
 * An empty entry point takes the image's own away, as `[""]` does; its absence leaves it. Docker Engine API:
 * ContainerConfig.Entrypoint.
 */
function canonicalEntryPoint(words: Json | undefined): Json {
  return Array.isArray(words) && words.length === 0 ? [''] : (words ?? null)
}

function canonicalPort(mapping: Fields, networkMode: string | undefined): Fields {
  const own = networkMode === 'awsvpc' || networkMode === 'host' ? (mapping.containerPort ?? null) : null
  return {
    ...mapping,
    protocol: mapping.protocol ?? 'tcp',
    // 0 asks a bridge for any port, as its absence does.
    hostPort: mapping.hostPort === 0 || mapping.hostPort === undefined ? own : mapping.hostPort,
  }
}

function canonicalHealthCheck(check: Json | undefined): Json {
  if (!isFields(check)) return null
  const filled = { interval: 30, timeout: 5, retries: 3, ...check }
  return { ...filled, startPeriod: check.startPeriod === 0 ? null : (check.startPeriod ?? null) }
}

function canonicalLinux(parameters: Json | undefined): Json {
  if (!isFields(parameters)) return null
  return { ...parameters, initProcessEnabled: onlyTrue(parameters.initProcessEnabled) }
}

function canonicalVolume(volume: Fields): Fields {
  const efs = volume.efsVolumeConfiguration
  return {
    ...volume,
    configuredAtLaunch: onlyTrue(volume.configuredAtLaunch),
    efsVolumeConfiguration: isFields(efs)
      ? {
          ...efs,
          rootDirectory: efs.rootDirectory ?? '/',
          transitEncryption: efs.transitEncryption ?? 'DISABLED',
          ...(isFields(efs.authorizationConfig)
            ? { authorizationConfig: { ...efs.authorizationConfig, iam: efs.authorizationConfig.iam ?? 'DISABLED' } }
            : {}),
        }
      : null,
  }
}

/** On Fargate LINUX on X86_64 is what a definition without a platform runs on; on instances it is whatever fits. */
function canonicalPlatform(task: Fields): Json {
  const platform = isFields(task.runtimePlatform) ? task.runtimePlatform : undefined
  const onFargate = list(task.requiresCompatibilities).some((entry) => (entry as Json) === 'FARGATE')
  if (!platform && !onFargate) return null
  return { operatingSystemFamily: 'LINUX', ...(onFargate ? { cpuArchitecture: 'X86_64' } : {}), ...platform }
}

function canonicalProxy(proxy: Json | undefined): Json {
  if (!isFields(proxy)) return null
  return { ...proxy, type: proxy.type ?? 'APPMESH', properties: byKey(list(proxy.properties), 'name') }
}

/** `0.5 vCPU` and `1 GB` are stored as `512` and `1024`. */
function amounts(task: Fields): Fields {
  const unit = (value: Json | undefined, pattern: RegExp): Json => {
    if (value === undefined || value === null) return null
    const words = String(value).trim()
    const number = words.match(pattern)?.[1]
    if (number !== undefined) return String(Math.round(Number(number) * 1024))
    return /^\d+$/.test(words) ? String(Number(words)) : words
  }
  return { cpu: unit(task.cpu, /^(\d*\.?\d+)\s*vcpu$/i), memory: unit(task.memory, /^(\d*\.?\d+)\s*gb$/i) }
}

function readOnlyIsOff(entry: Fields): Fields {
  return { ...entry, readOnly: onlyTrue(entry.readOnly) }
}

function onlyTrue(value: Json | undefined): Json {
  return value === true ? true : null
}

function byKey(entries: Fields[], key: string): Fields[] {
  // The sort is stable: entries that share a key keep their order, in which the last one wins.
  return [...entries].sort((a, b) => compare(String(a[key] ?? ''), String(b[key] ?? '')))
}

function sorted<T extends Json>(entries: T[]): T[] {
  const keyed = entries.map((entry) => ({ entry, key: JSON.stringify(pruned(entry)) }))
  return keyed.sort((a, b) => compare(a.key, b.key)).map(({ entry }) => entry)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/**
 * Leaves out null, empty lists and empty maps at every depth, and puts keys into order. Empty texts stay: `FOO=""` is
 * not the absence of FOO.
 */
function pruned<T extends Json>(value: T): T {
  if (Array.isArray(value)) return value.map(pruned) as T
  if (!isFields(value)) return value
  const kept = Object.keys(value)
    .sort(compare)
    .map((key) => [key, pruned(value[key] ?? null)] as const)
    .filter(([, member]) => !isEmpty(member))
  return Object.fromEntries(kept) as T
}

function isEmpty(value: Json): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value).length === 0)
}

function withoutUndefined(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json
}

function isFields(value: Json | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function list(value: Json | undefined): Fields[] {
  return Array.isArray(value) ? (value as Fields[]) : []
}

function text(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}
