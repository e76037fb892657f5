import { UserError } from '@deploy-actions/action-kit'
import { isIndexType, isManifestType, mediaTypes } from './media-types.ts'
import { digestOf } from './reference.ts'

/** OCI image specification: content descriptors. */
export interface Descriptor {
  mediaType: string
  digest: string
  size: number
  platform?: Platform
  annotations?: Record<string, string>
  artifactType?: string
  urls?: string[]
}

export interface Platform {
  os: string
  architecture: string
  variant?: string
}

/** A manifest or an index as it travels: the exact bytes, what they are, and what they point at. */
export interface Manifest {
  digest: string
  mediaType: string
  bytes: Buffer
  config?: Descriptor
  layers: Descriptor[]
  /** Children of an index. */
  manifests: Descriptor[]
  subject?: Descriptor
}

/**
 * Reads a manifest of any of the four kinds. `where` names it in errors. The media type comes from the field of
 * that name, then from `mediaType` (an OCI manifest may omit the field), then from the shape. Throws a UserError
 * for anything that is not a manifest.
 */
export function parseManifest(bytes: Buffer, where: string, mediaType?: string): Manifest {
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch {
    throw new UserError(`${where} is not a manifest: it is not JSON.`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UserError(`${where} is not a manifest: it is not a JSON object.`)
  const fields = value as Record<string, unknown>
  if (fields.schemaVersion === 1)
    throw new UserError(
      `${where} has the retired schema 1 of Docker's registry. Build the image again with a current builder.`,
    )

  const type = kindOf(fields, mediaType)
  if (!type)
    throw new UserError(
      `${where} has the media type ${fields.mediaType ?? mediaType ?? 'none'}, which is neither an image nor an index.`,
    )
  const read = (name: string) => descriptors(fields[name], `${where}, field ${name}`)
  const index = isIndexType(type)
  const config = index ? undefined : descriptor(fields.config, `${where}, field config`)
  return {
    digest: digestOf(bytes),
    mediaType: type,
    bytes,
    ...(config && { config }),
    layers: index ? [] : read('layers'),
    manifests: index ? read('manifests') : [],
    ...(fields.subject ? { subject: descriptor(fields.subject, `${where}, field subject`) } : {}),
  }
}

/** BuildKit's provenance and SBOM manifests, which stand beside the images of an index and run nowhere. */
export function isAttestation(descriptor: Descriptor): boolean {
  return (
    descriptor.annotations?.['vnd.docker.reference.type'] === 'attestation-manifest' ||
    descriptor.artifactType === 'application/vnd.docker.attestation.manifest.v1+json' ||
    (descriptor.platform?.os === 'unknown' && descriptor.platform.architecture === 'unknown')
  )
}

/** `linux/arm64/v8`; undefined where the descriptor names no platform. */
export function platformText(platform: Platform | undefined): string | undefined {
  if (!platform) return undefined
  return [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/')
}

function kindOf(fields: Record<string, unknown>, given: string | undefined): string | undefined {
  const named = typeof fields.mediaType === 'string' ? fields.mediaType : given
  if (named) return isManifestType(named) ? named : undefined
  if (Array.isArray(fields.manifests)) return mediaTypes.ociIndex
  return fields.config ? mediaTypes.ociManifest : undefined
}

function descriptors(value: unknown, where: string): Descriptor[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw new UserError(`${where} is not a list.`)
  return value.map((entry, index) => descriptor(entry, `${where}[${index}]`))
}

function descriptor(value: unknown, where: string): Descriptor {
  const { mediaType, digest, size } = (value ?? {}) as Partial<Descriptor>
  // Other algorithms are legal in OCI; ECR refuses them, so the reader hears it before anything is sent.
  if (typeof mediaType !== 'string' || typeof digest !== 'string' || !/^sha256:[0-9a-f]{64}$/.test(digest))
    throw new UserError(`${where} names no content: it needs a mediaType and a sha256 digest.`)
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    throw new UserError(`${where} gives no size for ${digest}.`)
  return value as Descriptor
}
