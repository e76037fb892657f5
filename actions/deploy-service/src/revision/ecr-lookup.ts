import { describeImageRef, type EcrImageRef, imageByDigest, repositoryOf } from '@deploy-actions/ecr'
import type { Clients } from '../clients.ts'

/** What ECR holds under the image's digest or tag now; undefined when there is nothing. */
export async function lookUpImage({ ecr }: Clients, image: EcrImageRef) {
  return describeImageRef(await ecr(image.region), image)
}

/** The digests of an index's images, none for a single image. */
export async function childDigests({ ecr }: Clients, image: EcrImageRef, digest: string): Promise<string[]> {
  const found = await imageByDigest(await ecr(image.region), repositoryOf(image), digest)
  return (found?.manifests ?? []).map((child) => child.digest)
}
