/** What the registry itself reads in a manifest. Everything else in it is kept as bytes. */
export interface ManifestContent {
  mediaType?: string
  artifactType?: string
  annotations?: Record<string, string>
  subject?: { digest: string }
  config?: Descriptor
  layers: Descriptor[]
  /** Children of an index. */
  manifests: Descriptor[]
}

export interface Descriptor {
  mediaType: string
  digest: string
  size: number
  urls?: string[]
  platform?: { os: string; architecture: string; variant?: string }
  annotations?: Record<string, string>
}

export const indexTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
]
export const imageTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
]

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isDescriptor = (value: unknown): value is Descriptor => isObject(value) && typeof value.digest === 'string'

function descriptors(value: unknown): Descriptor[] | undefined {
  if (value === undefined || value === null) return []
  return Array.isArray(value) && value.every(isDescriptor) ? value : undefined
}

/** Reads a manifest; undefined when it is no JSON object or its references are no descriptors. */
export function parseManifest(bytes: Buffer): ManifestContent | undefined {
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
  if (!isObject(value)) return undefined
  const layers = descriptors(value.layers)
  const manifests = descriptors(value.manifests)
  if (!layers || !manifests) return undefined
  if (value.config !== undefined && !isDescriptor(value.config)) return undefined
  if (value.subject !== undefined && value.subject !== null && !isDescriptor(value.subject)) return undefined
  return {
    mediaType: typeof value.mediaType === 'string' ? value.mediaType : undefined,
    artifactType: typeof value.artifactType === 'string' ? value.artifactType : undefined,
    annotations: isObject(value.annotations) ? (value.annotations as Record<string, string>) : undefined,
    subject: (value.subject as { digest: string } | null | undefined) ?? undefined,
    config: value.config as Descriptor | undefined,
    layers,
    manifests,
  }
}

/** Layers that a registry need not hold: their bytes come from elsewhere. */
export const isForeign = (layer: Descriptor): boolean => /nondistributable|\.foreign\./.test(layer.mediaType)

/** The blobs that must be in the repository before the manifest. */
export const blobsOf = (content: ManifestContent): Descriptor[] =>
  [...(content.config ? [content.config] : []), ...content.layers].filter((blob) => !isForeign(blob))
