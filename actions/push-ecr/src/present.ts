import type { ECRClient } from '@aws-sdk/client-ecr'
import { UserError } from '@deploy-actions/action-kit'
import {
  createRepository,
  describeImage,
  type EcrManifest,
  isCreatedOnPush,
  MissingRepositoryError,
  manifestsOf,
  refuseImmutable,
  unusableImage,
} from '@deploy-actions/ecr'
import type { Inputs } from './inputs.ts'
import type { Deps } from './run.ts'

export interface Present {
  /** The image, when the repository holds it. */
  image: EcrManifest | undefined
  /** What the wanted tags point at now. */
  tags: Map<string, EcrManifest>
}

/**
 * Looks at what the repository holds before anything is sent: one call for the image and all tags, one more for the image's status when it is there.
 * Creates the repository where that is asked for.
 */
export async function inspectRepository(
  ecr: ECRClient,
  inputs: Inputs,
  digest: string,
  { log }: Pick<Deps, 'log'>,
): Promise<Present> {
  const { repository, tags, image } = inputs
  const ids = [{ digest }, ...tags.map((tag) => ({ tag }))]
  const found = await manifestsOf(ecr, repository, ids).catch(async (error) => {
    if (!(error instanceof MissingRepositoryError) || !image) throw error
    await provideRepository(ecr, inputs, error, log)
    return new Map<string, EcrManifest>()
  })
  const status = found.has(digest) ? await describeImage(ecr, repository, { digest }) : undefined
  if (status && status.status !== 'ACTIVE') throw unusableImage(repository, status)
  if (!found.has(digest) && !image)
    throw new UserError(
      `Repository "${repository.name}" has no image ${digest}, so there is nothing to tag. It was never pushed there, or a lifecycle rule deleted it. Build and push it again.`,
    )
  await refuseImmutable(ecr, repository, digest, tags, found)
  return { image: found.get(digest), tags: found }
}

async function provideRepository(
  ecr: ECRClient,
  { create, repository, scan }: Inputs,
  missing: MissingRepositoryError,
  log: Deps['log'],
): Promise<void> {
  if (create) {
    const created = await createRepository(ecr, repository, { ...create, scanOnPush: scan !== undefined })
    log.notice(
      `Repository ${repository.name} ${created ? `created, with ${create.immutableTags ? 'immutable' : 'mutable'} tags` : 'was created by another job in the meantime'}.`,
    )
    return
  }
  if (!(await isCreatedOnPush(ecr, repository)))
    throw new UserError(`${missing.message} (or set "create-repository: true" for this step)`, { cause: missing })
  log.info(
    `Repository ${repository.name} does not exist yet: a repository creation template of the registry creates it on the push.`,
  )
}
