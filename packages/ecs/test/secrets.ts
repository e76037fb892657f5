import type { TaskDefinitionInput } from '../src/index.ts'

/** Members whose texts are shown: names of entries, and what says how a task runs. */
const shown =
  /^(family|cpu|memory|networkMode|requiresCompatibilities|\w+RoleArn|image|logDriver|awslogs-group|cpuArchitecture|operatingSystemFamily|name|containerPath|sourceContainer|containerName|namespace)$/

/** The definition with a secret in every text but those, numbered so that no two are the same. */
export function withSecrets(definition: TaskDefinitionInput, word: string): TaskDefinitionInput {
  let count = 0
  const replaced = (value: unknown, key: string): unknown => {
    if (typeof value === 'string') return shown.test(key) ? 'plain' : `secret-${word}-${count++}`
    if (Array.isArray(value)) return value.map((entry) => replaced(entry, key))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, replaced(entry, name)]))
  }
  const containers = definition.containerDefinitions ?? []
  const named = replaced(definition, '') as TaskDefinitionInput
  return {
    ...named,
    containerDefinitions: named.containerDefinitions?.map((one, index) => ({ ...one, name: containers[index]!.name })),
  }
}
