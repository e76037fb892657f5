import { type ActionResult, UserError } from '@deploy-actions/action-kit'
import {
  type EcrImage,
  type EcrManifest,
  imageByDigest,
  imageByTag,
  lookUpImages,
  shortDigest,
  unusableImage,
  verifyTags,
} from '@deploy-actions/ecr'
import { copyImage } from './copy.ts'
import type { Deps } from './deps.ts'
import type { Inputs } from './inputs.ts'
import { type Promotion, promote } from './promote.ts'
import { summarise } from './summary.ts'

/** Finds the image, copies it where it has to be elsewhere, moves the tags, and reads them again. */
export async function run(inputs: Inputs, deps: Deps): Promise<ActionResult> {
  const { log, cancelled, to: ecr } = deps
  const { to, tags, elsewhere } = inputs
  const promotion: Promotion = { moved: [], kept: [] }
  try {
    const [image, present] = await Promise.all([
      findImage(inputs, deps),
      // Another registry's repository is looked at once the image is known to exist: its absence is the rarer
      // mistake.
      elsewhere ? undefined : presentTags(inputs, deps),
    ])
    log.info(`${inputs.from.repository.name}: ${describeSource(inputs, image)}`)
    const before = present ?? (await presentTags(inputs, deps))
    if (elsewhere) await copyImage(image, inputs, deps)

    await promote(image, before, inputs, deps, promotion)
    if (promotion.moved.length > 0) await verifyTags(ecr, to.repository, image.digest, tags)
    summarise(deps.summary, inputs, image, promotion, before)
    return {
      outputs: {
        digest: image.digest,
        'previous-digest': before.get(tags[0]!)?.digest ?? '',
        changed: promotion.moved.length > 0,
      },
    }
  } catch (error) {
    if (!cancelled.aborted) throw error
    const moved = promotion.moved.map(({ tag }) => tag).join(', ')
    throw new UserError(
      `The run was cancelled. ${moved ? `Moved by then: ${moved}.` : 'No tag was moved.'} Running the step again finishes it.`,
    )
  }
}

/** The image to promote, usable. Throws a UserError when it is missing or archived. */
async function findImage({ from, source }: Inputs, deps: Deps): Promise<EcrImage> {
  const { repository } = from
  const image =
    'tag' in source
      ? await imageByTag(deps.from, repository, source.tag)
      : await imageByDigest(deps.from, repository, source.digest)
  if (!image) {
    const what = 'tag' in source ? `tagged "${source.tag}"` : source.digest
    throw new UserError(
      `Repository "${repository.name}" has no image ${what}, so nothing was promoted. Check the inputs "source", "repository" and "registry"; if the image was there before, a lifecycle rule may have deleted it.`,
    )
  }
  if (image.status !== 'ACTIVE' || image.bytes.length === 0) throw unusableImage(repository, image)
  return image
}

async function presentTags(
  { to, tags, keepPrevious }: Inputs,
  { to: ecr, log }: Deps,
): Promise<Map<string, EcrManifest>> {
  const all = keepPrevious ? tags.flatMap((tag) => [tag, `${tag}-previous`]) : tags
  const { found, inaccessible } = await lookUpImages(
    ecr,
    to.repository,
    all.map((tag) => ({ tag })),
  )
  for (const tag of tags.filter((candidate) => inaccessible.has(candidate)))
    log.warning(
      `Tag "${tag}" pointed at an image that can't be read, most likely because it is archived. It keeps no "${tag}-previous" tag, and the way back to it is closed until it is restored.`,
    )
  return found
}

function describeSource({ source }: Inputs, { digest }: EcrImage): string {
  return 'tag' in source ? `tag ${source.tag} is ${digest}` : `promoting ${shortDigest(digest)}`
}
