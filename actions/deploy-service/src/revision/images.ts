import { UserError } from '@deploy-actions/action-kit'
import { isAccessError } from '@deploy-actions/aws'
import { ecrImage, type ImageRef, imageText, pinned } from '@deploy-actions/ecr'
import type { Deps } from '../deps.ts'
import type { Inputs } from '../inputs.ts'

/** The images to put in, each pinned to its digest where that can be found out. */
export interface WantedImages {
  /** For the container that the input `container` names, or the only one. */
  single: ImageRef | undefined
  byContainer: Record<string, ImageRef>
}

/** `accountId` is the services' own, whose registry is meant unless `registry` names another. */
export async function wantedImages(
  { image, registryId, registryRegion }: Inputs,
  accountId: string,
  deps: Deps,
): Promise<WantedImages> {
  if (!image) return { single: undefined, byContainer: {} }
  if (image.kind === 'digest')
    return {
      single: ecrImage({ ...image, registryId: registryId ?? accountId, region: registryRegion }),
      byContainer: {},
    }
  const pairs = await Promise.all(
    Object.entries(image.byContainer).map(async ([name, one]) => [name, await pin(one, deps)] as const),
  )
  return {
    single: image.single ? await pin(image.single, deps) : undefined,
    byContainer: Object.fromEntries(pairs),
  }
}

/** The image by digest. A tag in ECR is looked up; one of another registry stays as it is, and the log says so. */
async function pin(image: ImageRef, deps: Deps): Promise<ImageRef> {
  if (image.digest) return pinned(image, image.digest)
  if (image.kind === 'foreign') {
    deps.log.info(
      `${imageText(image)} is not in ECR and is deployed by its tag: what the tag names may change under a running service.`,
    )
    return image
  }
  try {
    const { lookUpImage } = await import('./ecr-lookup.ts')
    const found = await lookUpImage(deps.clients, image)
    if (found) return pinned(image, found.digest)
  } catch (error) {
    if (!isAccessError(error)) throw error
    deps.log.warning(`${imageText(image)} is deployed by its tag, as its digest cannot be read. ${error.message}`)
    return image
  }
  throw new UserError(
    `Image ${imageText(image)} does not exist: repository "${image.repository}" has no tag "${image.tag ?? 'latest'}". Nothing was changed.`,
  )
}
