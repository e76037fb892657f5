import { formatDuration } from '@deploy-actions/action-kit'
import { formatBytes, openRegistry, type PushResult, pushImage, registryAccess } from '@deploy-actions/ecr'
import type { Deps } from './deps.ts'
import type { Image } from './image.ts'
import type { Inputs } from './inputs.ts'

/** Sends the image to the registry by its digest; tags are set afterwards. */
export async function push({ source }: Image, inputs: Inputs, deps: Deps): Promise<PushResult> {
  const { ecr, log, clock, cancelled, mask, env } = deps
  const { repository, region, mountFrom } = inputs
  const access = await registryAccess(ecr, { registryId: repository.registryId, region, mask })
  const registry = openRegistry(access, { clock, log, signal: cancelled, env })
  try {
    return await log.group(`Pushing to ${repository.name}`, async () => {
      const result = await pushImage(source!, registry, repository.name, [], { mountFrom })
      log.info(`${formatBytes(result.uploadedBytes)} uploaded in ${formatDuration(result.milliseconds)}.`)
      return result
    })
  } finally {
    registry.close()
  }
}
