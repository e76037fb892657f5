export { type ECRClient, ecrClient } from './client.ts'
export {
  describeImage,
  describeImageRef,
  type EcrImage,
  type EcrManifest,
  type ImageDescription,
  type ImageId,
  imageByDigest,
  imageByTag,
  type LookUp,
  lookUpImages,
  manifestsOf,
} from './images.ts'
export { readImageLabels } from './labels.ts'
export {
  type Descriptor,
  isAttestation,
  type Manifest,
  type Platform,
  parseManifest,
  platformText,
} from './manifest.ts'
export { isForeignLayer, isIndexType, isManifestType, manifestMediaTypes, mediaTypes } from './media-types.ts'
export { type PlannedBlob, type PushPlan, planPush } from './plan.ts'
export { imagePlatforms } from './platforms.ts'
export { formatBytes } from './progress.ts'
export { type PushedBlob, type PushOptions, type PushResult, pushImage } from './push.ts'
export {
  digestOf,
  type EcrImageRef,
  type EcrRepository,
  ecrImage,
  ecrRegistryOf,
  type ForeignImageRef,
  type ImageRef,
  imageName,
  imageText,
  isDigest,
  isRegistryId,
  isRepositoryName,
  isTag,
  parseImageRef,
  pinned,
  registryHost,
  repositoryOf,
  shortDigest,
} from './reference.ts'
export { plainAccess, type RegistryAccess, type RegistryAccessOptions, registryAccess } from './registry/access.ts'
export { RegistryError } from './registry/errors.ts'
export { manifestDigest, putManifest, readManifest } from './registry/manifests.ts'
export { openRegistry, type Registry, type RegistryOptions } from './registry/registry.ts'
export { ContentError } from './registry/verified.ts'
export {
  createRepository,
  describeRepository,
  isCreatedOnPush,
  MissingRepositoryError,
  missingRepository,
  type NewRepository,
  type RepositoryDescription,
  tagIsImmutable,
} from './repository.ts'
export { findingsOf, type ScanFinding, type ScanReport, startScan } from './scans.ts'
export { type ArchiveOptions, openArchive, openImageFile } from './sources/archive.ts'
export { type DaemonOptions, openDaemonImage } from './sources/docker-daemon.ts'
export { openOciLayout } from './sources/oci-layout.ts'
export { onlyPlatform } from './sources/platform.ts'
export { openRegistryImage } from './sources/registry.ts'
export type { ImageSource } from './sources/source.ts'
export {
  immutableTag,
  refuseImmutable,
  setTags,
  type TagChange,
  type TaggableImage,
  tagImage,
  unusableImage,
  verifyTags,
} from './tags.ts'
export { unusableText } from './usable.ts'
