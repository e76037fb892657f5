import { type Clock, formatDuration } from '@deploy-actions/action-kit'
import {
  describeImage,
  type EcrManifest,
  type EcrRepository,
  type ecrClient,
  type ImageDescription,
  isAttestation,
  isIndexType,
  lookUpImages,
  MissingRepositoryError,
  manifestsOf,
  platformText,
} from '@deploy-actions/ecr'
import type { Inputs } from './inputs.ts'
import { normalPlatform } from './source-key/platform.ts'

/** Whether ECR has the image of a source key, in a state in which it can ship. */
export type Lookup =
  | {
      usable: true
      tag: string
      digest: string
      ageMs: number | undefined /** Older than `max-age`. */
      overdue: boolean
    }
  | {
      usable: false
      /** A clause for the log. */
      why: string
      /** The tag for what is built now: that of a source's first image, else the next one. */
      tag: string
      /** What is there and should be replaced by something newer. */
      stale?: { tag: string; digest: string }
      missingRepository?: string
    }

/**
 * An image of a source. The first one has the tag `src-<key>`, those built later `src-<key>-2`, `src-<key>-3` and
 * so on, since a tag may be immutable.
 */
interface Generation {
  number: number
  tag: string
  manifest: EcrManifest | undefined
  description: ImageDescription | undefined
}

type Search = Pick<Inputs, 'repository' | 'platforms' | 'maxAgeMs' | 'rebuild' | 'promotion'>

/**
 * Looks for the newest image of a source key. A hit means: its manifest is readable and ACTIVE, the platforms asked
 * for are in it with their own manifests, and it is no older than `max-age`. Anything else is a miss that says why.
 * A promotion takes what there is, whatever its age. At most three calls for the first 99 generations (ECR API:
 * BatchGetImage, DescribeImages).
 */
export async function lookUp(
  ecr: ReturnType<typeof ecrClient>,
  search: Search,
  key: string,
  clock: Clock,
): Promise<Lookup> {
  const { repository, maxAgeMs } = search
  let newest: Generation | undefined
  try {
    newest = await newestGeneration(ecr, repository, key)
  } catch (error) {
    if (!(error instanceof MissingRepositoryError)) throw error
    const why = `repository "${repository.name}" does not exist yet`
    return { usable: false, why, tag: tagOf(key, 1), missingRepository: error.message }
  }
  if (!newest) return { usable: false, why: `${repository.name} has no image of this source`, tag: tagOf(key, 1) }

  const next = { usable: false as const, tag: tagOf(key, newest.number + 1) }
  const { tag, manifest, description } = newest
  if (description && description.status !== 'ACTIVE')
    return { ...next, why: `the image of this source is ${description.status} and can't be pulled` }
  if (!manifest) return { ...next, why: 'the image of this source has no readable manifest' }
  const missing = await missingPlatforms(ecr, repository, manifest, search.platforms)
  if (missing.length > 0) return { ...next, why: `the image of this source lacks ${missing.join(', ')}` }

  const { digest } = manifest
  const ageMs = description?.pushedAt && clock.now().getTime() - description.pushedAt.getTime()
  const overdue = maxAgeMs !== undefined && (ageMs === undefined || ageMs > maxAgeMs)
  const why = search.rebuild ? 'rebuild is set' : overdue ? tooOld(ageMs, maxAgeMs) : undefined
  if (why && !search.promotion) return { ...next, why, stale: { tag, digest } }
  return { usable: true, tag, digest, ageMs, overdue }
}

function tagOf(key: string, generation: number): string {
  return generation === 1 ? `src-${key}` : `src-${key}-${generation}`
}

function tooOld(ageMs: number | undefined, maxAgeMs: number): string {
  return ageMs === undefined
    ? 'the age of the image of this source is unknown'
    : `the image of this source is ${formatDuration(ageMs)} old, and max-age is ${formatDuration(maxAgeMs)}`
}

/** As many tags as ECR looks up at once. */
const batch = 100

async function newestGeneration(
  ecr: ReturnType<typeof ecrClient>,
  repository: EcrRepository,
  key: string,
  from = 1,
): Promise<Generation | undefined> {
  const tags = Array.from({ length: batch }, (_, index) => tagOf(key, from + index))
  const [{ found, inaccessible }, first] = await Promise.all([
    lookUpImages(
      ecr,
      repository,
      tags.map((tag) => ({ tag })),
    ),
    describeImage(ecr, repository, { tag: tags[0]! }),
  ])
  const index = tags.findLastIndex((tag) => found.has(tag) || inaccessible.has(tag))
  if (index < 0 && !first) return undefined
  const number = from + Math.max(index, 0)
  const later = index === batch - 1 ? await newestGeneration(ecr, repository, key, number + 1) : undefined
  if (later) return later
  const tag = tagOf(key, number)
  const description = number === from ? first : await describeImage(ecr, repository, { tag })
  return { number, tag, manifest: found.get(tag), description }
}

/**
 * A single manifest carries the platform that its key was made for; an index must name them all, and hold what it
 * names.
 */
async function missingPlatforms(
  ecr: ReturnType<typeof ecrClient>,
  repository: EcrRepository,
  image: EcrManifest,
  platforms: string[],
): Promise<string[]> {
  const wanted = [...new Set(platforms.map(normalPlatform))]
  if (!isIndexType(image.mediaType)) return wanted.slice(1)
  const children = image.manifests.filter((child) => !isAttestation(child))
  const present = await manifestsOf(
    ecr,
    repository,
    children.map(({ digest }) => ({ digest })),
  )
  const readable = children
    .filter(({ digest }) => present.has(digest))
    .map(({ platform }) => normalPlatform(platformText(platform) ?? ''))
  return wanted.filter((platform) => !readable.includes(platform))
}
