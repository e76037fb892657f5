import { parseDigest } from '../registry/digest.ts'
import { commitUpload, type Repository, type Upload } from '../registry/store.ts'
import { openUpload } from '../registry/uploads.ts'
import type { EcrDeviations } from '../scenario.ts'
import { AwsFailure } from '../world.ts'
import { type EcrRegistry, invalidParameter } from './registries.ts'

export const minimumPart = 5 * 1024 * 1024

/** Whether a manifest of the repository names the blob. ECR hands out, and mounts, only such blobs. */
export const isReferenced = (repository: Repository, digest: string): boolean =>
  [...repository.manifests.values()].some(({ content }) =>
    [content.config, ...content.layers].some((blob) => blob?.digest === digest),
  )

export function batchCheckLayers(repository: Repository, digests: string[]): unknown {
  const layers: unknown[] = []
  const failures: unknown[] = []
  for (const layerDigest of digests) {
    const size = repository.blobs.get(layerDigest)
    if (!parseDigest(layerDigest)) {
      failures.push({ layerDigest, failureCode: 'InvalidLayerDigest', failureReason: 'Invalid layer digest' })
    } else if (size === undefined) {
      failures.push({ layerDigest, failureCode: 'MissingLayerDigest', failureReason: 'Missing layer digest' })
    } else {
      layers.push({
        layerDigest,
        layerAvailability: 'AVAILABLE',
        layerSize: size,
        mediaType: 'application/octet-stream',
      })
    }
  }
  return { layers, failures }
}

export function initiateUpload(registry: EcrRegistry, repository: Repository): unknown {
  const upload = openUpload(registry.core, repository)
  return { uploadId: upload.id, partSize: 10 * 1024 * 1024 }
}

function uploadOf(registry: EcrRegistry, repository: Repository, id: string): Upload {
  const upload = registry.core.uploads.get(id)
  if (upload?.repository === repository) return upload
  throw new AwsFailure(
    'UploadNotFoundException',
    `The upload with id '${id}' does not exist in the repository with name '${repository.name}' in the registry with id '${registry.accountId}'`,
  )
}

export interface LayerPartInput {
  uploadId: string
  partFirstByte: number
  partLastByte: number
  layerPartBlob: Buffer
}

/** ECR API: UploadLayerPart. A part must begin where the last one ended. */
export async function uploadPart(
  registry: EcrRegistry,
  repository: Repository,
  input: LayerPartInput,
): Promise<unknown> {
  const upload = uploadOf(registry, repository, input.uploadId)
  const size = upload.file.size
  if (input.partFirstByte !== size || input.partLastByte - input.partFirstByte + 1 !== input.layerPartBlob.length) {
    throw new AwsFailure(
      'InvalidLayerPartException',
      `First byte of the layer part is ${input.partFirstByte} instead of ${size}`,
      {
        members: {
          registryId: registry.accountId,
          repositoryName: repository.name,
          uploadId: upload.id,
          lastValidByteReceived: Math.max(0, size - 1),
        },
      },
    )
  }
  await upload.file.append([input.layerPartBlob] as unknown as AsyncIterable<Buffer>)
  upload.parts.push(input.layerPartBlob.length)
  return {
    registryId: registry.accountId,
    repositoryName: repository.name,
    uploadId: upload.id,
    lastByteReceived: input.partLastByte,
  }
}

/** Refuses uploads without parts, and with a part but the last that is too small. Throws ECR's errors. */
export function checkParts(upload: Upload, deviations: EcrDeviations): void {
  if (upload.parts.length === 0 && deviations.refuseEmptyBlob !== false) {
    throw new AwsFailure(
      'EmptyUploadException',
      `The upload with id '${upload.id}' cannot be completed because it does not have any parts.`,
    )
  }
  const least = deviations.minimumPart ?? minimumPart
  if (upload.parts.slice(0, -1).some((part) => part < least)) {
    throw new AwsFailure('LayerPartTooSmallException', 'All layer parts except the last part should be at least 5MB')
  }
}

interface CompleteInput {
  uploadId: string
  layerDigests: string[]
}

export async function completeUpload(
  registry: EcrRegistry,
  repository: Repository,
  input: CompleteInput,
  deviations: EcrDeviations,
): Promise<unknown> {
  const upload = uploadOf(registry, repository, input.uploadId)
  checkParts(upload, deviations)
  const actual = await upload.file.digest('sha256')
  if (!input.layerDigests.includes(actual)) {
    throw new AwsFailure(
      'InvalidLayerException',
      'None of the provided layer digests match the calculated layer digest',
    )
  }
  if (repository.blobs.has(actual)) {
    throw new AwsFailure(
      'LayerAlreadyExistsException',
      `The layer with digest '${actual}' already exists in the repository with name '${repository.name}' in registry with id '${registry.accountId}'`,
    )
  }
  await commitUpload(registry.core, upload, parseDigest(actual)!)
  return { registryId: registry.accountId, repositoryName: repository.name, uploadId: upload.id, layerDigest: actual }
}

/** Throws what GetDownloadUrlForLayer answers for a layer that must not be read. */
export function checkDownload(
  registry: EcrRegistry,
  repository: Repository,
  layerDigest: string,
  deviations: EcrDeviations,
): void {
  if (!parseDigest(layerDigest))
    throw invalidParameter('layerDigest', "must satisfy regular expression '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'")
  if (!repository.blobs.has(layerDigest)) {
    throw new AwsFailure(
      'LayersNotFoundException',
      `The layer with digest '${layerDigest}' does not exist in the repository with name '${repository.name}' in the registry with id '${registry.accountId}'`,
    )
  }
  if (deviations.hideUnreferencedBlobs !== false && !isReferenced(repository, layerDigest)) {
    throw new AwsFailure(
      'LayerInaccessibleException',
      `The layer with digest '${layerDigest}' is not available because it is not associated with an image in the repository with name '${repository.name}'`,
    )
  }
}
