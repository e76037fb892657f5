import { pageOf } from '../paging.ts'
import type { Repository } from '../registry/store.ts'
import { AwsFailure } from '../world.ts'
import {
  type EcrRegistry,
  invalidParameter,
  type Mutability,
  type RepositorySettings,
  registryHost,
  repositoryArn,
  repositoryOf,
} from './registries.ts'

export interface Tag {
  Key: string
  Value?: string
}

export interface CreateRepositoryInput {
  repositoryName: string
  tags?: Tag[]
  imageTagMutability?: Mutability
  imageTagMutabilityExclusionFilters?: RepositorySettings['exclusions']
  imageScanningConfiguration?: { scanOnPush?: boolean }
  encryptionConfiguration?: RepositorySettings['encryption']
}

export function describeRepository(registry: EcrRegistry, repository: Repository): unknown {
  const settings = registry.settingsOf(repository)
  return {
    repositoryArn: repositoryArn(registry, repository.name),
    registryId: registry.accountId,
    repositoryName: repository.name,
    repositoryUri: `${registryHost(registry)}/${repository.name}`,
    createdAt: repository.createdAt,
    imageTagMutability: settings.mutability,
    imageTagMutabilityExclusionFilters: settings.exclusions.length ? settings.exclusions : undefined,
    imageScanningConfiguration: { scanOnPush: settings.scanOnPush },
    encryptionConfiguration: settings.encryption,
  }
}

/**
 * Filters belong to the two `…_WITH_EXCLUSION` modes and only to them; at most five (ECR API:
 * PutImageTagMutability).
 */
function checkExclusions(mutability: Mutability, filters: RepositorySettings['exclusions'] | undefined): void {
  const wanted = mutability.endsWith('_WITH_EXCLUSION')
  if (wanted !== Boolean(filters?.length)) {
    throw invalidParameter(
      'imageTagMutabilityExclusionFilters',
      wanted
        ? `must be given with ${mutability}`
        : `can only be given with IMMUTABLE_WITH_EXCLUSION or MUTABLE_WITH_EXCLUSION`,
    )
  }
  const wild = filters?.find(({ filter }) => (filter.match(/\*/g) ?? []).length > 2)
  if (wild) throw invalidParameter('imageTagMutabilityExclusionFilters', 'a filter can hold at most two wildcards')
}

export function createRepository(registry: EcrRegistry, input: CreateRepositoryInput): Repository {
  if (registry.core.repositories.has(input.repositoryName)) {
    throw new AwsFailure(
      'RepositoryAlreadyExistsException',
      `The repository with name '${input.repositoryName}' already exists in the registry with id '${registry.accountId}'`,
    )
  }
  const mutability = input.imageTagMutability ?? 'MUTABLE'
  checkExclusions(mutability, input.imageTagMutabilityExclusionFilters)
  const repository = registry.core.create(input.repositoryName)
  Object.assign(registry.settingsOf(repository), {
    mutability,
    exclusions: input.imageTagMutabilityExclusionFilters ?? [],
    scanOnPush: input.imageScanningConfiguration?.scanOnPush ?? false,
    encryption: input.encryptionConfiguration ?? { encryptionType: 'AES256' },
    tags: new Map((input.tags ?? []).map(({ Key, Value }) => [Key, Value ?? ''])),
  })
  return repository
}

export function deleteRepository(registry: EcrRegistry, input: { repositoryName: string; force?: boolean }): unknown {
  const repository = repositoryOf(registry, input.repositoryName)
  if (repository.manifests.size > 0 && !input.force) {
    throw new AwsFailure(
      'RepositoryNotEmptyException',
      `The repository with name '${repository.name}' in registry with id '${registry.accountId}' cannot be deleted because it still contains images`,
    )
  }
  const shown = describeRepository(registry, repository)
  registry.core.repositories.delete(repository.name)
  return { repository: shown }
}

interface DescribeInput {
  repositoryNames?: string[]
  nextToken?: string
  maxResults?: number
}

export function describeRepositories(registry: EcrRegistry, input: DescribeInput): unknown {
  if (input.repositoryNames?.length) {
    const named = input.repositoryNames.map((name) => repositoryOf(registry, name))
    return { repositories: named.map((repository) => describeRepository(registry, repository)) }
  }
  const all = [...registry.core.repositories.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  const { items, nextToken } = pageOf(all, input.nextToken, input.maxResults ?? 100, 'InvalidParameterException')
  return { repositories: items.map((repository) => describeRepository(registry, repository)), nextToken }
}

interface MutabilityInput {
  repositoryName: string
  imageTagMutability: Mutability
  imageTagMutabilityExclusionFilters?: RepositorySettings['exclusions']
}

export function putMutability(registry: EcrRegistry, input: MutabilityInput): unknown {
  const repository = repositoryOf(registry, input.repositoryName)
  checkExclusions(input.imageTagMutability, input.imageTagMutabilityExclusionFilters)
  const exclusions = input.imageTagMutabilityExclusionFilters ?? []
  Object.assign(registry.settingsOf(repository), { mutability: input.imageTagMutability, exclusions })
  return {
    registryId: registry.accountId,
    repositoryName: repository.name,
    imageTagMutability: input.imageTagMutability,
    imageTagMutabilityExclusionFilters: exclusions.length ? exclusions : undefined,
  }
}

/** The repository of an ARN; throws as TagResource does. */
export function repositoryByArn(registry: EcrRegistry, arn: string): Repository {
  const match = /^arn:aws:ecr:[^:]+:\d+:repository\/(.+)$/.exec(arn)
  if (!match) throw invalidParameter('resourceArn', 'Invalid ARN')
  return repositoryOf(registry, match[1]!)
}
