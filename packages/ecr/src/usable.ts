import { type EcrImageRef, imageName } from './reference.ts'

/**
 * Why no task can pull the image, as a sentence; undefined when it can. `found` is what ECR holds under the
 * reference.
 */
export function unusableText(image: EcrImageRef, found: { status: string } | undefined): string | undefined {
  const name = imageName(image)
  if (!found)
    return `Image ${name} is not in ECR (account ${image.registryId}, ${image.region}): it was never pushed there, or a lifecycle rule deleted it.`
  return found.status === 'ACTIVE'
    ? undefined
    : `Image ${name} is ${found.status} in ECR and cannot be pulled; restore it there first.`
}
