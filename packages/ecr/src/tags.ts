import { type ECRClient, PutImageCommand } from '@aws-sdk/client-ecr'
import { UserError } from '@deploy-actions/action-kit'
import { isAwsError } from '@deploy-actions/aws'
import { manifestsOf } from './images.ts'
import type { EcrRepository } from './reference.ts'
import { missingRepository } from './repository.ts'

/** What PutImage needs of an image: the manifest's exact bytes, for the digest is their hash. */
export interface TaggableImage {
  digest: string
  mediaType: string
  bytes: Buffer
}

/**
 * Points `tag` at an image that the repository holds, without moving a byte (ECR API: PutImage with the manifest as it was pushed). `changed` is
 * false when the tag pointed there already. Throws a UserError that names both digests when the repository keeps that tag immutable.
 */
export async function tagImage(
  ecr: ECRClient,
  repository: EcrRepository,
  image: TaggableImage,
  tag: string,
): Promise<{ changed: boolean }> {
  try {
    await ecr.send(
      new PutImageCommand({
        registryId: repository.registryId,
        repositoryName: repository.name,
        imageManifest: image.bytes.toString('utf8'),
        imageManifestMediaType: image.mediaType,
        imageDigest: image.digest,
        imageTag: tag,
      }),
    )
    return { changed: true }
  } catch (error) {
    if (isAwsError(error, 'ImageAlreadyExistsException')) return { changed: false }
    if (isAwsError(error, 'ImageTagAlreadyExistsException')) {
      const present = (await manifestsOf(ecr, repository, [{ tag }])).get(tag)
      // Two jobs with one key may race; the one that comes second finds what it wanted to write.
      if (present?.digest === image.digest) return { changed: false }
      throw immutableTag(repository, tag, present?.digest, image.digest)
    }
    if (isAwsError(error, 'LayersNotFoundException', 'ReferencedImagesNotFoundException'))
      throw new UserError(
        `ECR does not hold all of ${image.digest} in repository "${repository.name}": ${(error as Error).message} The tag "${tag}" was not set.`,
        { cause: error },
      )
    throw await missingRepository(error, ecr, repository)
  }
}

/** The refusal to move a tag of an immutable repository. */
export function immutableTag(
  repository: EcrRepository,
  tag: string,
  present: string | undefined,
  wanted: string,
): UserError {
  return new UserError(
    `Tag "${tag}" of repository "${repository.name}" is immutable: it points at ${present ?? 'another image'} and can't be moved to ${wanted}. Nothing was changed under this tag. Choose another tag, or let the repository exclude it: aws ecr put-image-tag-mutability --repository-name ${repository.name} --image-tag-mutability IMMUTABLE_WITH_EXCLUSION --image-tag-mutability-exclusion-filters filterType=WILDCARD,filter=${tag}`,
  )
}
