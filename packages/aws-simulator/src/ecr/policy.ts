import { RegistryError } from '../registry/errors.ts'
import { ociPolicy, type RegistryCall, type RegistryPolicy } from '../registry/policy.ts'
import type { Repository } from '../registry/store.ts'
import { AwsFailure } from '../world.ts'
import { batchDeleteImage } from './images.ts'
import { checkDownload, checkParts, isReferenced } from './layers.ts'
import { checkImage, isImmutable } from './put-image.ts'
import { type EcrRegistries, type EcrRegistry, repositoryOf } from './registries.ts'
import { scanOnPush } from './scans.ts'
import { createFromTemplate } from './templates.ts'
import type { TokenCheck } from './tokens.ts'

/** Closes the connection without an answer. */
export class ClosedConnection extends Error {}

export interface EcrPolicyOptions {
  registries: EcrRegistries
  registryOf(call: RegistryCall): EcrRegistry
  checkToken(authorization: string | undefined): TokenCheck
  downloadUrl(registry: EcrRegistry, digest: string, calledAt: string): Promise<string>
}

const expiredText = 'Your authorization token has expired. Reauthenticate and try again.'

/** ECR's errors as its registry endpoint words them (public reports; statuses that nobody recorded are options). */
function asRegistryError(error: unknown, missingStatus: number): unknown {
  if (!(error instanceof AwsFailure)) return error
  switch (error.name) {
    case 'RepositoryNotFoundException':
      return new RegistryError(404, 'NAME_UNKNOWN', error.message)
    case 'ImageTagAlreadyExistsException':
    case 'ImageAlreadyExistsException':
      return new RegistryError(400, 'TAG_INVALID', error.message)
    case 'LayersNotFoundException':
    case 'ReferencedImagesNotFoundException':
      return new RegistryError(missingStatus, 'MANIFEST_BLOB_UNKNOWN', error.message)
    case 'LayerInaccessibleException':
      return new RegistryError(404, 'BLOB_UNKNOWN', error.message)
    case 'LayerPartTooSmallException':
      // The misleading text that clients of the registry endpoint really get for it.
      return new RegistryError(
        400,
        'BLOB_UPLOAD_INVALID',
        'None of the provided layer digests match the calculated layer digest',
      )
    case 'EmptyUploadException':
      return new RegistryError(400, 'BLOB_UPLOAD_INVALID', error.message)
    default:
      return new RegistryError(405, 'UNSUPPORTED', error.message)
  }
}

/** Amazon ECR's registry endpoint: the specification with the deviations of `RegistryOptions.ecr`. */
export function ecrPolicy(options: EcrPolicyOptions): RegistryPolicy {
  const deviations = options.registries.options.ecr ?? {}
  const translated = <T>(action: () => T): T => {
    try {
      return action()
    } catch (error) {
      throw asRegistryError(error, deviations.missingLayersStatus ?? 404)
    }
  }
  return {
    ...ociPolicy,
    authorize(call) {
      const check = options.checkToken(call.request.headers.authorization)
      if (check === 'invalid') {
        const challenge = `Basic realm="${call.origin}/",service="ecr.amazonaws.com"`
        throw new RegistryError(401, 'UNAUTHORIZED', 'Not Authorized', {
          headers: { 'www-authenticate': challenge },
          text: 'Not Authorized',
        })
      }
      if (check === 'expired') {
        throw new RegistryError(403, 'DENIED', expiredText, {
          text: deviations.expiredForm === 'json' ? undefined : expiredText,
        })
      }
    },
    repository(call, name, purpose) {
      const registry = options.registryOf(call)
      if (!registry.core.repositories.has(name) && purpose === 'push') {
        const created = createFromTemplate(registry, name)
        if (created) return created
        if (deviations.missingRepository === 'close') throw new ClosedConnection()
      }
      return translated(() => repositoryOf(registry, name))
    },
    upload: {
      patchStatus: deviations.patchStatus ?? 201,
      frozenRange: deviations.frozenRange ?? true,
      absoluteLocation: true,
      extras: deviations.uploadExtras ?? false,
      beforeBody(upload, range) {
        const start = range?.start ?? 0
        if (start !== upload.file.size) {
          throw new RegistryError(
            416,
            'BLOB_UPLOAD_INVALID',
            `First byte of the layer part is ${start} instead of ${upload.file.size}`,
          )
        }
      },
      beforeCommit(upload) {
        translated(() => checkParts(upload, deviations))
        const whole =
          upload.parts.length === 1 && upload.parts[0]! > (deviations.monolithicLimit ?? Number.POSITIVE_INFINITY)
        if (whole) throw new RegistryError(400, 'BLOB_UPLOAD_INVALID', 'The layer part is larger than the limit')
      },
    },
    mount: (call, target, digest, from) => mayMount(options.registryOf(call), target, digest, from),
    beforeManifest(call, repository, manifest, tag) {
      const registry = options.registryOf(call)
      try {
        checkImage(registry, repository, manifest, tag, deviations)
      } catch (error) {
        const again = error instanceof AwsFailure && error.name === 'ImageAlreadyExistsException'
        const frozen = tag !== undefined && isImmutable(registry.settingsOf(repository), tag)
        if (again && !(frozen && deviations.identicalPush === 400)) return
        throw asRegistryError(error, deviations.missingLayersStatus ?? 404)
      }
      scanOnPush(registry, repository, manifest)
    },
    manifestDigestHeaderOnGet: deviations.digestHeaderOnGet ?? false,
    async redirectBlob(call, repository, digest) {
      const registry = options.registryOf(call)
      translated(() => checkDownload(registry, repository, digest, deviations))
      return deviations.redirectBlobs === false ? undefined : options.downloadUrl(registry, digest, call.origin)
    },
    deleteTag: (repository, tag) => void batchDeleteImage(repository, [{ imageTag: tag }]),
    maximumPage: 1000,
    invalidReferenceStatus: 400,
  }
}

/**
 * ECR user guide, blob mounting: the registry's switch is on, the encryption is equal, and an image of the source
 * names the blob.
 */
function mayMount(registry: EcrRegistry, target: Repository, digest: string, from: string | null): boolean {
  const source = from === null ? undefined : registry.core.repositories.get(from)
  if (!source || registry.accountSettings.get('BLOB_MOUNTING') !== 'ENABLED' || !source.blobs.has(digest)) return false
  const [a, b] = [registry.settingsOf(source).encryption, registry.settingsOf(target).encryption]
  return a.encryptionType === b.encryptionType && a.kmsKey === b.kmsKey && isReferenced(source, digest)
}
