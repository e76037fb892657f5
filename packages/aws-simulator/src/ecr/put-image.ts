import { matchesPattern } from '../faults.ts'
import { digestOf } from '../registry/digest.ts'
import { indexTypes, type ManifestContent, parseManifest } from '../registry/manifest.ts'
import { storeManifest } from '../registry/manifests.ts'
import { blobsMissing, childrenMissing, type Repository, type StoredManifest, tagsOf } from '../registry/store.ts'
import type { EcrDeviations } from '../scenario.ts'
import { AwsFailure } from '../world.ts'
import { type EcrRegistry, invalidParameter, type RepositorySettings } from './registries.ts'

const tagPattern = /^\w[\w.-]{0,127}$/
const invalidSyntax = () => invalidParameter('ImageManifest', 'Invalid JSON syntax')

/** Whether a tag, once given, can be moved to another image. */
export function isImmutable(settings: RepositorySettings, tag: string): boolean {
  const excluded = settings.exclusions.some(({ filter }) => matchesPattern(filter, tag))
  switch (settings.mutability) {
    case 'IMMUTABLE':
      return true
    case 'IMMUTABLE_WITH_EXCLUSION':
      return !excluded
    case 'MUTABLE_WITH_EXCLUSION':
      return excluded
    default:
      return false
  }
}

/**
 * Fields that ECR's parser is known to stumble over: moby/buildkit#6171 (subject), falcosecurity/falcoctl#310
 * (config), aws/containers-roadmap#2306 (media types).
 */
function strictlyReadable(bytes: Buffer, content: ManifestContent): boolean {
  const raw = JSON.parse(bytes.toString('utf8')) as Record<string, Record<string, unknown> | undefined>
  const extra = ['platform', 'annotations'].some((field) => raw.subject?.[field] !== undefined)
  const types = [content.mediaType, content.config?.mediaType, ...content.layers.map((layer) => layer.mediaType)]
  return !extra && raw.config?.annotations === undefined && !types.some((type) => type?.includes(';'))
}

function checkContent(manifest: StoredManifest, deviations: EcrDeviations): void {
  const { bytes, content } = manifest
  if (deviations.strictManifests !== false && !strictlyReadable(bytes, content)) throw invalidSyntax()
  const uncompressed = content.layers.some((layer) => /\.tar$/.test(layer.mediaType))
  if (deviations.refuseUncompressed && uncompressed)
    throw invalidParameter('ImageManifest', 'Unsupported layer media type')
  const isIndex = indexTypes.includes(manifest.mediaType)
  if (!isIndex && !content.config && content.manifests.length === 0) throw invalidSyntax()
}

/**
 * Everything that PutImage, and PUT of a manifest over HTTP, can be refused for. The order is ours: parameters,
 * references, tags. `tag` undefined: the image is put without one.
 */
export function checkImage(
  registry: EcrRegistry,
  repository: Repository,
  manifest: StoredManifest,
  tag: string | undefined,
  deviations: EcrDeviations,
): void {
  const place = `in the repository with name '${repository.name}' in registry with id '${registry.accountId}'`
  if (tag !== undefined && !tagPattern.test(tag)) {
    throw invalidParameter('imageTag', "must satisfy regular expression '[a-zA-Z0-9_][a-zA-Z0-9-._]{0,127}'")
  }
  checkContent(manifest, deviations)
  const layers = blobsMissing(repository, manifest.content)
  if (layers.length) {
    throw new AwsFailure(
      'LayersNotFoundException',
      `Layers with digests '[${layers.join(', ')}]' required for pushing image into repository with name '${repository.name}' in the registry with id '${registry.accountId}' do not exist`,
    )
  }
  const children = childrenMissing(repository, manifest.content)
  if (children.length) {
    throw new AwsFailure(
      'ReferencedImagesNotFoundException',
      `The referenced images with digests '[${children.join(', ')}]' do not exist ${place}`,
    )
  }
  const present =
    tag === undefined
      ? repository.manifests.has(manifest.digest)
        ? manifest.digest
        : undefined
      : repository.tags.get(tag)
  if (present === manifest.digest) {
    throw new AwsFailure(
      'ImageAlreadyExistsException',
      `Image with digest '${manifest.digest}' and tag '${tag ?? null}' already exists ${place}`,
    )
  }
  if (tag !== undefined && present !== undefined && isImmutable(registry.settingsOf(repository), tag)) {
    throw new AwsFailure(
      'ImageTagAlreadyExistsException',
      `The image tag '${tag}' already exists in the '${repository.name}' repository and cannot be overwritten because the ${deviations.immutableWording ?? 'repository'} is immutable.`,
    )
  }
  if (tag !== undefined && tagsOf(repository, manifest.digest).length >= 1000) {
    throw new AwsFailure('LimitExceededException', 'The image has reached the limit of 1000 tags.')
  }
}

export interface PutImageInput {
  repositoryName: string
  imageManifest: string
  imageManifestMediaType?: string
  imageTag?: string
  imageDigest?: string
}

/** ECR API: PutImage. The manifest's digest is that of the exact text. */
export function putImage(
  registry: EcrRegistry,
  repository: Repository,
  input: PutImageInput,
  deviations: EcrDeviations,
): unknown {
  const bytes = Buffer.from(input.imageManifest, 'utf8')
  const content = parseManifest(bytes)
  if (!content) throw invalidSyntax()
  const mediaType = input.imageManifestMediaType ?? content.mediaType
  if (!mediaType)
    throw invalidParameter(
      'imageManifestMediaType',
      'Manifest media type is required when the manifest does not contain one',
    )
  if (content.mediaType && content.mediaType !== mediaType) {
    throw invalidParameter(
      'imageManifestMediaType',
      `Manifest media type does not match the manifest's own '${content.mediaType}'`,
    )
  }
  const digest = digestOf(bytes)
  if (input.imageDigest && input.imageDigest !== digest) {
    throw new AwsFailure(
      'ImageDigestDoesNotMatchException',
      `The provided image digest '${input.imageDigest}' does not match the digest '${digest}' that Amazon ECR calculated for the image.`,
    )
  }
  const manifest: StoredManifest = { digest, bytes, mediaType, content, pushedAt: registry.core.now() }
  checkImage(registry, repository, manifest, input.imageTag, deviations)
  storeManifest(repository, manifest, input.imageTag === undefined ? [] : [input.imageTag])
  return {
    image: {
      registryId: registry.accountId,
      repositoryName: repository.name,
      imageId: { imageDigest: digest, imageTag: input.imageTag },
      imageManifest: input.imageManifest,
      imageManifestMediaType: mediaType,
    },
  }
}
