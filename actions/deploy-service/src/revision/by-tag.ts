import type { ImageRef } from '@deploy-actions/ecr'
import { imagesOf, releaseImage, type TaskDefinitionInput } from '@deploy-actions/ecs'
import type { Inputs } from '../inputs.ts'
import type { Wanted } from './types.ts'

/**
 * The images that a release may be about and that are named by a tag. Only a forced deployment makes ECS look at a
 * tag again (ECS developer guide: "Container image resolution"). They are those of the containers that `image`
 * names, or of the one that `container` decides, or, where that is open, of every essential one.
 */
export function imagesByTag(definition: TaskDefinitionInput, { image, container }: Inputs): ImageRef[] {
  const concerned =
    image?.kind === 'references' && image.single === undefined
      ? Object.keys(image.byContainer).flatMap((name) => imagesOf(releaseImage(definition, name)))
      : imagesOf(releaseImage(definition, container))
  return concerned.filter(({ digest }) => digest === undefined)
}

/** Whether the service gets a new deployment even where nothing changes. Decided for each service by itself. */
export function isForced({ forceNewDeployment }: Inputs, { byTag }: Wanted): boolean {
  return forceNewDeployment || byTag.length > 0
}
