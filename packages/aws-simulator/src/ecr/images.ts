import { pageOf } from '../paging.ts'
import { parseDigest } from '../registry/digest.ts'
import { artifactTypeOf, referrersOf } from '../registry/listings.ts'
import { indexTypes } from '../registry/manifest.ts'
import { deleteManifest, findManifest, type Repository, type StoredManifest, tagsOf } from '../registry/store.ts'
import type { EcrDeviations } from '../scenario.ts'
import { AwsFailure } from '../world.ts'
import { type EcrRegistry, invalidParameter } from './registries.ts'

export interface ImageId {
  imageDigest?: string
  imageTag?: string
}

interface StatusFilter {
  tagStatus?: 'TAGGED' | 'UNTAGGED' | 'ANY'
  imageStatus?: 'ACTIVE' | 'ARCHIVED' | 'ACTIVATING' | 'ANY'
}

type Found = { manifest: StoredManifest } | { failureCode: string; failureReason: string }

/** The image of an id, or the failure that batch operations list for it. */
export function lookUp(repository: Repository, { imageDigest, imageTag }: ImageId): Found {
  if (imageDigest === undefined && imageTag === undefined) {
    return {
      failureCode: 'MissingDigestAndTag',
      failureReason: 'Invalid request parameters: both tag and digest cannot be null',
    }
  }
  if (imageDigest !== undefined && !parseDigest(imageDigest)) {
    return {
      failureCode: 'InvalidImageDigest',
      failureReason:
        "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
    }
  }
  const manifest = findManifest(repository, imageDigest ?? imageTag ?? '')
  if (!manifest) return { failureCode: 'ImageNotFound', failureReason: 'Requested image not found' }
  if (imageTag !== undefined && repository.tags.get(imageTag) !== manifest.digest) {
    const tagged = repository.tags.has(imageTag)
    return tagged
      ? { failureCode: 'ImageTagDoesNotMatchDigest', failureReason: 'Requested image tag does not match the digest' }
      : { failureCode: 'ImageNotFound', failureReason: 'Requested image not found' }
  }
  return { manifest }
}

/** The image of an id; throws ImageNotFoundException. */
export function imageOf(registry: EcrRegistry, repository: Repository, id: ImageId): StoredManifest {
  const found = lookUp(repository, id)
  if ('manifest' in found) return found.manifest
  if (found.failureCode !== 'ImageNotFound') throw new AwsFailure('InvalidParameterException', found.failureReason)
  throw imageNotFound(registry, repository, id)
}

const imageNotFound = (registry: EcrRegistry, repository: Repository, id: ImageId) =>
  new AwsFailure(
    'ImageNotFoundException',
    `The image with imageId {imageDigest:'${id.imageDigest ?? null}', imageTag:'${id.imageTag ?? null}'} does not exist within the repository with name '${repository.name}' in the registry with id '${registry.accountId}'`,
  )

/** Bytes of an image's config and layers; of an index, the largest of its images. */
function sizeOf(repository: Repository, { content }: StoredManifest): number {
  if (content.manifests.length > 0) {
    const children = content.manifests.flatMap((child) => repository.manifests.get(child.digest) ?? [])
    return Math.max(0, ...children.map((child) => sizeOf(repository, child)))
  }
  return [content.config, ...content.layers].reduce((sum, blob) => sum + (blob?.size ?? 0), 0)
}

interface BatchGetInput {
  imageIds: ImageId[]
  acceptedMediaTypes?: string[]
}

// What the API's documentation names for a call without acceptedMediaTypes: no index type is among them.
const acceptedByDefault = [
  'application/vnd.docker.distribution.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
]

/** ECR API: BatchGetImage. Missing images are listed as failures of a successful call. */
export function batchGetImage(
  registry: EcrRegistry,
  repository: Repository,
  input: BatchGetInput,
  deviations: EcrDeviations,
): unknown {
  const accepted = input.acceptedMediaTypes?.length ? input.acceptedMediaTypes : acceptedByDefault
  const images: unknown[] = []
  const failures: unknown[] = []
  for (const id of input.imageIds) {
    const found = lookUp(repository, id)
    if (!('manifest' in found)) {
      failures.push({ imageId: id, ...found })
      continue
    }
    const unavailable = archivedFailure(registry, found.manifest, deviations)
    if (unavailable) {
      failures.push({ imageId: id, ...unavailable })
      continue
    }
    const manifest = acceptable(repository, found.manifest, accepted, deviations)
    if (!manifest) continue
    registry.imageOf(manifest).pulledAt = registry.core.now()
    images.push({
      registryId: registry.accountId,
      repositoryName: repository.name,
      imageId: { imageDigest: manifest.digest, imageTag: id.imageTag },
      imageManifest: manifest.bytes.toString('utf8'),
      imageManifestMediaType: manifest.mediaType,
    })
  }
  return { images, failures }
}

function archivedFailure(registry: EcrRegistry, manifest: StoredManifest, deviations: EcrDeviations) {
  if (registry.imageOf(manifest).status === 'ACTIVE') return undefined
  switch (deviations.archivedBatchGet ?? 'inaccessible') {
    case 'inaccessible':
      return { failureCode: 'ImageInaccessible', failureReason: 'Requested image is archived' }
    case 'not-found':
      return { failureCode: 'ImageNotFound', failureReason: 'Requested image not found' }
    default:
      return undefined
  }
}

function acceptable(repository: Repository, manifest: StoredManifest, accepted: string[], deviations: EcrDeviations) {
  if (accepted.includes(manifest.mediaType) || !indexTypes.includes(manifest.mediaType)) return manifest
  switch (deviations.indexWithoutAccept ?? 'nothing') {
    case 'index':
      return manifest
    case 'first-image':
      return repository.manifests.get(manifest.content.manifests[0]?.digest ?? '')
    default:
      return undefined
  }
}

function passing(registry: EcrRegistry, repository: Repository, filter: StatusFilter | undefined): StoredManifest[] {
  const status = filter?.imageStatus ?? 'ACTIVE'
  return [...repository.manifests.values()].filter((manifest) => {
    const tagged = tagsOf(repository, manifest.digest).length > 0
    if (filter?.tagStatus === 'TAGGED' && !tagged) return false
    if (filter?.tagStatus === 'UNTAGGED' && tagged) return false
    return status === 'ANY' || registry.imageOf(manifest).status === status
  })
}

export interface DescribeImagesInput {
  imageIds?: ImageId[]
  nextToken?: string
  maxResults?: number
  filter?: StatusFilter
}

/** ECR API: DescribeImages. Without a status filter only ACTIVE images are listed. */
export function describeImages(
  registry: EcrRegistry,
  repository: Repository,
  input: DescribeImagesInput,
  deviations: EcrDeviations,
): unknown {
  if (input.imageIds?.length && (input.maxResults !== undefined || input.nextToken !== undefined)) {
    throw invalidParameter('maxResults', 'cannot be used together with imageIds')
  }
  const detail = (manifest: StoredManifest) => {
    const state = registry.imageOf(manifest)
    const tags = tagsOf(repository, manifest.digest)
    return {
      registryId: registry.accountId,
      repositoryName: repository.name,
      imageDigest: manifest.digest,
      imageTags: tags.length ? tags : undefined,
      imageSizeInBytes: sizeOf(repository, manifest),
      imagePushedAt: manifest.pushedAt,
      imageManifestMediaType: manifest.mediaType,
      artifactMediaType: manifest.content.artifactType ?? manifest.content.config?.mediaType,
      subjectManifestDigest: manifest.content.subject?.digest,
      lastRecordedPullTime: state.pulledAt,
      imageStatus: state.status,
      lastArchivedAt: state.archivedAt,
      lastActivatedAt: state.activatedAt,
    }
  }
  if (input.imageIds?.length) {
    const wanted = input.filter?.imageStatus
    const images = input.imageIds.map((id) => {
      const manifest = imageOf(registry, repository, id)
      const hidden = deviations.archivedById === false && !wanted && registry.imageOf(manifest).status !== 'ACTIVE'
      if (hidden) throw imageNotFound(registry, repository, id)
      return manifest
    })
    const chosen = images.filter(
      (manifest) => !wanted || wanted === 'ANY' || registry.imageOf(manifest).status === wanted,
    )
    return { imageDetails: chosen.map(detail) }
  }
  const all = passing(registry, repository, input.filter)
  const { items, nextToken } = pageOf(all, input.nextToken, input.maxResults ?? 100, 'InvalidParameterException')
  return { imageDetails: items.map(detail), nextToken }
}

/** ECR API: ListImages: one entry per tag, and one per untagged image. */
export function listImages(registry: EcrRegistry, repository: Repository, input: DescribeImagesInput): unknown {
  const ids = passing(registry, repository, input.filter).flatMap(({ digest }): ImageId[] => {
    const tags = tagsOf(repository, digest)
    return tags.length ? tags.map((imageTag) => ({ imageDigest: digest, imageTag })) : [{ imageDigest: digest }]
  })
  const { items, nextToken } = pageOf(ids, input.nextToken, input.maxResults ?? 100, 'InvalidParameterException')
  return { imageIds: items, nextToken }
}

/**
 * ECR API: BatchDeleteImage. A tag goes alone, and its image with it when it was the last; a digest takes all its
 * tags along.
 */
export function batchDeleteImage(repository: Repository, imageIds: ImageId[]): unknown {
  const deleted: ImageId[] = []
  const failures: unknown[] = []
  for (const id of imageIds) {
    const found = lookUp(repository, id)
    if (!('manifest' in found)) {
      failures.push({ imageId: id, ...found })
      continue
    }
    const { digest } = found.manifest
    const tags = tagsOf(repository, digest)
    const whole = id.imageTag === undefined || tags.length === 1
    const parent =
      whole &&
      [...repository.manifests.values()].find((one) => one.content.manifests.some((child) => child.digest === digest))
    if (parent) {
      failures.push({
        imageId: id,
        failureCode: 'ImageReferencedByManifestList',
        failureReason: `Requested image referenced by manifest list: [${parent.digest}]`,
      })
    } else if (whole) {
      deleteManifest(repository, digest)
      deleted.push(
        ...(tags.length ? tags.map((imageTag) => ({ imageDigest: digest, imageTag })) : [{ imageDigest: digest }]),
      )
    } else {
      repository.tags.delete(id.imageTag!)
      deleted.push({ imageDigest: digest, imageTag: id.imageTag })
    }
  }
  return { imageIds: deleted, failures }
}

export interface ReferrersInput {
  subjectId: { imageDigest: string }
  filter?: { artifactTypes?: string[]; artifactStatus?: string }
  nextToken?: string
  maxResults?: number
}

/** ECR API: ListImageReferrers: what the registry's referrers listing shows, with ECR's status. */
export function listImageReferrers(registry: EcrRegistry, repository: Repository, input: ReferrersInput): unknown {
  const status = input.filter?.artifactStatus ?? 'ACTIVE'
  const types = input.filter?.artifactTypes
  const referrers = referrersOf(repository, input.subjectId.imageDigest)
    .filter((manifest) => !types?.length || types.includes(artifactTypeOf(manifest) ?? ''))
    .filter((manifest) => status === 'ANY' || registry.imageOf(manifest).status === status)
  const { items, nextToken } = pageOf(referrers, input.nextToken, input.maxResults ?? 50, 'InvalidParameterException')
  return {
    referrers: items.map((manifest) => ({
      digest: manifest.digest,
      mediaType: manifest.mediaType,
      artifactType: artifactTypeOf(manifest),
      size: manifest.bytes.length,
      annotations: manifest.content.annotations,
      artifactStatus: registry.imageOf(manifest).status,
    })),
    nextToken,
  }
}
