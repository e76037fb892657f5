export { type ECRClient, ecrClient } from './client.ts'
export { copyReferrers, type Place } from './copy-referrers.ts'
export {
  describeImage,
  describeImageRef,
  type EcrImage,
  type EcrManifest,
  type ImageDescription,
  imageByDigest,
  imageByTag,
  lookUpImages,
  manifestsOf,
} from './images.ts'
export { readImageLabels } from './labels.ts'
export {
  type Descriptor,
  isAttestation,
  type Manifest,
  parseManifest,
  platformText,
} from './manifest.ts'
export { isIndexType } from './media-types.ts'
export { type PushPlan, planPush } from './plan.ts'
export { imagePlatforms } from './platforms.ts'
export { formatBytes } from './progress.ts'
export { type PushResult, pushImage } from './push.ts'
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
export { plainAccess, type RegistryAccess, registryAccess } from './registry/access.ts'
export { RegistryError } from './registry/errors.ts'
export { manifestDigest, putManifest, readManifest } from './registry/manifests.ts'
export { openRegistry, type Registry, type RegistryOptions } from './registry/registry.ts'
export {
  createRepository,
  describeRepository,
  MissingRepositoryError,
  missingRepository,
  pushTemplate,
  tagIsImmutable,
} from './repository.ts'
export { findingsOf, type ScanReport, startScan } from './scans.ts'
export { openArchive, openImageFile } from './sources/archive.ts'
export { openDaemonImage } from './sources/docker-daemon.ts'
export { openOciLayout } from './sources/oci-layout.ts'
export { onlyPlatform } from './sources/platform.ts'
export { openRegistryImage } from './sources/registry.ts'
export type { ImageSource } from './sources/source.ts'
export { checkTagRoom, tagAdvice, tagsThatFit } from './tag-room.ts'
export {
  refuseImmutable,
  setTags,
  type TagChange,
  tagImage,
  unusableImage,
  verifyTags,
} from './tags.ts'
export { unusableText } from './usable.ts'
