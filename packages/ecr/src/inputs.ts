import { type InputReader, UserError } from '@deploy-actions/action-kit'
import {
  type EcrRepository,
  type ImageRef,
  isDigest,
  isRegistryId,
  isRepositoryName,
  isTag,
  parseImageRef,
} from './reference.ts'

// Inputs that several actions have, each judged in one place and without the AWS SDK. All throw a UserError that
// names input, value and what is valid.

export interface RegistryLocation {
  repository: EcrRepository
  /** Region of the registry, where its client goes. */
  region: string
}

/** What to run: an image of ECR by digest, or one or several image references. */
export type ImageInput =
  | { kind: 'digest'; repository: string; digest: string }
  | { kind: 'references'; single: ImageRef | undefined; byContainer: Record<string, ImageRef> }

/** The inputs `repository`, `registry`, `registry-region` and `region`, which all image actions share. */
export function repositoryInputs(reader: InputReader): RegistryLocation {
  const name = repositoryInput(reader, 'repository')
  if (name === undefined)
    throw new UserError('Input "repository" is required: the name of the ECR repository, such as shop/api.')
  const { registryId, registryRegion } = registryInputs(reader)
  return { repository: { name, ...(registryId && { registryId }) }, region: registryRegion }
}

/** The inputs `registry` and `registry-region`: another account's registry, or the own one in the step's region. */
export function registryInputs(reader: InputReader): { registryId: string | undefined; registryRegion: string } {
  return {
    registryId: registryInput(reader, 'registry'),
    registryRegion: reader.text('registry-region') ? reader.region('registry-region') : reader.region(),
  }
}

/** An input that holds a registry's account id, undefined when it is empty. */
export function registryInput(reader: InputReader, input: string): string | undefined {
  const value = reader.text(input)
  if (value === undefined || isRegistryId(value)) return value
  const id = value.match(/^(\d{12})\.dkr/)?.[1]
  const hint = id ? ` Give only the account id, ${id}, and the region as "${input}-region".` : ''
  throw invalid(input, value, `the twelve digits of the account that owns the registry.${hint}`)
}

/** An input that holds a repository's name, undefined when it is empty. */
export function repositoryInput(reader: InputReader, input: string): string | undefined {
  const name = reader.text(input)
  if (name === undefined) return undefined
  // A host would pass as the first part of a name.
  const host = name.match(/^\d{12}\.dkr[.-][^/]*\//)
  if (isRepositoryName(name) && !host) return name
  const hint = host
    ? ` Leave out the registry's host; another account's registry is named by "registry" and "registry-region".`
    : name !== name.toLowerCase() && isRepositoryName(name.toLowerCase())
      ? ` Repository names are in lower case: "${name.toLowerCase()}".`
      : ''
  throw invalid(
    input,
    name,
    `a repository name such as shop/api: 2 to 256 lower-case letters, digits and single . _ - between them, in parts joined by /.${hint}`,
  )
}

/**
 * The tags of an input without repeats; empty when the input is. An entry without a tag, as an empty expression
 * leaves it (`,` or `a,,b`), is an error: which tag was meant is not known.
 */
export function tagsInput(reader: InputReader, input: string): string[] {
  const text = reader.text(input) ?? ''
  const entries = text.split(/[\n,]/).map((entry) => entry.trim())
  if (text.includes(',') && text.split('\n').some((line) => line.split(',').some((entry) => !entry.trim())))
    throw invalid(input, text, 'tags, none of them empty; look where an expression or another job gave nothing')
  return checkTags(input, entries.filter(Boolean))
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
export function digestInput(reader: InputReader, input: string): string | undefined {
  const value = reader.text(input)
  if (value === undefined || isDigest(value)) return value
  throw invalid(input, value, 'sha256: followed by 64 hex digits in lower case, as build-image and push-ecr output it')
}

/** The inputs `repository` and `digest`, which name an image by its content: both, or neither. */
export function pinnedImageInput(reader: InputReader): { repository: string; digest: string } | undefined {
  const repository = repositoryInput(reader, 'repository')
  const digest = digestInput(reader, 'digest')
  if (repository && digest) return { repository, digest }
  if (digest) throw new UserError('Input "repository" is required together with "digest": it names where the image is.')
  if (!repository) return undefined
  // An empty digest mostly comes from a job that was skipped; without this the step would be green and use another
  // image.
  throw new UserError(
    `Input "repository" is "${repository}", but "digest" is empty: which image is meant is not said. If it comes from another job's output, look whether that job ran and is among this job's needs. Leave both out to go without a new image.`,
  )
}

/**
 * `repository` and `digest`, or `image`: one reference, or one `container=reference` a line. Undefined when no
 * image is named.
 */
export function imageInput(reader: InputReader): ImageInput | undefined {
  const lines = reader.lines('image')
  if (lines.length === 0) {
    const pinned = pinnedImageInput(reader)
    return pinned && { kind: 'digest', ...pinned }
  }
  if (reader.text('digest'))
    throw new UserError('Inputs "digest" and "image" both name an image. Give repository and digest, or image.')
  repositoryInput(reader, 'repository')
  return references(lines)
}

function references(lines: string[]): ImageInput {
  const byContainer: Record<string, ImageRef> = {}
  let single: ImageRef | undefined
  for (const line of lines) {
    const [, container, reference = line] = line.match(/^([\w-]{1,255})=(\S+)$/) ?? []
    const image = parseImageRef(reference)
    if (!image)
      throw invalid(
        'image',
        line,
        'one image reference, [host/]repository[:tag][@sha256:…] with the repository in lower case, or one container=image a line',
      )
    if (container && byContainer[container]) throw invalid('image', line, 'each container once')
    if (container) byContainer[container] = image
    else if (single) throw invalid('image', line, 'one image reference, or one container=image a line')
    else single = image
  }
  if (single && Object.keys(byContainer).length > 0)
    throw invalid('image', lines.join(' '), 'either one image reference, or container=image on every line')
  return { kind: 'references', single, byContainer }
}

function invalid(input: string, value: string, valid: string): UserError {
  return new UserError(`Input "${input}" is "${value}". Valid: ${valid}${valid.endsWith('.') ? '' : '.'}`)
}
