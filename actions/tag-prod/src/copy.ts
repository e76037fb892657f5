import { UserError } from '@deploy-actions/action-kit'
import {
  type EcrImage,
  formatBytes,
  openRegistry,
  openRegistryImage,
  pushImage,
  registryAccess,
} from '@deploy-actions/ecr'
import type { Deps } from './deps.ts'
import type { Inputs } from './inputs.ts'

/**
 * Copies the image to the other repository with every digest unchanged, straight from registry to registry. Within one registry ECR mounts the
 * layers where that is enabled. Nothing is sent when the image is there already.
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
  } finally {
    pulling.close()
    pushing.close()
  }
}
