import type { ECRClient } from '@aws-sdk/client-ecr'
import { memoised, UserError } from '@deploy-actions/action-kit'
import { type EcrRepository, manifestsOf, readImageLabels, shortDigest } from '@deploy-actions/ecr'
import { type ImageSchema, schemaFromLabels } from './labels.ts'

/** What an image says of its schema, by digest; undefined when the image is not in the repository (any more). */
export type SchemaReader = (digest: string) => Promise<ImageSchema | undefined>

/**
 * Reads image labels from ECR without pulling layers, each digest once. Needs `ecr:BatchGetImage` and
 * `ecr:GetDownloadUrlForLayer`. Throws a UserError for damaged labels and for a missing repository.
 */
export function schemaReader(ecr: ECRClient, repository: EcrRepository): SchemaReader {
  return memoised((digest) => readSchema(ecr, repository, digest))
}

async function readSchema(ecr: ECRClient, repository: EcrRepository, digest: string): Promise<ImageSchema | undefined> {
  const manifest = (await manifestsOf(ecr, repository, [{ digest }])).get(digest)
  if (!manifest) return undefined
  const labels = await readImageLabels(ecr, repository, manifest)
  try {
    return schemaFromLabels(labels)
  } catch (error) {
    if (error instanceof UserError) throw new UserError(`${repository.name}@${shortDigest(digest)}: ${error.message}`)
    throw error
  }
}
