import { describeImage, type EcrRepository, imageByDigest } from '@deploy-actions/ecr'
import type { Clients } from './clients.ts'

/** A repository and where its registry is. */
export interface Located extends EcrRepository {
  region: string
}

/** What a tag in ECR names now; undefined when there is no such tag. */
export async function lookUpTag({ ecr }: Clients, { region, ...repository }: Located, tag: string) {
  return describeImage(await ecr(region), repository, { tag })
}

/** The digests of an index's images, none for a single image. */
export async function childDigests(
  { ecr }: Clients,
  { region, ...repository }: Located,
  digest: string,
): Promise<string[]> {
  const image = await imageByDigest(await ecr(region), repository, digest)
  return (image?.manifests ?? []).map((child) => child.digest)
}
