import { type BlobFiles, blobFiles } from '../registry/blob-files.ts'
import { createRegistry, type Registry, type Repository, type StoredManifest } from '../registry/store.ts'
import type { RegistryOptions } from '../scenario.ts'
import { AwsFailure } from '../world.ts'

export type Mutability = 'MUTABLE' | 'IMMUTABLE' | 'MUTABLE_WITH_EXCLUSION' | 'IMMUTABLE_WITH_EXCLUSION'

/** What ECR keeps of a repository beside its content. */
export interface RepositorySettings {
  mutability: Mutability
  exclusions: { filterType: 'WILDCARD'; filter: string }[]
  scanOnPush: boolean
  encryption: { encryptionType: string; kmsKey?: string }
  tags: Map<string, string>
  policy?: string
  lifecyclePolicy?: string
}

export type ScanStatus =
  | 'IN_PROGRESS'
  | 'COMPLETE'
  | 'FAILED'
  | 'UNSUPPORTED_IMAGE'
  | 'ACTIVE'
  | 'PENDING'
  | 'SCAN_ELIGIBILITY_EXPIRED'
  | 'FINDINGS_UNAVAILABLE'
  | 'LIMIT_EXCEEDED'
  | 'IMAGE_ARCHIVED'

export interface Finding {
  name: string
  severity: 'INFORMATIONAL' | 'LOW' | 'MEDIUM' | 'HIGH' | 'CRITICAL' | 'UNDEFINED'
  description?: string
  uri?: string
  package?: string
  version?: string
}

/** What ECR keeps of an image beside its manifest. */
export interface ImageState {
  status: 'ACTIVE' | 'ARCHIVED' | 'ACTIVATING'
  archivedAt?: Date
  activatedAt?: Date
  pulledAt?: Date
  scan?: { startedAt: Date; status?: ScanStatus; description?: string; findings?: Finding[]; enhanced?: boolean }
}

export interface CreationTemplate {
  prefix: string
  appliedFor: string[]
  createdAt: Date
  updatedAt: Date
  description?: string
  mutability: Mutability
  exclusions: RepositorySettings['exclusions']
  encryption: RepositorySettings['encryption']
  repositoryPolicy?: string
  lifecyclePolicy?: string
  resourceTags?: { Key: string; Value: string }[]
  customRoleArn?: string
}

/** One account's registry in one region. */
export interface EcrRegistry {
  accountId: string
  region: string
  core: Registry
  accountSettings: Map<string, string>
  templates: Map<string, CreationTemplate>
  policy?: string
  settingsOf(repository: Repository): RepositorySettings
  imageOf(manifest: StoredManifest): ImageState
}

export interface EcrRegistries {
  options: RegistryOptions
  files: BlobFiles
  of(accountId: string, region: string): EcrRegistry
  all(): EcrRegistry[]
  /** Tokens carry this; raising it makes every earlier token expired. */
  tokenGeneration: number
  close(): Promise<void>
}

export function ecrRegistries(options: RegistryOptions, now: () => Date): EcrRegistries {
  const files = blobFiles()
  const registries = new Map<string, EcrRegistry>()
  return {
    options,
    files,
    tokenGeneration: 1,
    all: () => [...registries.values()],
    of(accountId, region) {
      const key = `${accountId}/${region}`
      const existing = registries.get(key)
      if (existing) return existing
      const settings = new WeakMap<Repository, RepositorySettings>()
      const images = new WeakMap<StoredManifest, ImageState>()
      const registry: EcrRegistry = {
        accountId,
        region,
        core: createRegistry(files, now),
        accountSettings: new Map([
          ['BASIC_SCAN_TYPE_VERSION', 'AWS_NATIVE'],
          ['REGISTRY_POLICY_SCOPE', 'V2'],
          ['BLOB_MOUNTING', 'DISABLED'],
        ]),
        templates: new Map(),
        settingsOf(repository) {
          const found = settings.get(repository) ?? defaultSettings()
          settings.set(repository, found)
          return found
        },
        imageOf(manifest) {
          const found = images.get(manifest) ?? { status: 'ACTIVE' }
          images.set(manifest, found)
          return found
        },
      }
      registries.set(key, registry)
      return registry
    },
    close: files.close,
  }
}

const defaultSettings = (): RepositorySettings => ({
  mutability: 'MUTABLE',
  exclusions: [],
  scanOnPush: false,
  encryption: { encryptionType: 'AES256' },
  tags: new Map(),
})

export const repositoryArn = (registry: EcrRegistry, name: string): string =>
  `arn:aws:ecr:${registry.region}:${registry.accountId}:repository/${name}`

export const registryHost = (registry: EcrRegistry): string =>
  `${registry.accountId}.dkr.ecr.${registry.region}.amazonaws.com`

/** Throws RepositoryNotFoundException in ECR's words. */
export function repositoryOf(registry: EcrRegistry, name: string): Repository {
  const repository = registry.core.repositories.get(name)
  if (repository) return repository
  throw new AwsFailure(
    'RepositoryNotFoundException',
    `The repository with name '${name}' does not exist in the registry with id '${registry.accountId}'`,
  )
}

/** ECR's parameter refusals. */
export const invalidParameter = (member: string, constraint: string): AwsFailure =>
  new AwsFailure(
    'InvalidParameterException',
    `Invalid parameter at '${member}' failed to satisfy constraint: '${constraint}'`,
  )
