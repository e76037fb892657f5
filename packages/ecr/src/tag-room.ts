import { UserError } from '@deploy-actions/action-kit'
import { type EcrRepository, shortDigest } from './reference.ts'

/**
 * Tags that ECR lets one image have; a tag that moves there from another image counts like a new one (ECR user
 * guide: service quotas).
 */
const mostTags = 1000
/** Kept free by pushes for the tags that promotions move. */
const forPromotions = 10
/**
 * From here on tags that only name a commit are left out: what is free beyond is for those that someone asked for.
 */
const roomForCommits = 900

/**
 * Which of `tags` a push can still give an image. `held` are the tags that it has now; `leftOut` are `sha-<commit>`
 * tags, which only add up. Throws a UserError when those that can't be left out are too many.
 */
export function tagsThatFit(
  repository: EcrRepository,
  digest: string,
  tags: string[],
  held: string[],
): { tags: string[]; leftOut: string[] } {
  const added = tags.filter((tag) => !held.includes(tag))
  if (held.length + added.length <= roomForCommits) return { tags, leftOut: [] }
  const leftOut = added.filter((tag) => /^sha-[0-9a-f]{40,64}$/.test(tag))
  const asked = added.length - leftOut.length
  if (asked > 0) checkTagRoom(repository, digest, held.length + asked + forPromotions, held)
  return { tags: tags.filter((tag) => !leftOut.includes(tag)), leftOut }
}

/** Throws a UserError when an image with the tags `held` can't have `wanted` of them. */
export function checkTagRoom(repository: EcrRepository, digest: string, wanted: number, held: string[]): void {
  if (wanted > mostTags) throw tooManyTags(repository, digest, held.length)
}

/** ECR's refusal of one more tag, or ours before it is asked. */
export function tooManyTags(repository: EcrRepository, digest: string, held: number = mostTags): UserError {
  return new UserError(
    `Image ${digest} of repository "${repository.name}" has ${held} tags, and ECR lets an image have ${mostTags}. Nothing was changed. ${tagAdvice(repository, digest)}`,
  )
}

/** How an image gets room for tags again. */
export function tagAdvice({ name }: EcrRepository, digest: string): string {
  return `Build it anew, for example by input "rebuild" of build-image: the same content gets a new digest without tags. Or delete tags of ${shortDigest(digest)} that nobody needs: aws ecr batch-delete-image --repository-name ${name} --image-ids imageTag=TAG`
}
