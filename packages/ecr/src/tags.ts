import { type ECRClient, PutImageCommand } from '@aws-sdk/client-ecr'
import { messageOf, UserError } from '@deploy-actions/action-kit'
import { isAccessError, isAwsError } from '@deploy-actions/aws'
import { manifestsOf } from './images.ts'
import type { EcrRepository } from './reference.ts'
import { describeRepository, missingRepository, tagIsImmutable } from './repository.ts'
import { tooManyTags } from './tag-room.ts'

/** What PutImage needs of an image: the manifest's exact bytes, for the digest is their hash. */
export interface TaggableImage {
  digest: string
  mediaType: string
  bytes: Buffer
}

/**
 * Points `tag` at an image that the repository holds, without moving a byte (ECR API: PutImage with the manifest as
 * it was pushed). `changed` is false when the tag pointed there already. Throws a UserError that names both digests
 * when the repository keeps that tag immutable.
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
    if (isAwsError(error, 'LimitExceededException')) throw tooManyTags(repository, image.digest)
    if (isAwsError(error, 'LayersNotFoundException', 'ReferencedImagesNotFoundException'))
      throw new UserError(
        `ECR does not hold all of ${image.digest} in repository "${repository.name}": ${(error as Error).message} The tag "${tag}" was not set.`,
        { cause: error },
      )
    throw await missingRepository(error, ecr, repository)
  }
}

/** The refusal to move a tag of an immutable repository. */
function immutableTag(repository: EcrRepository, tag: string, present: string | undefined, wanted: string): UserError {
  return new UserError(
    `Tag "${tag}" of repository "${repository.name}" is immutable: it points at ${present ?? 'another image'} and can't be moved to ${wanted}. Nothing was changed under this tag. Choose another tag, or let the repository exclude it: aws ecr put-image-tag-mutability --repository-name ${repository.name} --image-tag-mutability IMMUTABLE_WITH_EXCLUSION --image-tag-mutability-exclusion-filters filterType=WILDCARD,filter=${tag}`,
  )
}

export interface TagChange {
  tag: string
  /** The digest it pointed at; undefined when the tag is new. */
  before: string | undefined
  changed: boolean
}

/**
 * Points several tags at one image, in order. `present` holds what each tag points at now. A failure says which
 * tags had been set by then. Throws before the first change when a tag that would have to move is immutable.
 * `signal` stops it between two tags.
 */
export async function setTags(
  ecr: ECRClient,
  repository: EcrRepository,
  image: TaggableImage,
  tags: string[],
  present: Map<string, { digest: string }>,
  signal?: AbortSignal,
): Promise<TagChange[]> {
  await refuseImmutable(ecr, repository, image.digest, tags, present)
  const done: TagChange[] = []
  for (const tag of tags) {
    const before = present.get(tag)?.digest
    if (before === image.digest) {
      done.push({ tag, before, changed: false })
      continue
    }
    try {
      signal?.throwIfAborted()
      done.push({ tag, before, ...(await tagImage(ecr, repository, image, tag)) })
    } catch (error) {
      const set = done.filter(({ changed }) => changed).map((entry) => entry.tag)
      if (set.length === 0) throw error
      throw new UserError(
        `${messageOf(error)} Before that, ${set.join(', ')} had been set to ${image.digest}; running the step again sets the rest.`,
        { cause: error },
      )
    }
  }
  return done
}

/**
 * Throws a UserError when one of the tags exists, points elsewhere and may not be moved. Without the right to ask,
 * PutImage will tell.
 */
export async function refuseImmutable(
  ecr: ECRClient,
  repository: EcrRepository,
  digest: string,
  tags: string[],
  present: Map<string, { digest: string }>,
): Promise<void> {
  const moving = tags.filter((tag) => present.has(tag) && present.get(tag)!.digest !== digest)
  if (moving.length === 0) return
  const settings = await describeRepository(ecr, repository).catch((error) => {
    if (isAccessError(error)) return undefined
    throw error
  })
  const stuck = settings && moving.find((tag) => tagIsImmutable(settings, tag))
  if (stuck) throw immutableTag(repository, stuck, present.get(stuck)?.digest, digest)
}

/**
 * Reads the tags again. Throws a UserError when one of them does not point at `digest`: PutImage has no
 * compare-and-set, so the last writer wins.
 */
export async function verifyTags(
  ecr: ECRClient,
  repository: EcrRepository,
  digest: string,
  tags: string[],
): Promise<void> {
  const found = await manifestsOf(
    ecr,
    repository,
    tags.map((tag) => ({ tag })),
  )
  const wrong = tags.filter((tag) => found.get(tag)?.digest !== digest)
  if (wrong.length === 0) return
  const list = wrong.map((tag) => `"${tag}" points at ${found.get(tag)?.digest ?? 'nothing'}`).join(', ')
  throw new UserError(
    `Another writer won: after this step set it to ${digest}, tag ${list} in repository "${repository.name}". Find the job that moved it, and let only one of them run at a time.`,
  )
}

/** The refusal to use an image that exists and can't be pulled. */
export function unusableImage(repository: EcrRepository, image: { digest: string; status: string }): UserError {
  const id = `imageDigest=${image.digest}`
  return image.status === 'ARCHIVED'
    ? new UserError(
        `Image ${image.digest} of repository "${repository.name}" is archived: it exists, but nothing can pull it. Restore it first (this takes a while): aws ecr update-image-storage-class --repository-name ${repository.name} --image-id ${id} --target-storage-class STANDARD`,
      )
    : new UserError(
        `Image ${image.digest} of repository "${repository.name}" is ${image.status}: it is being restored from the archive. Run the step again when aws ecr describe-images --repository-name ${repository.name} --image-ids ${id} shows ACTIVE.`,
      )
}
