import type { ContainerDefinition } from '@aws-sdk/client-ecs'
import { UserError } from '@deploy-actions/action-kit'
import type { TaskDefinitionInput } from './fetch.ts'
import { nearestName } from './nearest.ts'
import { labelledVariables, parametersLabel } from './parameters-label.ts'

/** What a release changes. What is absent stays as it is. */
export interface TaskDefinitionChanges {
  /**
   * The container that `image`, `environment`, `secrets`, `command`, `entryPoint` and `dockerLabels` are meant for.
   * Default: see `targetContainer`.
   */
  container?: string
  image?: string
  /** Further images by container name. */
  images?: Record<string, string>
  environment?: Record<string, string>
  /** Variable name → ARN of a secret or parameter, or name of a parameter in the task's region. */
  secrets?: Record<string, string>
  command?: string[]
  entryPoint?: string[]
  dockerLabels?: Record<string, string>
  /** Of the whole task. */
  cpu?: string
  memory?: string
}

/**
 * A copy of `definition` with the changes made. A variable that becomes a secret leaves the plain variables and the
 * other way round, since ECS refuses a name that is both. Variables and secrets of parameters that the container's
 * label names and `dockerLabels` no longer does are left out: a task with a reference to a deleted parameter cannot
 * start. Throws a UserError for a container that is not there or a name that is asked as both.
 */
export function applyChanges(definition: TaskDefinitionInput, changes: TaskDefinitionChanges): TaskDefinitionInput {
  const { cpu, memory, images = {}, image, environment, secrets, command, entryPoint, dockerLabels } = changes
  const changed = structuredClone({
    ...definition,
    ...(cpu !== undefined && { cpu }),
    ...(memory !== undefined && { memory }),
  })
  for (const [name, image] of Object.entries(images)) targetContainer(changed, name).image = image
  const ofContainer = [image, environment, secrets, command, entryPoint, dockerLabels]
  if (ofContainer.some((change) => change !== undefined))
    changeContainer(targetContainer(changed, changes.container), changes)
  return changed
}

/** The containers a release may be about: the named one, else the only one, else the essential ones. */
export function candidateContainers(definition: TaskDefinitionInput, name?: string): ContainerDefinition[] {
  const containers = definition.containerDefinitions ?? []
  if (name !== undefined) return containers.filter((container) => container.name === name)
  return containers.length === 1 ? containers : containers.filter(isEssential)
}

/**
 * The container a change is meant for: the named one, else the only one, else the only essential one. Throws a
 * UserError that lists the names when that does not decide.
 */
export function targetContainer(definition: TaskDefinitionInput, name?: string): ContainerDefinition {
  const [candidate, ...others] = candidateContainers(definition, name)
  if (candidate && others.length === 0) return candidate
  const names = (definition.containerDefinitions ?? []).map((container) => container.name ?? '')
  const task = `Task definition "${definition.family}"`
  if (name === undefined)
    throw new UserError(
      names.length === 0
        ? `${task} has no containers.`
        : `${task} has ${candidate ? others.length + 1 : 0} essential containers: set input "container" to one of ${names.join(', ')}.`,
    )
  const near = nearestName(name, names)
  throw new UserError(
    `${task} has no container "${name}"${near ? `; did you mean "${near}"?` : '.'} Its containers: ${names.join(', ')}.`,
  )
}

/** A container without `essential` is essential. ECS API: ContainerDefinition. */
export function isEssential(container: ContainerDefinition): boolean {
  return container.essential !== false
}

function changeContainer(container: ContainerDefinition, changes: TaskDefinitionChanges): void {
  const { image, environment = {}, secrets = {}, command, entryPoint, dockerLabels } = changes
  const both = Object.keys(environment).filter((name) => name in secrets)
  if (both.length > 0)
    throw new UserError(
      `${both.join(', ')} ${both.length === 1 ? 'is' : 'are'} asked as a variable and as a secret of container "${container.name}". ECS takes a name only once; remove one of the two.`,
    )
  if (image !== undefined) container.image = image
  if (command !== undefined) container.command = [...command]
  if (entryPoint !== undefined) container.entryPoint = [...entryPoint]
  const gone = deletedParameters(container, dockerLabels)
  if (dockerLabels !== undefined) container.dockerLabels = { ...container.dockerLabels, ...dockerLabels }

  const variables = without(container.environment, [...Object.keys(secrets), ...gone])
  const references = without(container.secrets, Object.keys(environment)).filter(
    ({ name = '', valueFrom }) => !(gone.includes(name) && valueFrom?.endsWith(`/${name}`)),
  )
  const newVariables = Object.entries(environment).map(([name, value]) => ({ name, value }))
  const newReferences = Object.entries(secrets).map(([name, valueFrom]) => ({ name, valueFrom }))
  // Lists that hold nothing stay absent or empty as they were.
  if (newVariables.length > 0 || container.environment) container.environment = replacedByName(variables, newVariables)
  if (newReferences.length > 0 || container.secrets) container.secrets = replacedByName(references, newReferences)
}

/**
 * Variables that came from parameters at the last release and do not at this one. Empty where either has no label
 * of parameters.
 */
function deletedParameters(
  { dockerLabels: before }: ContainerDefinition,
  after: Record<string, string> = {},
): string[] {
  const [old, now] = [before?.[parametersLabel], after[parametersLabel]]
  if (old === undefined || now === undefined) return []
  const kept = labelledVariables(now)
  return labelledVariables(old).filter((name) => !kept.includes(name))
}

function without<T extends { name?: string }>(entries: T[] | undefined, names: string[]): T[] {
  return (entries ?? []).filter((entry) => !names.includes(entry.name ?? ''))
}

/** Additions take the place of entries of their name; others come last. */
function replacedByName<T extends { name?: string }>(entries: T[], additions: T[]): T[] {
  const byName = new Map(additions.map((addition) => [addition.name, addition]))
  const kept = entries.map((entry) => byName.get(entry.name) ?? entry)
  return [...kept, ...additions.filter(({ name }) => !entries.some((entry) => entry.name === name))]
}
