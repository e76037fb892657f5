import { BatchGetImageCommand, DescribeImagesCommand, type ECRClient, type ImageDetail } from '@aws-sdk/client-ecr'
import { UserError } from '@deploy-actions/action-kit'
import { isAwsError } from '@deploy-actions/aws'
import { type Manifest, parseManifest } from './manifest.ts'
import { manifestMediaTypes } from './media-types.ts'
import { digestOf, type EcrImageRef, type EcrRepository, repositoryOf } from './reference.ts'
import { missingRepository } from './repository.ts'

/** A manifest that ECR holds, with the exact bytes and the media type under which it was pushed. */
export interface EcrManifest extends Manifest {
  registryId: string
}

export interface EcrImage extends EcrManifest {
  /** Only ACTIVE images can be pulled; ARCHIVED and ACTIVATING exist without being usable. */
  status: 'ACTIVE' | 'ARCHIVED' | 'ACTIVATING'
  tags: string[]
  pushedAt: Date | undefined
}

export type ImageId = { tag: string } | { digest: string }

export type ImageDescription = Pick<EcrImage, 'registryId' | 'digest' | 'mediaType' | 'status' | 'tags' | 'pushedAt'>

/**
 * The image that a tag points at, or undefined. Two calls side by side (ECR API: BatchGetImage, DescribeImages). An
 * image that exists but is not ACTIVE is returned with its status and, when ECR does not hand out its manifest,
 * with empty bytes. Throws a UserError when the repository is missing.
 */
export function imageByTag(ecr: ECRClient, repository: EcrRepository, tag: string): Promise<EcrImage | undefined> {
  return image(ecr, repository, { tag })
}

/** As imageByTag, for a digest. */
export function imageByDigest(
  ecr: ECRClient,
  repository: EcrRepository,
  digest: string,
): Promise<EcrImage | undefined> {
  return image(ecr, repository, { digest })
}

async function image(ecr: ECRClient, repository: EcrRepository, id: ImageId): Promise<EcrImage | undefined> {
  const [found, description] = await Promise.all([
    manifestsOf(ecr, repository, [id]),
    describeImage(ecr, repository, id),
  ])
  const manifest = found.get(keyOf(id))
  if (!manifest && !description) return undefined
  const status = description?.status ?? 'ACTIVE'
  const tags = description?.tags ?? ('tag' in id ? [id.tag] : [])
  const pushedAt = description?.pushedAt
  // Between the two calls the tag may have moved; the bytes are what will be used, so they decide.
  if (manifest) return { ...manifest, status, tags, pushedAt }
  const { digest, mediaType, registryId } = description!
  return { registryId, digest, mediaType, bytes: Buffer.alloc(0), layers: [], manifests: [], status, tags, pushedAt }
}

/**
 * Digest, status, tags and push time in one call; undefined when the image is missing (ECR API: DescribeImages).
 */
export async function describeImage(
  ecr: ECRClient,
  repository: EcrRepository,
  id: ImageId,
): Promise<ImageDescription | undefined> {
  try {
    const { imageDetails } = await ecr.send(
      new DescribeImagesCommand({
        registryId: repository.registryId,
        repositoryName: repository.name,
        imageIds: [apiId(id)],
        // Without it only ACTIVE images are returned, and an archived one would look missing.
        filter: { imageStatus: 'ANY' },
      }),
    )
    const detail = imageDetails?.[0]
    return detail && describe(detail)
  } catch (error) {
    if (isAwsError(error, 'ImageNotFoundException')) return undefined
    throw await missingRepository(error, ecr, repository)
  }
}

/** As describeImage, by the reference's digest, else by its tag, else by `latest`. */
export function describeImageRef(ecr: ECRClient, image: EcrImageRef): Promise<ImageDescription | undefined> {
  const id = image.digest ? { digest: image.digest } : { tag: image.tag ?? 'latest' }
  return describeImage(ecr, repositoryOf(image), id)
}

function describe(detail: ImageDetail): ImageDescription {
  return {
    registryId: detail.registryId ?? '',
    digest: detail.imageDigest ?? '',
    mediaType: detail.imageManifestMediaType ?? '',
    status: detail.imageStatus ?? 'ACTIVE',
    tags: detail.imageTags ?? [],
    pushedAt: detail.imagePushedAt,
  }
}

/**
 * The manifests behind any number of tags and digests, one call per hundred (ECR API: BatchGetImage). Keys of the
 * answer are the tags and digests asked for; what is missing has no entry. Throws a UserError when the repository
 * is missing, or when bytes and digest disagree.
 */
export async function manifestsOf(
  ecr: ECRClient,
  repository: EcrRepository,
  ids: ImageId[],
): Promise<Map<string, EcrManifest>> {
  return (await lookUpImages(ecr, repository, ids)).found
}

export interface LookUp {
  found: Map<string, EcrManifest>
  /** Tags and digests that exist without being readable, such as those of archived images. */
  inaccessible: Set<string>
}

/** As manifestsOf, telling what is missing from what can't be read. */
export async function lookUpImages(ecr: ECRClient, repository: EcrRepository, ids: ImageId[]): Promise<LookUp> {
  const found = new Map<string, EcrManifest>()
  const inaccessible = new Set<string>()
  for (let at = 0; at < ids.length; at += 100) {
    const batch = ids.slice(at, at + 100)
    const { images = [], failures = [] } = await ecr
      .send(
        new BatchGetImageCommand({
          registryId: repository.registryId,
          repositoryName: repository.name,
          imageIds: batch.map(apiId),
          acceptedMediaTypes: manifestMediaTypes,
        }),
      )
      .catch(async (error) => {
        throw await missingRepository(error, ecr, repository)
      })
    for (const { failureCode, imageId } of failures) {
      const id = imageId?.imageTag ?? imageId?.imageDigest
      if (failureCode === 'ImageInaccessible' && id) inaccessible.add(id)
    }
    for (const { imageId, imageManifest, imageManifestMediaType, registryId } of images) {
      if (!imageManifest || !imageId?.imageDigest) continue
      const bytes = Buffer.from(imageManifest, 'utf8')
      if (digestOf(bytes) !== imageId.imageDigest)
        throw new UserError(
          `ECR answered for ${repository.name} with a manifest whose content (${digestOf(bytes)}) is not the digest it names (${imageId.imageDigest}). Nothing was changed; run the step again.`,
        )
      const manifest = {
        ...parseManifest(bytes, `${repository.name}@${imageId.imageDigest}`, imageManifestMediaType),
        registryId: registryId ?? repository.registryId ?? '',
      }
      if (imageId.imageTag) found.set(imageId.imageTag, manifest)
      found.set(manifest.digest, manifest)
    }
  }
  return { found, inaccessible }
}

function apiId(id: ImageId) {
  return 'tag' in id ? { imageTag: id.tag } : { imageDigest: id.digest }
}

function keyOf(id: ImageId): string {
  return 'tag' in id ? id.tag : id.digest
}
