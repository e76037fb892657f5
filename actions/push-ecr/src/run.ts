import { type ActionResult, UserError } from '@deploy-actions/action-kit'
import {
  type EcrManifest,
  setTags,
  shortDigest,
  type TagChange,
  tagAdvice,
  tagsThatFit,
  verifyTags,
} from '@deploy-actions/ecr'
import type { Deps } from './deps.ts'
import { openImage } from './image.ts'
import type { Inputs } from './inputs.ts'
import { inspectRepository } from './present.ts'
import { push } from './push.ts'
import { scanGate } from './scan-gate.ts'
import { summarise } from './summary.ts'

/** Pushes what is missing, sets the tags, reads them again, and waits for the scan where one is asked for. */
export async function run(inputs: Inputs, deps: Deps): Promise<ActionResult> {
  const { ecr, log, clock, cancelled, stateLeft } = deps
  const { repository } = inputs
  const started = clock.now().getTime()
  let state = 'Nothing was pushed and no tag was changed.'
  const reached = (text: string) => {
    state = text
    stateLeft(text)
  }
  try {
    await using image = await openImage(inputs, deps)
    const { digest } = image
    const present = await inspectRepository(ecr, inputs, digest, deps)
    const { tags, leftOut } = tagsThatFit(repository, digest, inputs.tags, present.held)
    if (leftOut.length > 0)
      log.warning(
        `Tag ${leftOut.join(', ')} is not set: the image has ${present.held.length} tags already, and ECR lets it have 1,000; the rest is kept for promotions. ${tagAdvice(repository, digest)}`,
      )
    const sent = present.image ? undefined : await push(image, inputs, deps)
    if (!sent) log.info(`Repository ${repository.name} holds ${digest} already: nothing to push.`)

    reached(`The image ${digest} is in the repository; its tags may be incomplete.`)
    const changes = await setTags(ecr, repository, present.image ?? sent!.root, tags, present.tags, cancelled)
    const moved = changes.filter(({ changed }) => changed)
    if (moved.length > 0) await verifyTags(ecr, repository, digest, tags)
    for (const change of changes) log.info(describe(change))
    reached(`The image ${digest} is in the repository with all its tags.`)

    const gate =
      inputs.scan && (await scanGate(inputs.scan, repository, sent?.root ?? (present.image as EcrManifest), deps))
    summarise(deps.summary, { inputs, digest, changes, sent, gate, milliseconds: clock.now().getTime() - started })
    return {
      outputs: { digest, 'image-tag': tags[0] ?? present.held[0], pushed: sent !== undefined },
      ...(gate?.failure && { failure: gate.failure }),
    }
  } catch (error) {
    if (!cancelled.aborted) throw error
    throw new UserError(`The run was cancelled. ${state} Running the step again finishes it.`)
  }
}

function describe({ tag, before, changed }: TagChange): string {
  if (!changed) return `Tag ${tag} points there already.`
  return before ? `Tag ${tag} moved from ${shortDigest(before)}.` : `Tag ${tag} set.`
}
