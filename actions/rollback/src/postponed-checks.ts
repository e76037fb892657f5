import { messageOf } from '@deploy-actions/action-kit'
import type { Choice } from './choose.ts'
import type { Deps } from './deps.ts'
import { imagePlace, whyUnusable } from './images.ts'
import type { Inputs } from './inputs.ts'

/**
 * The checks that panic leaves for afterwards, beside the watch: whether the images it went back to can still be pulled, and which digest served, where the
 * record did not know it. Finds are said; they stop nothing.
 */
export async function checkPostponed(
  { moves }: Extract<Choice, { refused: false }>,
  inputs: Inputs,
  deps: Deps,
): Promise<void> {
  const onDenied = (message: string) => deps.log.warning(message)
  await Promise.all(
    moves.map(async (move) => {
      try {
        const reference = move.way === 'straight' ? move.taskDefinition! : move.present.arn
        const { image } = imagePlace((await deps.definition(reference)).taskDefinition, inputs)
        move.digest ??= image.digest
        move.present.digest ??= imagePlace(
          (await deps.definition(move.present.arn)).taskDefinition,
          inputs,
        ).image.digest
        const problem = move.digest && (await whyUnusable(deps.ecr, image, move.digest, onDenied))
        if (problem)
          deps.log.error(
            `${move.present.service}: ${problem} Its tasks cannot start. Roll back to another release: to: a digest, a commit or family:revision.`,
            'The way back has no image',
          )
      } catch (error) {
        deps.log.warning(`${move.present.service}: the image was not checked. ${messageOf(error)}`)
      }
    }),
  )
}
