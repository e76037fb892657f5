import { type ECRClient, GetDownloadUrlForLayerCommand } from '@aws-sdk/client-ecr'
import { systemClock, UserError } from '@deploy-actions/action-kit'
import { type EcrManifest, manifestsOf } from './images.ts'
import { isAttestation, type Manifest } from './manifest.ts'
import { digestOf, type EcrRepository, shortDigest } from './reference.ts'
import { refusal } from './registry/errors.ts'
import { httpClient, readAnswer } from './registry/http.ts'
import { withRetries } from './registry/retry.ts'

/** Config blobs are a few kilobytes; a limit keeps a wrong answer from filling memory. */
const longestConfig = 8 * 1024 * 1024

/**
 * The labels of an image in ECR, read from its config without pulling layers (ECR API: BatchGetImage,
 * GetDownloadUrlForLayer). `image` is a digest, or the manifest where it is known already, which saves a call. For
 * an index these are the labels of its first image that is no attestation; builders write the same labels to every
 * platform. Empty for an artifact without a config. Throws a UserError when the image is missing.
 */
export async function readImageLabels(
  ecr: ECRClient,
  repository: EcrRepository,
  image: string | Manifest,
): Promise<Record<string, string>> {
  const manifest = await imageManifest(ecr, repository, image, 3)
  if (!manifest.config) return {}
  const config = await downloadConfig(ecr, repository, manifest.config.digest)
  const { config: runtime } = JSON.parse(config.toString('utf8')) as {
    config?: { Labels?: Record<string, string> | null }
  }
  return runtime?.Labels ?? {}
}

async function imageManifest(
  ecr: ECRClient,
  repository: EcrRepository,
  image: string | Manifest,
  depth: number,
): Promise<Manifest> {
  const manifest = typeof image === 'string' ? await fetchManifest(ecr, repository, image) : image
  if (manifest.manifests.length === 0) return manifest
  const child = manifest.manifests.find((candidate) => !isAttestation(candidate))
  if (!child || depth === 0) throw new UserError(`${repository.name}@${manifest.digest} is an index without an image.`)
  return imageManifest(ecr, repository, child.digest, depth - 1)
}

async function fetchManifest(ecr: ECRClient, repository: EcrRepository, digest: string): Promise<EcrManifest> {
  const found = (await manifestsOf(ecr, repository, [{ digest }])).get(digest)
  if (found) return found
  throw new UserError(
    `Repository "${repository.name}" has no image ${digest}. It was never pushed there, or a lifecycle rule deleted it.`,
  )
}

/** The bytes of an image config, checked against its digest (ECR API: GetDownloadUrlForLayer). */
export async function downloadConfig(ecr: ECRClient, repository: EcrRepository, digest: string): Promise<Buffer> {
  const { downloadUrl } = await ecr.send(
    new GetDownloadUrlForLayerCommand({
      registryId: repository.registryId,
      repositoryName: repository.name,
      layerDigest: digest,
    }),
  )
  if (!downloadUrl) throw new Error(`GetDownloadUrlForLayer answered without an address for ${digest}.`)
  const http = httpClient()
  const what = `download of config ${shortDigest(digest)}`
  try {
    return await withRetries(what, { clock: systemClock, log: silent }, async () => {
      // The address is signed by itself; S3 refuses a request that brings an Authorization header as well.
      const response = await http.send({ method: 'GET', url: new URL(downloadUrl) })
      if (response.status !== 200) throw await refusal(response, { what, action: 's3:GetObject' }, new Date())
      const bytes = await readAnswer(response, longestConfig)
      if (digestOf(bytes) === digest) return bytes
      throw new UserError(
        `The config of ${repository.name} arrived with other content than its digest ${digest} names. Run the step again.`,
      )
    })
  } finally {
    http.close()
  }
}

const silent = { info: () => {} }
