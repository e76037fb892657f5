import { type InputReader, UserError } from '@deploy-actions/action-kit'
import { isDigest, isTag } from '@deploy-actions/ecr'
import {
  checkTags,
  type RegistryLocation,
  registryInput,
  repositoryInput,
  repositoryInputs,
  tagsInput,
} from '@deploy-actions/ecr/inputs'

export interface Inputs {
  from: RegistryLocation
  source: { tag: string } | { digest: string }
  to: RegistryLocation
  /** Whether `to` is another repository or registry than `from`, so that the image has to be copied. */
  elsewhere: boolean
  tags: string[]
  keepPrevious: boolean
}

export const previousSuffix = '-previous'

/** Reads and checks every input. Throws a UserError that names the input, its value and what is valid. */
export function parseInputs(inputs: InputReader): Inputs {
  const from = repositoryInputs(inputs)
  const to = target(inputs, from)
  const keepPrevious = inputs.flag('keep-previous', true)
  return {
    from,
    source: source(inputs.required('source', 'a digest (sha256:…) or a tag of the image to promote')),
    to,
    elsewhere:
      from.repository.name !== to.repository.name ||
      from.repository.registryId !== to.repository.registryId ||
      from.region !== to.region,
    tags: tags(inputs, keepPrevious),
    keepPrevious,
  }
}

function source(value: string): Inputs['source'] {
  if (isDigest(value)) return { digest: value }
  if (isTag(value)) return { tag: value }
  const hint =
    value.includes('@') || value.includes('/')
      ? ' Give only the digest or the tag; the rest belongs into "repository" and "registry".'
      : ''
  throw new UserError(
    `Input "source" is "${value}". Valid: a digest, sha256: and 64 hex digits in lower case, or a tag.${hint}`,
  )
}

function target(inputs: InputReader, from: RegistryLocation): RegistryLocation {
  const registryId = registryInput(inputs, 'target-registry') ?? from.repository.registryId
  return {
    repository: {
      name: repositoryInput(inputs, 'target-repository') ?? from.repository.name,
      ...(registryId && { registryId }),
    },
    region: inputs.text('target-region') ? inputs.region('target-region') : from.region,
  }
}

function tags(inputs: InputReader, keepPrevious: boolean): string[] {
  const valid = tagsInput(inputs, 'tags')
  // action.yml has a default, so an empty text was given: by an expression, or a job whose output came to nothing.
  if (valid.length === 0)
    throw new UserError(
      'Input "tags" is empty. Valid: tags to move, such as prod. If they come from an expression or another job, look why it gave nothing. Nothing was changed.',
    )
  if (!keepPrevious) return valid
  for (const tag of valid) {
    if (valid.includes(`${tag}${previousSuffix}`))
      throw new UserError(
        `Input "tags" holds both "${tag}" and "${tag}${previousSuffix}", but the second keeps what the first pointed at. Leave it out, or set "keep-previous: false".`,
      )
    checkTags('tags', [`${tag}${previousSuffix}`])
  }
  return valid
}
