import { type InputReader, UserError } from '@deploy-actions/action-kit'
import { checkRepository, digestInput } from '@deploy-actions/ecr'

/** What to run: an image of ECR by digest, or one or several image references. */
export type ImageInput =
  | { kind: 'digest'; repository: string; digest: string }
  | { kind: 'references'; single: string | undefined; byContainer: Record<string, string> }

/** Reads `repository` + `digest`, or `image`: one reference, or one `container=reference` a line. */
export function imageInput(reader: InputReader): ImageInput | undefined {
  const repository = reader.text('repository')
  const digest = digestInput(reader, 'digest')
  const lines = reader.lines('image')
  if (repository) checkRepository('repository', repository)
  if (digest && !repository)
    throw new UserError('Input "repository" is required together with "digest": it names where the image is.')
  if (digest && lines.length > 0)
    throw new UserError('Inputs "digest" and "image" both name an image. Give repository and digest, or image.')
  if (digest && repository) return { kind: 'digest', repository, digest }
  if (repository && lines.length === 0)
    // An empty digest mostly comes from a job that was skipped; without this the step would be green and deploy nothing.
    throw new UserError(
      `Input "repository" is "${repository}", but "digest" is empty: which image to deploy is not said. If it comes from another job's output, look whether that job ran and is among this job's needs. Leave both out to deploy without a new image.`,
    )
  if (lines.length === 0) return undefined
  return references(lines)
}

function references(lines: string[]): ImageInput {
  const byContainer: Record<string, string> = {}
  let single: string | undefined
  for (const line of lines) {
    const [, container, image] = line.match(/^([\w-]{1,255})=(\S+)$/) ?? []
    if (container && image) {
      if (byContainer[container]) throw wrong('image', line, 'each container once')
      byContainer[container] = image
    } else if (single === undefined && /^[^\s=]+$/.test(line)) single = line
    else throw wrong('image', line, 'one image reference, or one container=image a line')
  }
  if (single && Object.keys(byContainer).length > 0)
    throw wrong('image', lines.join(' '), 'either one image reference, or container=image on every line')
  return { kind: 'references', single, byContainer }
}

function wrong(input: string, value: string, valid: string): UserError {
  return new UserError(`Input "${input}" is "${value}". Valid: ${valid}.`)
}
