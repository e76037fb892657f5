import { describeImage, type EcrRepository, imageByDigest } from '@deploy-actions/ecr'
import type { Clients } from './clients.ts'

/** What a tag in ECR names now; undefined when there is no such tag. */
export async function lookUpTag({ ecr }: Clients, repository: EcrRepository, tag: string) {
  return describeImage(await ecr(), repository, { tag })
}

/** The digests of an index's images, none for a single image. */
export async function childDigests({ ecr }: Clients, repository: EcrRepository, digest: string): Promise<string[]> {
  const image = await imageByDigest(await ecr(), repository, digest)
  return (image?.manifests ?? []).map((child) => child.digest)
}
