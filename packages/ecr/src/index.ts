export { ecrClient } from './client.ts'
export {
  describeImage,
  type EcrImage,
  type EcrManifest,
  type ImageDescription,
  type ImageId,
  imageByDigest,
  imageByTag,
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
export {
  digestOf,
  type EcrRepository,
  type ImageReference,
  imageUri,
  isDigest,
  isRegistryId,
  isRepositoryName,
  isTag,
  parseImageReference,
  registryHost,
  shortDigest,
} from './reference.ts'
export { plainAccess, type RegistryAccess, type RegistryAccessOptions, registryAccess } from './registry/access.ts'
export {
  createRepository,
  describeRepository,
  MissingRepositoryError,
  missingRepository,
  type NewRepository,
  type RepositoryDescription,
  tagIsImmutable,
} from './repository.ts'
export { immutableTag, type TaggableImage, tagImage } from './tags.ts'
