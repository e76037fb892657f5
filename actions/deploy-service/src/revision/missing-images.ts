import { isUserError, messageOf, UserError } from '@deploy-actions/action-kit'
import { isAccessError } from '@deploy-actions/aws'
import { type EcrImageRef, imageName, imageText, parseImageRef, unusableText } from '@deploy-actions/ecr'
import type { Deps } from '../deps.ts'
import type { Wanted } from './types.ts'

/**
 * Asks ECR for every image that a service does not run yet, one call each, side by side. Throws a UserError when
 * one is missing or cannot be pulled, since its tasks could not start. Where ECR cannot be asked, which deploying
 * needs no right for, the log says so.
 */
export async function refuseMissingImages(wanted: Wanted[], deps: Deps): Promise<void> {
  const images = new Map(wanted.flatMap(newImages).map((image) => [imageText(image), image]))
  if (images.size === 0) return
  const { lookUpImage } = await import('./ecr-lookup.ts')
  const problems = await Promise.all(
    [...images.values()].map(async (image) => {
      try {
        return unusableText(image, await lookUpImage(deps.clients, image)) ?? []
      } catch (error) {
        if (isUserError(error) && !isAccessError(error)) return messageOf(error)
        if (deps.cancelled.aborted) throw error
        deps.log.info(`Whether image ${imageName(image)} is in ECR was not looked up. ${messageOf(error)}`)
        return []
      }
    }),
  )
  const [first, ...more] = new Set(problems.flat())
  if (first !== undefined)
    throw new UserError(
      `${[first, ...more].join('\n')}\nIts tasks could not start, so nothing was changed. Check the inputs "repository" and "digest" (or "image"), and "registry" and "registry-region" where the registry is another account's or region's.`,
    )
}

function newImages({ running, definition }: Wanted): EcrImageRef[] {
  const known = new Set((running.containerDefinitions ?? []).map(({ image }) => image))
  return (definition.containerDefinitions ?? []).flatMap(({ image = '' }) => {
    const ref = known.has(image) ? undefined : parseImageRef(image)
    return ref?.kind === 'ecr' ? [ref] : []
  })
}
