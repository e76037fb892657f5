import type { Repository } from '../registry/store.ts'
import { AwsFailure } from '../world.ts'
import type { CreationTemplate, EcrRegistry, RepositorySettings } from './registries.ts'
import { createRepository } from './repositories.ts'

export interface TemplateInput {
  prefix: string
  appliedFor?: string[]
  description?: string
  imageTagMutability?: CreationTemplate['mutability']
  imageTagMutabilityExclusionFilters?: CreationTemplate['exclusions']
  encryptionConfiguration?: RepositorySettings['encryption']
  repositoryPolicy?: string
  lifecyclePolicy?: string
  resourceTags?: { Key: string; Value: string }[]
  customRoleArn?: string
}

export const describeTemplate = (template: CreationTemplate): unknown => ({
  prefix: template.prefix,
  description: template.description,
  encryptionConfiguration: template.encryption,
  resourceTags: template.resourceTags,
  imageTagMutability: template.mutability,
  imageTagMutabilityExclusionFilters: template.exclusions.length ? template.exclusions : undefined,
  repositoryPolicy: template.repositoryPolicy,
  lifecyclePolicy: template.lifecyclePolicy,
  appliedFor: template.appliedFor,
  customRoleArn: template.customRoleArn,
  createdAt: template.createdAt,
  updatedAt: template.updatedAt,
})

const missing = (registry: EcrRegistry, prefix: string) =>
  new AwsFailure(
    'TemplateNotFoundException',
    `The Repository Creation Template with prefix '${prefix}' does not exist in the registry with id '${registry.accountId}'`,
  )

export function createTemplate(registry: EcrRegistry, input: TemplateInput): CreationTemplate {
  if (registry.templates.has(input.prefix)) {
    throw new AwsFailure(
      'TemplateAlreadyExistsException',
      `The Repository Creation Template with prefix '${input.prefix}' already exists`,
    )
  }
  return write(registry, input, registry.core.now())
}

export function updateTemplate(registry: EcrRegistry, input: TemplateInput): CreationTemplate {
  const before = registry.templates.get(input.prefix)
  if (!before) throw missing(registry, input.prefix)
  const { mutability, exclusions, encryption, ...rest } = before
  return write(
    registry,
    {
      ...rest,
      imageTagMutability: mutability,
      imageTagMutabilityExclusionFilters: exclusions,
      encryptionConfiguration: encryption,
      ...input,
    },
    before.createdAt,
  )
}

export function deleteTemplate(registry: EcrRegistry, prefix: string): CreationTemplate {
  const template = registry.templates.get(prefix)
  if (!template) throw missing(registry, prefix)
  registry.templates.delete(prefix)
  return template
}

function write(registry: EcrRegistry, input: TemplateInput, createdAt: Date): CreationTemplate {
  const template: CreationTemplate = {
    prefix: input.prefix,
    appliedFor: input.appliedFor ?? [],
    createdAt,
    updatedAt: registry.core.now(),
    description: input.description,
    mutability: input.imageTagMutability ?? 'MUTABLE',
    exclusions: input.imageTagMutabilityExclusionFilters ?? [],
    encryption: input.encryptionConfiguration ?? { encryptionType: 'AES256' },
    repositoryPolicy: input.repositoryPolicy,
    lifecyclePolicy: input.lifecyclePolicy,
    resourceTags: input.resourceTags,
    customRoleArn: input.customRoleArn,
  }
  registry.templates.set(input.prefix, template)
  return template
}

/**
 * Create on push (ECR, 2025-12): only where the longest matching template, or ROOT, is applied for CREATE_ON_PUSH.
 */
export function createFromTemplate(registry: EcrRegistry, name: string): Repository | undefined {
  const matching = [...registry.templates.values()]
    .filter(({ prefix }) => prefix === 'ROOT' || name.startsWith(`${prefix}/`))
    .sort((a, b) => (a.prefix === 'ROOT' ? 1 : b.prefix === 'ROOT' ? -1 : b.prefix.length - a.prefix.length))
  const template = matching[0]
  if (!template?.appliedFor.includes('CREATE_ON_PUSH')) return undefined
  const repository = createRepository(registry, {
    repositoryName: name,
    imageTagMutability: template.mutability,
    imageTagMutabilityExclusionFilters: template.exclusions,
    encryptionConfiguration: template.encryption,
    tags: template.resourceTags,
  })
  Object.assign(registry.settingsOf(repository), {
    policy: template.repositoryPolicy,
    lifecyclePolicy: template.lifecyclePolicy,
  })
  return repository
}
