import { type InputReader, UserError } from '@deploy-actions/action-kit'
import { type EcrRepository, isDigest, isRegistryId, isRepositoryName, isTag } from './reference.ts'

export interface RegistryLocation {
  repository: EcrRepository
  /** Region of the registry, where its client goes. */
  region: string
}

/** The inputs `repository`, `registry`, `registry-region` and `region`, which all image actions share. Throws a UserError for a wrong one. */
export function repositoryInputs(inputs: InputReader): RegistryLocation {
  const name = inputs.required('repository', 'the name of the ECR repository, such as shop/api')
  const registryId = registryInput(inputs, 'registry')
  return {
    repository: { name: checkRepository('repository', name), ...(registryId && { registryId }) },
    region: inputs.text('registry-region') ? inputs.region('registry-region') : inputs.region(),
  }
}

/** An input that holds a registry's account id, undefined when it is empty. */
export function registryInput(inputs: InputReader, input: string): string | undefined {
  const value = inputs.text(input)
  if (value === undefined || isRegistryId(value)) return value
  const id = value.match(/^(\d{12})\.dkr/)?.[1]
  const hint = id ? ` Give only the account id, ${id}, and the region as "${input}-region".` : ''
  throw new UserError(
    `Input "${input}" is "${value}". Valid: the twelve digits of the account that owns the registry.${hint}`,
  )
}

/** Returns `name` when it is a repository's name. */
export function checkRepository(input: string, name: string): string {
  // A host would pass as the first part of a name.
  const host = name.match(/^\d{12}\.dkr[.-][^/]*\//)
  if (isRepositoryName(name) && !host) return name
  const hint = host
    ? ` Leave out the registry's host; another account's registry is named by "registry" and "registry-region".`
    : name !== name.toLowerCase() && isRepositoryName(name.toLowerCase())
      ? ` Repository names are in lower case: "${name.toLowerCase()}".`
      : ''
  throw new UserError(
    `Input "${input}" is "${name}". Valid: a repository name such as shop/api: 2 to 256 lower-case letters, digits and single . _ - between them, in parts joined by /.${hint}`,
  )
}

/** Returns the tags of an input without repeats, when all of them are tags. */
export function checkTags(input: string, tags: string[]): string[] {
  for (const tag of tags) {
    if (isTag(tag)) continue
    const hint = tag.includes('/') || tag.includes(':') ? ' Give only the tag, without the repository.' : ''
    throw new UserError(
      `Input "${input}" holds "${tag}". Valid: up to 128 letters, digits and _ . -, not starting with . or -.${hint}`,
    )
  }
  return [...new Set(tags)]
}

/** An input that holds a digest, undefined when it is empty. */
export function digestInput(inputs: InputReader, input: string): string | undefined {
  const value = inputs.text(input)
  if (value === undefined || isDigest(value)) return value
  throw new UserError(
    `Input "${input}" is "${value}". Valid: sha256: followed by 64 hex digits in lower case, as build-image and push-ecr output it.`,
  )
}
