import type { ECRClient } from '@aws-sdk/client-ecr'
import type { TaskDefinition } from '@aws-sdk/client-ecs'
import { UserError } from '@deploy-actions/action-kit'
import { isAccessError } from '@deploy-actions/aws'
import { describeImage, type EcrRepository, parseImageReference, registryHost, shortDigest } from '@deploy-actions/ecr'
import { targetContainer, toRegisterInput } from '@deploy-actions/ecs'
import type { Inputs } from './inputs.ts'

/** The container that goes back, and the repository that its image comes from. */
export interface ImagePlace {
  container: string
  /** `host/repository`, as the task definition names it. */
  prefix: string
  repository: EcrRepository
  /** Where the definition pins it. */
  digest: string | undefined
}

type ImageInputs = Pick<Inputs, 'container' | 'repository' | 'registry' | 'registryRegion'>

/**
 * Finds it in a task definition: the named container, else the one whose image is of `repository`, else the only (essential) one. Throws a
 * UserError when its image cannot be put back by digest.
 */
export function imagePlace(
  taskDefinition: TaskDefinition,
  { container, repository, registry, registryRegion }: ImageInputs,
): ImagePlace {
  const definition = toRegisterInput({ taskDefinition, tags: [] })
  const ofRepository = (definition.containerDefinitions ?? []).filter(
    ({ image }) => repository && parseImageReference(image ?? '')?.repository === repository,
  )
  const found = targetContainer(
    definition,
    container ?? (ofRepository.length === 1 ? ofRepository[0]?.name : undefined),
  )
  const reference = parseImageReference(found.image ?? '')
  if (!reference)
    throw new UserError(
      `Container "${found.name}" of ${taskDefinition.family}:${taskDefinition.revision} runs "${found.image}", which is no image of a registry that could be pinned by digest. Name the right one with "container".`,
    )
  const registryId = registry ?? /^(\d{12})\.dkr\./.exec(reference.host)?.[1]
  const name = repository ?? reference.repository
  return {
    container: found.name ?? '',
    prefix: `${registry ? registryHost(registry, registryRegion) : reference.host}/${name}`,
    repository: { name, registryId },
    digest: reference.digest,
  }
}

/** Why an image cannot be run, as a sentence; undefined when it can. Where the role may not look, it is taken to be there. */
export async function whyUnusable(
  ecr: ECRClient,
  repository: EcrRepository,
  digest: string,
  onDenied: (message: string) => void,
): Promise<string | undefined> {
  try {
    const image = await describeImage(ecr, repository, { digest })
    const name = `${repository.name}@${shortDigest(digest)}`
    if (!image) return `The image ${name} is not in ECR any more; a lifecycle rule may have deleted it.`
    if (image.status !== 'ACTIVE')
      return `The image ${name} is ${image.status} in ECR and cannot be pulled; restore it there first.`
    return undefined
  } catch (error) {
    if (!isAccessError(error)) throw error
    onDenied(`Whether the image is still there was not checked. ${error.message}`)
    return undefined
  }
}
