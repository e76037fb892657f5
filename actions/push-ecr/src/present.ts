import { UserError } from '@deploy-actions/action-kit'
import { isAccessError } from '@deploy-actions/aws'
import {
  createRepository,
  describeImage,
  type ECRClient,
  type EcrManifest,
  MissingRepositoryError,
  manifestsOf,
  pushTemplate,
  refuseImmutable,
  unusableImage,
} from '@deploy-actions/ecr'
import type { Deps } from './deps.ts'
import type { Inputs } from './inputs.ts'

export interface Present {
  /** The image, when the repository holds it. */
  image: EcrManifest | undefined
  /** What the wanted tags point at now. */
  tags: Map<string, EcrManifest>
  /** All tags of the image; empty where the role may not ask. */
  held: string[]
}

/**
 * Looks at what the repository holds before anything is sent: one call for the image and all tags, one for the
 * image's status. Creates the repository where that is asked for.
 */
export async function inspectRepository(
  ecr: ECRClient,
  inputs: Inputs,
  digest: string,
  { log }: Pick<Deps, 'log'>,
): Promise<Present> {
  const { repository, tags, image } = inputs
  const ids = [{ digest }, ...tags.map((tag) => ({ tag }))]
  const [found, described] = await Promise.all([
    manifestsOf(ecr, repository, ids),
    // An archived image may look missing to the first call; pushed again, it would still be one that nothing can
    // pull.
    describeImage(ecr, repository, { digest }).catch((error) => {
      if (!isAccessError(error)) throw error
      log.info(`Not checked whether the image is archived: the role may not call ${error.action}.`)
      return undefined
    }),
  ]).catch(async (error) => {
    if (!(error instanceof MissingRepositoryError) || !image) throw error
    await provideRepository(ecr, inputs, error, log)
    return [new Map<string, EcrManifest>(), undefined] as const
  })
  if (described && described.status !== 'ACTIVE') throw unusableImage(repository, described)
  if (!found.has(digest) && !image)
    throw new UserError(
      `Repository "${repository.name}" has no image ${digest}, so there is nothing to tag. It was never pushed there, or a lifecycle rule deleted it. Build and push it again.`,
    )
  await refuseImmutable(ecr, repository, digest, tags, found)
  return { image: found.get(digest), tags: found, held: described?.tags ?? [] }
}

async function provideRepository(
  ecr: ECRClient,
  { create, repository, scan }: Inputs,
  missing: MissingRepositoryError,
  log: Deps['log'],
): Promise<void> {
  const template = await pushTemplate(ecr, repository).catch((error) => {
    if (!isAccessError(error)) throw error
    log.info(`Not looked for repository creation templates: the role may not call ${error.action}.`)
    return undefined
  })
  if (template) {
    const tags = `${template.immutableTags ? 'immutable' : 'mutable'} tags`
    if (create?.immutableTags && !template.immutableTags)
      throw new UserError(
        `Input "tag-mutability" is "immutable", and the repository creation template "${template.prefix}" of the registry makes ${repository.name} with ${tags}. Nothing was created or pushed. Leave the input out, or change the template.`,
      )
    log.info(
      `Repository ${repository.name} does not exist yet: the registry's repository creation template "${template.prefix}" creates it on the push, with ${tags}.`,
    )
    return
  }
  if (!create)
    throw new UserError(`${missing.message} (or set "create-repository: true" for this step)`, { cause: missing })
  const created = await createRepository(ecr, repository, { ...create, scanOnPush: scan !== undefined })
  log.notice(
    `Repository ${repository.name} ${created ? `created, with ${create.immutableTags ? 'immutable' : 'mutable'} tags` : 'was created by another job in the meantime'}.`,
  )
}
