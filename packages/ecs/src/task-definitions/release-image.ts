import { type ImageRef, parseImageRef } from '@deploy-actions/ecr/reference'
import { candidateContainers } from './changes.ts'
import type { TaskDefinitionInput } from './fetch.ts'

/** Which image a release of a task definition is about. */
export type ReleaseImage =
  | { kind: 'one'; container: string; image: ImageRef }
  /** No such container, or what it runs is no image reference. */
  | { kind: 'none' }
  /** Nothing says which of these containers is the release's. */
  | { kind: 'several'; containers: string[]; images: ImageRef[] }

/** The image of the named container, else of the only one, else of the only essential one. */
export function releaseImage(definition: TaskDefinitionInput, container?: string): ReleaseImage {
  const found = candidateContainers(definition, container).map(({ name = '', image = '' }) => ({
    container: name,
    image: parseImageRef(image),
  }))
  const images = found.flatMap(({ image }) => image ?? [])
  if (found.length > 1) return { kind: 'several', containers: found.map((one) => one.container), images }
  return images[0] ? { kind: 'one', container: found[0]!.container, image: images[0] } : { kind: 'none' }
}

/** Every image that the release may be about. */
export function imagesOf(release: ReleaseImage): ImageRef[] {
  if (release.kind === 'several') return release.images
  return release.kind === 'one' ? [release.image] : []
}

/** The digest that the release is known by; undefined where its image is not pinned, or not one. */
export function releaseDigest(release: ReleaseImage): string | undefined {
  return release.kind === 'one' ? release.image.digest : undefined
}
