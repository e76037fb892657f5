import type { ECRClient } from '@aws-sdk/client-ecr'
import type { EcrManifest } from './images.ts'
import { downloadConfig } from './labels.ts'
import { isAttestation, platformText } from './manifest.ts'
import type { EcrRepository } from './reference.ts'

/**
 * The platforms an image in ECR can run on, such as `linux/amd64`: those of an index, or the one that a single
 * image's config names. Needs `ecr:GetDownloadUrlForLayer` for the latter. Empty for an artifact that is no image.
 */
export async function imagePlatforms(
  ecr: ECRClient,
  repository: EcrRepository,
  manifest: EcrManifest,
): Promise<string[]> {
  if (manifest.manifests.length > 0)
    return manifest.manifests
      .filter((child) => !isAttestation(child))
      .flatMap(({ platform }) => platformText(platform) ?? [])
  if (!manifest.config) return []
  const config = JSON.parse((await downloadConfig(ecr, repository, manifest.config.digest)).toString('utf8')) as {
    os?: string
    architecture?: string
    variant?: string
  }
  if (!config.os || !config.architecture) return []
  return [[config.os, config.architecture, config.variant].filter(Boolean).join('/')]
}
