export const mediaTypes = {
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const

/**
 * Every kind of manifest that we read. Without all four in a request, a multi-architecture tag may come back as
 * something else.
 */
export const manifestMediaTypes: string[] = [
  mediaTypes.dockerManifest,
  mediaTypes.ociManifest,
  mediaTypes.dockerManifestList,
  mediaTypes.ociIndex,
]

export function isIndexType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerManifestList
}

export function isManifestType(mediaType: string): boolean {
  return manifestMediaTypes.includes(mediaType)
}

/**
 * Layers that their licence keeps out of registries (OCI image specification: non-distributable layers; Docker:
 * foreign layers).
 */
export function isForeignLayer(mediaType: string): boolean {
  return mediaType.includes('nondistributable') || mediaType.includes('.foreign.')
}
