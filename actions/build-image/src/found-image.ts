import { type Clock, formatDuration } from '@deploy-actions/action-kit'
import {
  type EcrImage,
  type EcrRepository,
  type ecrClient,
  imageByTag,
  isAttestation,
  isIndexType,
  MissingRepositoryError,
  manifestsOf,
  platformText,
} from '@deploy-actions/ecr'
import type { Inputs } from './inputs.ts'

/** Whether ECR has the image of a source key, in a state in which it can ship. `why` is a clause for the log. */
export type Lookup =
  | { usable: true; digest: string; ageMs: number | undefined }
  | { usable: false; why: string /** It is there, but too old. */; stale: boolean; missingRepository?: string }

/**
 * Looks a source key up. A hit means: the tag exists, its manifest is readable and ACTIVE, the platforms asked for are in it with their own manifests, and it is
 * no older than `max-age`. Anything else is a miss that says why. At most three calls (ECR API: BatchGetImage, DescribeImages).
 */
export async function lookUp(
  ecr: ReturnType<typeof ecrClient>,
  inputs: Pick<Inputs, 'repository' | 'platforms' | 'maxAgeMs'>,
  tag: string,
  clock: Clock,
): Promise<Lookup> {
  const { repository } = inputs
  let image: EcrImage | undefined
  try {
    image = await imageByTag(ecr, repository, tag)
  } catch (error) {
    if (!(error instanceof MissingRepositoryError)) throw error
    return {
      usable: false,
      stale: false,
      why: `repository "${repository.name}" does not exist yet`,
      missingRepository: error.message,
    }
  }
  if (!image) return { usable: false, stale: false, why: `${repository.name} has no image of this source` }
  if (image.status !== 'ACTIVE')
    return { usable: false, stale: false, why: `the image of this source is ${image.status} and can't be pulled` }
  if (image.bytes.length === 0)
    return { usable: false, stale: false, why: 'the image of this source has no readable manifest' }

  const missing = await missingPlatforms(ecr, repository, image, inputs.platforms)
  if (missing.length > 0)
    return { usable: false, stale: false, why: `the image of this source lacks ${missing.join(', ')}` }

  const ageMs = image.pushedAt && clock.now().getTime() - image.pushedAt.getTime()
  if (inputs.maxAgeMs !== undefined && (ageMs === undefined || ageMs > inputs.maxAgeMs))
    return {
      usable: false,
      stale: true,
      why:
        ageMs === undefined
          ? 'the age of the image of this source is unknown'
          : `the image of this source is ${formatDuration(ageMs)} old, and max-age is ${formatDuration(inputs.maxAgeMs)}`,
    }
  return { usable: true, digest: image.digest, ageMs }
}

/** A single manifest carries the platform that its key was made for; an index must name them all, and hold what it names. */
async function missingPlatforms(
  ecr: ReturnType<typeof ecrClient>,
  repository: EcrRepository,
  image: EcrImage,
  wanted: string[],
): Promise<string[]> {
  if (!isIndexType(image.mediaType)) return wanted.slice(1)
  const children = image.manifests.filter((child) => !isAttestation(child))
  const present = await manifestsOf(
    ecr,
    repository,
    children.map(({ digest }) => ({ digest })),
  )
  const readable = children
    .filter(({ digest }) => present.has(digest))
    .map(({ platform }) => platformText(platform) ?? '')
  return wanted.filter((platform) => !readable.some((found) => samePlatform(found, platform)))
}

/** `linux/arm64` and `linux/arm64/v8` are one platform: builders write the variant, people do not. */
function samePlatform(found: string, wanted: string): boolean {
  const plain = (text: string) => text.replace(/^(linux\/arm64)\/v8$/, '$1').replace(/^(linux\/amd64)\/v1$/, '$1')
  return plain(found) === plain(wanted)
}
