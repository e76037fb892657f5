import { messageOf } from '@deploy-actions/action-kit'
import type { Move } from './choose.ts'
import type { Deps } from './deps.ts'
import { imagePlace, whyUnusable } from './images.ts'
import type { Inputs } from './inputs.ts'

/**
 * The checks that panic leaves for afterwards, beside the watch: whether the images it went back to can still be
 * pulled, and which digest served, where the record did not know it. Finds are said; they stop nothing. Returns the
 * moves with the digests that were learnt.
 */
export async function checkPostponed(moves: Move[], inputs: Inputs, deps: Deps): Promise<Move[]> {
  const onDenied = (message: string) => deps.log.warning(message)
  const imageOf = async (reference: string) =>
    imagePlace((await deps.definition(reference)).taskDefinition, inputs).image
  return Promise.all(
    moves.map(async (move) => {
      const { present, way, taskDefinition } = move
      try {
        const image = await imageOf(way === 'straight' ? taskDefinition! : present.arn)
        const digest = move.digest ?? image.digest
        const problem = digest && (await whyUnusable(deps.ecr, image, digest, onDenied))
        if (problem)
          deps.log.error(
            `${present.service}: ${problem} Its tasks cannot start. Roll back to another release: to: a digest, a commit or family:revision.`,
            'The way back has no image',
          )
        return {
          ...move,
          digest,
          present: { ...present, digest: present.digest ?? (await imageOf(present.arn)).digest },
        }
      } catch (error) {
        deps.log.warning(`${present.service}: the image was not checked. ${messageOf(error)}`)
        return move
      }
    }),
  )
}
