import { UserError } from '@deploy-actions/action-kit'
import {
  copyReferrers,
  type EcrImage,
  formatBytes,
  openRegistry,
  openRegistryImage,
  type Place,
  pushImage,
  registryAccess,
  shortDigest,
} from '@deploy-actions/ecr'
import type { Deps } from './deps.ts'
import type { Inputs } from './inputs.ts'

/**
 * Copies the image to the other repository with every digest unchanged, straight from registry to registry. Within
 * one registry ECR mounts the layers where that is enabled. Nothing is sent when the image is there already.
 */
export async function copyImage(image: EcrImage, { from, to }: Inputs, deps: Deps): Promise<void> {
  const { clock, log, cancelled, mask, env } = deps
  const options = { clock, log, signal: cancelled, env }
  const [origin, destination] = await Promise.all([
    registryAccess(deps.from, { registryId: from.repository.registryId, region: from.region, mask }),
    registryAccess(deps.to, { registryId: to.repository.registryId, region: to.region, mask }),
  ])
  const pulling = openRegistry(origin, options)
  const pushing = openRegistry(destination, options)
  try {
    const source = await openRegistryImage(pulling, from.repository.name, image.digest)
    const mountFrom = origin.host === destination.host ? from.repository.name : undefined
    const result = await log.group(`Copying ${image.digest} to ${to.repository.name}`, () =>
      pushImage(source, pushing, to.repository.name, [], { mountFrom }),
    )
    if (result.digest !== image.digest)
      throw new UserError(`The copy has the digest ${result.digest} instead of ${image.digest}. No tag was moved.`)
    log.info(
      result.pushed
        ? `Copied: ${formatBytes(result.uploadedBytes)} sent, ${result.blobs.filter(({ outcome }) => outcome === 'mounted').length} blobs mounted.`
        : 'The image is there already.',
    )
    await takeAlong(
      image,
      { registry: pulling, repository: from.repository.name },
      { registry: pushing, repository: to.repository.name },
      log,
    )
  } finally {
    pulling.close()
    pushing.close()
  }
}

/**
 * Signatures, SBOMs and attestations go where the image goes; a place that verifies them would refuse it otherwise.
 */
async function takeAlong(image: EcrImage, from: Place, to: Place, log: Deps['log']): Promise<void> {
  const { copied, failures } = await log.group('Looking for signatures, SBOMs and attestations', () =>
    copyReferrers(image, from, to),
  )
  for (const failure of failures)
    log.warning(`Something that belongs to ${image.digest} was not copied to ${to.repository}: ${failure}`)
  if (copied.length > 0)
    log.info(
      `Copied along, as they refer to the image: ${copied.map(({ digest, tag }) => tag ?? shortDigest(digest)).join(', ')}.`,
    )
  else if (failures.length === 0) log.info('No signature, SBOM or attestation refers to the image.')
}
