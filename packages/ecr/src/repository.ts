import {
  CreateRepositoryCommand,
  DescribeRepositoriesCommand,
  DescribeRepositoryCreationTemplatesCommand,
  type DescribeRepositoryCreationTemplatesCommandOutput,
  type ECRClient,
  type ImageTagMutabilityExclusionFilter,
  type RepositoryCreationTemplate,
} from '@aws-sdk/client-ecr'
import { UserError } from '@deploy-actions/action-kit'
import { isAwsError } from '@deploy-actions/aws'
import type { EcrRepository } from './reference.ts'

export interface RepositoryDescription {
  registryId: string
  mutability: string
  exclusions: string[]
}

/** The repository's settings, or undefined when it is missing (ECR API: DescribeRepositories). */
export async function describeRepository(
  ecr: ECRClient,
  repository: EcrRepository,
): Promise<RepositoryDescription | undefined> {
  try {
    const { repositories } = await ecr.send(
      new DescribeRepositoriesCommand({ registryId: repository.registryId, repositoryNames: [repository.name] }),
    )
    const found = repositories?.[0]
    return (
      found && {
        registryId: found.registryId ?? repository.registryId ?? '',
        mutability: found.imageTagMutability ?? 'MUTABLE',
        exclusions: (found.imageTagMutabilityExclusionFilters ?? []).map(({ filter }) => filter ?? ''),
      }
    )
  } catch (error) {
    if (isAwsError(error, 'RepositoryNotFoundException')) return undefined
    throw error
  }
}

export interface NewRepository {
  immutableTags: boolean
  /** Tags that stay movable in an immutable repository, with `*` for any run of characters; at most five. */
  movableTags?: string[]
  scanOnPush: boolean
}

/** Creates the repository. False when someone else created it in the meantime (ECR API: CreateRepository). */
export async function createRepository(
  ecr: ECRClient,
  repository: EcrRepository,
  { immutableTags, movableTags = [], scanOnPush }: NewRepository,
): Promise<boolean> {
  const filters: ImageTagMutabilityExclusionFilter[] = movableTags.map((filter) => ({ filterType: 'WILDCARD', filter }))
  try {
    await ecr.send(
      new CreateRepositoryCommand({
        registryId: repository.registryId,
        repositoryName: repository.name,
        imageTagMutability: !immutableTags ? 'MUTABLE' : filters.length > 0 ? 'IMMUTABLE_WITH_EXCLUSION' : 'IMMUTABLE',
        ...(immutableTags && filters.length > 0 && { imageTagMutabilityExclusionFilters: filters }),
        imageScanningConfiguration: { scanOnPush },
      }),
    )
    return true
  } catch (error) {
    if (isAwsError(error, 'RepositoryAlreadyExistsException')) return false
    throw error
  }
}

/** What ECR's own creation of a repository would bring, where a template does it on the first push. */
export interface PushTemplate {
  prefix: string
  immutableTags: boolean
}

/**
 * The template by which ECR itself would create the repository on the first push, with encryption, policies and
 * tags that a CreateRepository call would not have: the one with the longest prefix, or ROOT, where it is meant for
 * that (ECR user guide: repository creation templates). Needs `ecr:DescribeRepositoryCreationTemplates`.
 */
export async function pushTemplate(
  ecr: ECRClient,
  { name, registryId }: EcrRepository,
): Promise<PushTemplate | undefined> {
  // Templates are an account's own affair: another account's can't be read.
  if (registryId) return undefined
  const templates: RepositoryCreationTemplate[] = []
  let nextToken: string | undefined
  do {
    const page: DescribeRepositoryCreationTemplatesCommandOutput = await ecr.send(
      new DescribeRepositoryCreationTemplatesCommand({ nextToken }),
    )
    templates.push(...(page.repositoryCreationTemplates ?? []))
    nextToken = page.nextToken
  } while (nextToken)
  const rank = ({ prefix = '' }: RepositoryCreationTemplate) => (prefix === 'ROOT' ? 0 : prefix.length)
  const [found] = templates
    .filter(({ prefix = '' }) => prefix === 'ROOT' || name.startsWith(`${prefix.replace(/\/$/, '')}/`))
    .sort((a, b) => rank(b) - rank(a))
  if (!found?.appliedFor?.includes('CREATE_ON_PUSH')) return undefined
  return { prefix: found.prefix!, immutableTags: found.imageTagMutability?.startsWith('IMMUTABLE') ?? false }
}

/**
 * Whether a tag that exists may be pointed at another image (ECR API: imageTagMutability and its exclusion
 * filters).
 */
export function tagIsImmutable({ mutability, exclusions }: RepositoryDescription, tag: string): boolean {
  const excluded = exclusions.some((filter) => {
    const pattern = filter.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    return new RegExp(`^${pattern.join('.*')}$`).test(tag)
  })
  return mutability.startsWith('IMMUTABLE') ? !excluded : excluded
}

/**
 * Turns ECR's "repository not found" into the sentence and the command that help; any other error comes back as it
 * was.
 */
export async function missingRepository(error: unknown, ecr: ECRClient, repository: EcrRepository): Promise<unknown> {
  if (!isAwsError(error, 'RepositoryNotFoundException')) return error
  const region = await ecr.config.region()
  const registry = repository.registryId ? ` of account ${repository.registryId}` : ''
  const option = repository.registryId ? ` --registry-id ${repository.registryId}` : ''
  return new MissingRepositoryError(
    `Repository "${repository.name}" does not exist in the registry${registry} in ${region}. Check the inputs "repository", "registry" and "region", or create it: aws ecr create-repository --repository-name ${repository.name}${option} --region ${region}`,
    { cause: error },
  )
}

/** The repository is not there; nothing was sent to it. */
export class MissingRepositoryError extends UserError {}
