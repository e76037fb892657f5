import { UserError } from '@deploy-actions/action-kit'
import { isAccessError } from '@deploy-actions/aws'
import { imageUri, parseImageReference, registryHost } from '@deploy-actions/ecr'
import type { Deps } from './deps.ts'
import type { ImageInput } from './image-input.ts'
import type { Inputs } from './inputs.ts'

/** The images to put in, each pinned to its digest where that can be found out. */
export interface WantedImages {
  /** For the container that the input `container` names, or the only one. */
  single: string | undefined
  byContainer: Record<string, string>
}

/** `accountId` is the services' own, whose registry is meant unless `registry` names another. */
export async function wantedImages(
  { image, registryId, registryRegion }: Inputs,
  accountId: string,
  deps: Deps,
): Promise<WantedImages> {
  if (!image) return { single: undefined, byContainer: {} }
  if (image.kind === 'digest')
    return {
      single: imageUri(registryId ?? accountId, registryRegion, image.repository, image.digest),
      byContainer: {},
    }
  return pinned(image, deps)
}

async function pinned(image: Extract<ImageInput, { kind: 'references' }>, deps: Deps): Promise<WantedImages> {
  const pairs = await Promise.all(
    Object.entries(image.byContainer).map(async ([name, reference]) => [name, await pin(reference, deps)] as const),
  )
  return { single: image.single && (await pin(image.single, deps)), byContainer: Object.fromEntries(pairs) }
}

/** The reference by digest. A tag in ECR is looked up; one of another registry stays as it is, and the log says so. */
async function pin(reference: string, deps: Deps): Promise<string> {
  const parsed = parseImageReference(reference)
  if (parsed?.digest) return `${parsed.host}/${parsed.repository}@${parsed.digest}`
  const ecr = parsed && ecrOf(parsed.host)
  if (!parsed || !ecr) {
    deps.log.info(
      `${reference} is not in ECR and is deployed by its tag: what the tag names may change under a running service.`,
    )
    return reference
  }
  const tag = parsed.tag ?? 'latest'
  try {
    const { lookUpTag } = await import('./ecr-lookup.ts')
    const found = await lookUpTag(deps.clients, { name: parsed.repository, ...ecr }, tag)
    if (!found)
      throw new UserError(
        `Image ${reference} does not exist: repository "${parsed.repository}" has no tag "${tag}". Nothing was changed.`,
      )
    return `${registryHost(ecr.registryId, ecr.region)}/${parsed.repository}@${found.digest}`
  } catch (error) {
    if (!isAccessError(error)) throw error
    deps.log.warning(`${reference} is deployed by its tag, as its digest cannot be read. ${error.message}`)
    return reference
  }
}

/** Account and region of an ECR host; undefined for other registries. */
export function ecrOf(host: string): { registryId: string; region: string } | undefined {
  const [, registryId, region] = host.match(/^(\d{12})\.dkr\.ecr\.([\w-]+)\.amazonaws\.com(?:\.cn)?$/) ?? []
  return registryId && region ? { registryId, region } : undefined
}
