import { UserError } from '@deploy-actions/action-kit'
import {
  checkTagRoom,
  type EcrImage,
  type EcrManifest,
  refuseImmutable,
  setTags,
  shortDigest,
  type TagChange,
} from '@deploy-actions/ecr'
import type { Deps } from './deps.ts'
import { type Inputs, previousSuffix } from './inputs.ts'

/** What has been done so far; filled while it happens, so that a failure can say what state is left. */
export interface Promotion {
  moved: TagChange[]
  /** `<tag>-previous` tags that were set. */
  kept: TagChange[]
}

/**
 * Points every tag at the image. What a tag pointed at gets `<tag>-previous` first, so that it is never without a
 * tag. Checks before the first change that all tags may be moved and that the image has room for them; a failure in
 * between says which tags were moved.
 */
export async function promote(
  image: EcrImage,
  before: Map<string, EcrManifest>,
  { to, tags, keepPrevious, elsewhere }: Inputs,
  { to: ecr, log, cancelled }: Deps,
  promotion: Promotion,
): Promise<void> {
  const { repository } = to
  const moving = tags.filter((tag) => before.get(tag)?.digest !== image.digest)
  await refuseImmutable(ecr, repository, image.digest, moving, before)
  // Of a copy elsewhere the tags are not known; ECR itself refuses there.
  if (!elsewhere) checkTagRoom(repository, image.digest, image.tags.length + moving.length, image.tags)
  const replaced = keepPrevious ? moving.filter((tag) => before.has(tag)) : []
  for (const tag of replaced) {
    const previous = `${tag}${previousSuffix}`
    await refuseImmutable(ecr, repository, before.get(tag)!.digest, [previous], before).catch((error) => {
      throw new UserError(
        `${(error as Error).message} The tag keeps what "${tag}" pointed at: exclude ${tag}* from immutability, or set "keep-previous: false".`,
      )
    })
  }

  for (const tag of tags.filter((candidate) => !moving.includes(candidate)))
    log.info(`Tag ${tag} points at ${shortDigest(image.digest)} already.`)
  for (const tag of moving) {
    try {
      cancelled.throwIfAborted()
      const present = before.get(tag)
      if (present && keepPrevious) {
        const [kept] = await setTags(ecr, repository, present, [`${tag}${previousSuffix}`], before)
        promotion.kept.push(kept!)
      }
      const [change] = await setTags(ecr, repository, image, [tag], before)
      if (change!.changed) promotion.moved.push(change!)
      log.info(
        `Tag ${tag} moved ${present ? `from ${shortDigest(present.digest)} ` : ''}to ${shortDigest(image.digest)}.`,
      )
    } catch (error) {
      throw partial(error, promotion, moving)
    }
  }
}

function partial(error: unknown, { moved }: Promotion, moving: string[]): unknown {
  if (moved.length === 0 || !(error instanceof Error)) return error
  const done = moved.map(({ tag }) => tag)
  const open = moving.filter((tag) => !done.includes(tag))
  return new UserError(
    `${error.message} Moved before that: ${done.join(', ')}. Not moved: ${open.join(', ')}. Running the step again moves the rest.`,
    { cause: error },
  )
}
