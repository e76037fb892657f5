import type { ECRClient } from '@aws-sdk/client-ecr'
import { isUserError, UserError } from '@deploy-actions/action-kit'
import { isAccessError } from '@deploy-actions/aws'
import { describeImageRef, ecrImage, type ImageRef, parseImageRef, pinned, unusableText } from '@deploy-actions/ecr'
import { targetContainer, toRegisterInput } from '@deploy-actions/ecs'
import type { Deps } from './deps.ts'
import type { Inputs } from './inputs.ts'

/** The container that goes back, and the image that its task definition names. */
export interface ImagePlace {
  container: string
  image: ImageRef
}

/**
 * Finds it in a task definition: the named container, else the one whose image is of `repository`, else the only
 * (essential) one. The inputs `repository` and `registry` overrule where the definition says that the image is.
 * Throws a UserError when its image cannot be put back by digest.
 */
export async function imageIn(
  reference: string,
  { container, repository, registry, registryRegion }: Inputs,
  { definition }: Pick<Deps, 'definition'>,
): Promise<ImagePlace> {
  const { taskDefinition } = await definition(reference)
  const input = toRegisterInput({ taskDefinition, tags: [] })
  const ofRepository = (input.containerDefinitions ?? []).filter(
    ({ image }) => repository && parseImageRef(image ?? '')?.repository === repository,
  )
  const found = targetContainer(input, container ?? (ofRepository.length === 1 ? ofRepository[0]?.name : undefined))
  const named = parseImageRef(found.image ?? '')
  if (!named)
    throw new UserError(
      `Container "${found.name}" of ${taskDefinition.family}:${taskDefinition.revision} runs "${found.image}", which is no image of a registry that could be pinned by digest. Name the right one with "container".`,
    )
  const image = { ...named, repository: repository ?? named.repository }
  return {
    container: found.name ?? '',
    image: registry ? ecrImage({ ...image, registryId: registry, region: registryRegion }) : image,
  }
}

/**
 * The same; undefined where `isOptional` and no image of the definition can be put back by digest, which only stops
 * those who have to swap it. A definition that does not exist is an error all the same.
 */
export async function pinnableImage(
  reference: string,
  inputs: Inputs,
  deps: Pick<Deps, 'definition'>,
  isOptional: boolean,
): Promise<ImagePlace | undefined> {
  await deps.definition(reference)
  return imageIn(reference, inputs, deps).catch((error: unknown) => {
    if (!isUserError(error) || !isOptional) throw error
    return undefined
  })
}

/**
 * Why the image cannot be run from `digest`, as a sentence; undefined when it can. Where the role may not look, or
 * the image is not in ECR, it is taken to be there.
 */
export async function whyUnusable(
  ecr: ECRClient,
  image: ImageRef,
  digest: string,
  onDenied: (message: string) => void,
): Promise<string | undefined> {
  if (image.kind === 'foreign') return undefined
  const back = pinned(image, digest)
  try {
    return unusableText(back, await describeImageRef(ecr, back))
  } catch (error) {
    if (!isAccessError(error)) throw error
    onDenied(`Whether the image is still there was not checked. ${error.message}`)
    return undefined
  }
}
