import { messageOf } from '@deploy-actions/action-kit'
import { isStraight } from './choose.ts'
import type { Deps } from './deps.ts'
import { imageIn, whyUnusable } from './images.ts'
import type { Inputs } from './inputs.ts'
import type { ServiceTarget } from './target.ts'

/**
 * The checks that panic leaves for afterwards, beside the watch: whether the images it went back to can still be
 * pulled, and which digest served, where the record did not know it. Finds are said; they stop nothing. Returns the
 * services with the digests that were learnt.
 */
export async function checkPostponed(services: ServiceTarget[], inputs: Inputs, deps: Deps): Promise<ServiceTarget[]> {
  const onDenied = (message: string) => deps.log.warning(message)
  return Promise.all(
    services.map(async (service) => {
      const { present, taskDefinition } = service
      try {
        const { image } = await imageIn(isStraight(service, inputs) ? taskDefinition! : present.arn, inputs, deps)
        const digest = service.digest ?? image.digest
        const problem = digest && (await whyUnusable(deps.ecr, image, digest, onDenied))
        if (problem)
          deps.log.error(
            `${present.service}: ${problem} Its tasks cannot start. Roll back to another release: to: a digest, a commit or family:revision.`,
            'The way back has no image',
          )
        const left = present.digest ?? (await imageIn(present.arn, inputs, deps)).image.digest
        return { ...service, digest, present: { ...present, digest: left } }
      } catch (error) {
        deps.log.warning(`${present.service}: the image was not checked. ${messageOf(error)}`)
        return service
      }
    }),
  )
}
