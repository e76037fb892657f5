import { type InputReader, UserError } from '@deploy-actions/action-kit'
import type { EcrRepository } from '@deploy-actions/ecr'
import { digestInput, repositoryInput, repositoryInputs, tagsInput } from '@deploy-actions/ecr/inputs'

export const severities = ['critical', 'high', 'medium', 'low', 'informational'] as const
export type Severity = (typeof severities)[number]

export interface ScanInputs {
  mode: 'wait' | 'start'
  failOn: Severity | 'none'
  timeoutMs: number
  onUnsupported: 'warn' | 'fail'
}

export interface Inputs {
  /** Region of the registry. */
  region: string
  repository: EcrRepository
  /** Undefined: only tags are set, on `digest`. */
  image: ImageLocation | undefined
  digest: string | undefined
  platform: string | undefined
  /** With `sha-<commit>`, without repeats. The first is the output `image-tag`. */
  tags: string[]
  mountFrom: string | undefined
  create: { immutableTags: boolean; movableTags: string[] } | undefined
  scan: ScanInputs | undefined
}

export type ImageLocation = { daemon: string } | { path: string }

/**
 * Reads and checks every input; `commit` is the run's commit. Throws a UserError that names the input, its value
 * and what is valid.
 */
export function parseInputs(inputs: InputReader, commit: string): Inputs {
  const { repository, region } = repositoryInputs(inputs)
  const image = imageLocation(inputs.text('image'))
  const digest = digestInput(inputs, 'digest')
  if (!image && !digest)
    throw new UserError(
      'Inputs "image" and "digest" are both empty. Set "image" to what is to be pushed, or "digest" to an image that is in ECR already and only needs tags.',
    )
  const platform = inputs.matching(
    'platform',
    /^[a-z0-9]+\/[a-z0-9_]+(\/[a-z0-9.]+)?$/,
    'os/architecture, such as linux/amd64',
  )
  if (platform && !image)
    throw new UserError('Input "platform" chooses from "image", which is empty. Leave one of them out.')
  return {
    region,
    repository,
    image,
    digest,
    platform,
    tags: [...new Set([...tags(inputs), commitTag(commit)])],
    mountFrom: repositoryInput(inputs, 'mount-from'),
    create: createInputs(inputs),
    scan: scanInputs(inputs),
  }
}

function imageLocation(text: string | undefined): ImageLocation | undefined {
  if (text === undefined) return undefined
  const scheme = text.match(/^([a-z-]+):\/\/(.*)$/)
  if (!scheme) return { path: text }
  const [, kind, name = ''] = scheme
  // What starts with a dash would be an option to docker.
  if (kind === 'docker' && /^[a-zA-Z0-9][\w./:@-]*$/.test(name)) return { daemon: name }
  throw new UserError(
    `Input "image" is "${text}". Valid: the path of an OCI layout directory or of an archive, or docker://name:tag for an image of the local Docker daemon.`,
  )
}

function tags(inputs: InputReader): string[] {
  const valid = tagsInput(inputs, 'tags')
  // action.yml has a default, so an empty text was given: by an expression, or a job whose output came to nothing.
  if (valid.length > 0) return valid
  throw new UserError(
    'Input "tags" is empty. Valid: tags to set, or no input at all for sha-<commit> alone. If they come from an expression or another job, look why it gave nothing. Nothing was pushed.',
  )
}

function commitTag(commit: string): string {
  if (/^[0-9a-f]{40,64}$/.test(commit)) return `sha-${commit}`
  throw new UserError(
    `GITHUB_SHA is "${commit}", so the tag sha-<commit> can't be made. The runner sets it; outside a runner, set it to the full hash of the commit.`,
  )
}

function createInputs(inputs: InputReader): Inputs['create'] {
  const create = inputs.flag('create-repository', false)
  const immutableTags = inputs.choice('tag-mutability', ['mutable', 'immutable'], 'mutable') === 'immutable'
  const movableTags = inputs.list('movable-tags')
  for (const filter of movableTags) {
    if (!/^[0-9a-zA-Z._*-]{1,128}$/.test(filter))
      throw new UserError(
        `Input "movable-tags" holds "${filter}". Valid: tags of letters, digits and . _ -, with * for any characters.`,
      )
  }
  if (movableTags.length > 5)
    throw new UserError(`Input "movable-tags" has ${movableTags.length} entries. ECR takes up to five.`)
  if (movableTags.length > 0 && !immutableTags)
    throw new UserError(
      'Input "movable-tags" has a meaning only with "tag-mutability: immutable": in a mutable repository every tag can be moved.',
    )
  return create ? { immutableTags, movableTags } : undefined
}

function scanInputs(inputs: InputReader): ScanInputs | undefined {
  const mode = inputs.choice('scan', ['none', 'wait', 'start'], 'none')
  const failOn = inputs.choice('fail-on-severity', [...severities, 'none'], 'critical')
  const timeoutMs = inputs.duration('scan-timeout', 10 * 60_000)
  const onUnsupported = inputs.choice('on-unsupported', ['warn', 'fail'], 'warn')
  return mode === 'none' ? undefined : { mode, failOn, timeoutMs, onUnsupported }
}
