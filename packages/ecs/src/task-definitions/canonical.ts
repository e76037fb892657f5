import type { TaskDefinitionInput } from './fetch.ts'
import { isFields } from './fields.ts'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type Fields = { [key: string]: Json }

/**
 * The one form that all spellings of the same task definition share: what the service fills in by itself is filled
 * in or left out alike, lists that are sets are sorted, amounts are in units. Tags do not belong to it: they do not
 * change what runs. ECS API: RegisterTaskDefinition (defaults of each member).
 */
export function canonical(definition: TaskDefinitionInput): Fields {
  // As JSON, members that are undefined are absent.
  const { tags: _tags, ...task } = JSON.parse(JSON.stringify(definition)) as Fields
  const containers = list(task.containerDefinitions).map((entry) => canonicalContainer(entry, task.networkMode))
  return pruned({
    ...withoutDefaults(task, { networkMode: 'bridge', enableFaultInjection: false }),
    cpu: amount(task.cpu, /^(\d*\.?\d+)\s*vcpu$/i),
    memory: amount(task.memory, /^(\d*\.?\d+)\s*gb$/i),
    containerDefinitions: byKey(containers, 'name'),
    volumes: byKey(list(task.volumes).map(canonicalVolume), 'name'),
    requiresCompatibilities: sorted(list(task.requiresCompatibilities)),
    placementConstraints: sorted(list(task.placementConstraints)),
    runtimePlatform: canonicalPlatform(task),
    proxyConfiguration: changed(task.proxyConfiguration, (proxy) => ({
      type: 'APPMESH',
      ...proxy,
      properties: byKey(list(proxy.properties), 'name'),
    })),
  })
}

const containerDefaults: Fields = {
  privileged: false,
  readonlyRootFilesystem: false,
  interactive: false,
  pseudoTerminal: false,
  disableNetworking: false,
  cpu: 0,
  versionConsistency: 'enabled',
}

function canonicalContainer(container: Fields, networkMode: Json | undefined): Fields {
  const { entryPoint = null } = container
  return {
    essential: true,
    ...withoutDefaults(container, containerDefaults),
    // An empty entry point takes the image's own away, as `[""]` does; its absence leaves it (Docker Engine API).
    entryPoint: Array.isArray(entryPoint) && entryPoint.length === 0 ? [''] : entryPoint,
    portMappings: sorted(list(container.portMappings).map((mapping) => canonicalPort(mapping, networkMode))),
    environment: byKey(list(container.environment), 'name'),
    secrets: byKey(list(container.secrets), 'name'),
    mountPoints: sorted(list(container.mountPoints).map(readOnlyIsOff)),
    volumesFrom: sorted(list(container.volumesFrom).map(readOnlyIsOff)),
    dependsOn: sorted(list(container.dependsOn)),
    ulimits: byKey(list(container.ulimits), 'name'),
    systemControls: byKey(list(container.systemControls), 'namespace'),
    resourceRequirements: byKey(list(container.resourceRequirements), 'type'),
    healthCheck: changed(container.healthCheck, (check) => ({
      interval: 30,
      timeout: 5,
      retries: 3,
      ...withoutDefaults(check, { startPeriod: 0 }),
    })),
    restartPolicy: changed(container.restartPolicy, (policy) => (policy.enabled ? policy : {})),
    linuxParameters: changed(container.linuxParameters, (linux) =>
      withoutDefaults(linux, { initProcessEnabled: false }),
    ),
  }
}

function canonicalPort(mapping: Fields, networkMode: Json | undefined): Fields {
  const own = networkMode === 'awsvpc' || networkMode === 'host' ? (mapping.containerPort ?? null) : null
  // 0 asks a bridge for any port, as its absence does.
  return { protocol: 'tcp', ...mapping, hostPort: mapping.hostPort || own }
}

function canonicalVolume(volume: Fields): Fields {
  return {
    ...withoutDefaults(volume, { configuredAtLaunch: false }),
    efsVolumeConfiguration: changed(volume.efsVolumeConfiguration, (efs) => ({
      rootDirectory: '/',
      transitEncryption: 'DISABLED',
      ...efs,
      authorizationConfig: changed(efs.authorizationConfig, (access) => ({ iam: 'DISABLED', ...access })),
    })),
  }
}

/** On Fargate LINUX on X86_64 is what a definition without a platform runs on; on instances it is whatever fits. */
function canonicalPlatform(task: Fields): Json {
  const onFargate = list(task.requiresCompatibilities).some((entry) => (entry as Json) === 'FARGATE')
  if (!isFields(task.runtimePlatform) && !onFargate) return null
  const platform = isFields(task.runtimePlatform) ? task.runtimePlatform : {}
  return { operatingSystemFamily: 'LINUX', ...(onFargate && { cpuArchitecture: 'X86_64' }), ...platform }
}

/** `0.5 vCPU` and `1 GB`, as `inUnits` knows them, are stored as `512` and `1024`. */
function amount(value: Json | undefined, inUnits: RegExp): Json {
  const words = String(value ?? '').trim()
  const number = words.match(inUnits)?.[1]
  if (number !== undefined) return String(Math.round(Number(number) * 1024))
  return (/^\d+$/.test(words) ? String(Number(words)) : words) || null
}

function readOnlyIsOff(entry: Fields): Fields {
  return withoutDefaults(entry, { readOnly: false })
}

/** The members that say something else than their default. */
function withoutDefaults(fields: Fields, defaults: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([key, value]) => value !== defaults[key]))
}

/** What `change` makes of an object; anything else counts as absent. */
function changed(value: Json | undefined, change: (fields: Fields) => Fields): Json {
  return isFields(value) ? change(value) : null
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
 * Leaves out null, empty lists and empty maps at every depth, and puts keys into order. Empty texts stay: `FOO=""`
 * is not the absence of FOO.
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

function list(value: Json | undefined): Fields[] {
  return Array.isArray(value) ? (value as Fields[]) : []
}
