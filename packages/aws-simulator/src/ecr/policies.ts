import type { Repository } from '../registry/store.ts'
import { AwsFailure, type Caller } from '../world.ts'
import type { Named } from './index.ts'
import { type EcrRegistry, invalidParameter } from './registries.ts'
import { repositoryByArn, type Tag } from './repositories.ts'
import * as templates from './templates.ts'

type OnRepository = <I extends Named>(
  operation: string,
  action: (registry: EcrRegistry, repository: Repository, input: I) => unknown,
) => (input: I, caller: Caller) => unknown

function checkPolicyText(text: string, member: string, list: 'Statement' | 'rules'): void {
  try {
    const value = JSON.parse(text) as Record<string, unknown>
    if (Array.isArray(value[list])) return
  } catch {}
  throw invalidParameter(
    member,
    list === 'rules' ? 'Lifecycle policy validation failure' : 'Invalid repository policy provided',
  )
}

const place = (registry: EcrRegistry, repository: Repository) => ({
  registryId: registry.accountId,
  repositoryName: repository.name,
})

const missing = (kind: 'RepositoryPolicy' | 'LifecyclePolicy', registry: EcrRegistry, repository: Repository) =>
  new AwsFailure(
    `${kind}NotFoundException`,
    `${kind === 'RepositoryPolicy' ? 'Repository' : 'Lifecycle'} policy does not exist for the repository with name '${repository.name}' in the registry with id '${registry.accountId}'`,
  )

/**
 * ECR's policies, account settings, creation templates and resource tags. They are kept and given back; lifecycle
 * rules are not run.
 */
export function policyOperations(home: EcrRegistry, onRepository: OnRepository) {
  return {
    SetRepositoryPolicy: onRepository(
      'SetRepositoryPolicy',
      (registry, repository, input: Named & { policyText: string }) => {
        checkPolicyText(input.policyText, 'PolicyText', 'Statement')
        registry.settingsOf(repository).policy = input.policyText
        return { ...place(registry, repository), policyText: input.policyText }
      },
    ),
    GetRepositoryPolicy: onRepository('GetRepositoryPolicy', (registry, repository) => {
      const policyText = registry.settingsOf(repository).policy
      if (policyText === undefined) throw missing('RepositoryPolicy', registry, repository)
      return { ...place(registry, repository), policyText }
    }),
    DeleteRepositoryPolicy: onRepository('DeleteRepositoryPolicy', (registry, repository) => {
      const settings = registry.settingsOf(repository)
      const policyText = settings.policy
      if (policyText === undefined) throw missing('RepositoryPolicy', registry, repository)
      settings.policy = undefined
      return { ...place(registry, repository), policyText }
    }),
    PutLifecyclePolicy: onRepository(
      'PutLifecyclePolicy',
      (registry, repository, input: Named & { lifecyclePolicyText: string }) => {
        checkPolicyText(input.lifecyclePolicyText, 'LifecyclePolicyText', 'rules')
        registry.settingsOf(repository).lifecyclePolicy = input.lifecyclePolicyText
        return { ...place(registry, repository), lifecyclePolicyText: input.lifecyclePolicyText }
      },
    ),
    GetLifecyclePolicy: onRepository('GetLifecyclePolicy', (registry, repository) => {
      const lifecyclePolicyText = registry.settingsOf(repository).lifecyclePolicy
      if (lifecyclePolicyText === undefined) throw missing('LifecyclePolicy', registry, repository)
      return { ...place(registry, repository), lifecyclePolicyText }
    }),
    DeleteLifecyclePolicy: onRepository('DeleteLifecyclePolicy', (registry, repository) => {
      const settings = registry.settingsOf(repository)
      const lifecyclePolicyText = settings.lifecyclePolicy
      if (lifecyclePolicyText === undefined) throw missing('LifecyclePolicy', registry, repository)
      settings.lifecyclePolicy = undefined
      return { ...place(registry, repository), lifecyclePolicyText }
    }),
    PutAccountSetting({ name, value }: { name: string; value: string }) {
      const valid: Record<string, string[]> = {
        BASIC_SCAN_TYPE_VERSION: ['AWS_NATIVE'],
        REGISTRY_POLICY_SCOPE: ['V2'],
        BLOB_MOUNTING: ['ENABLED', 'DISABLED'],
      }
      if (!valid[name]?.includes(value))
        throw new AwsFailure('ValidationException', `Invalid account setting: ${name}=${value}`)
      home.accountSettings.set(name, value)
      return { name, value }
    },
    GetAccountSetting({ name }: { name: string }) {
      const value = home.accountSettings.get(name)
      if (value === undefined) throw new AwsFailure('ValidationException', `Invalid account setting name: ${name}`)
      return { name, value }
    },
    CreateRepositoryCreationTemplate: (input: templates.TemplateInput) =>
      templateAnswer(home, templates.createTemplate(home, input)),
    UpdateRepositoryCreationTemplate: (input: templates.TemplateInput) =>
      templateAnswer(home, templates.updateTemplate(home, input)),
    DeleteRepositoryCreationTemplate: ({ prefix }: { prefix: string }) =>
      templateAnswer(home, templates.deleteTemplate(home, prefix)),
    DescribeRepositoryCreationTemplates: ({ prefixes }: { prefixes?: string[] }) => ({
      registryId: home.accountId,
      repositoryCreationTemplates: [...home.templates.values()]
        .filter(({ prefix }) => !prefixes?.length || prefixes.includes(prefix))
        .map(templates.describeTemplate),
    }),
    TagResource({ resourceArn, tags }: { resourceArn: string; tags: Tag[] }) {
      const { tags: held } = home.settingsOf(repositoryByArn(home, resourceArn))
      for (const { Key, Value } of tags) held.set(Key, Value ?? '')
      return {}
    },
    UntagResource({ resourceArn, tagKeys }: { resourceArn: string; tagKeys: string[] }) {
      const { tags } = home.settingsOf(repositoryByArn(home, resourceArn))
      for (const key of tagKeys) tags.delete(key)
      return {}
    },
    ListTagsForResource({ resourceArn }: { resourceArn: string }) {
      const { tags } = home.settingsOf(repositoryByArn(home, resourceArn))
      return { tags: [...tags].map(([Key, Value]) => ({ Key, Value })) }
    },
  }
}

const templateAnswer = (home: EcrRegistry, template: Parameters<typeof templates.describeTemplate>[0]) => ({
  registryId: home.accountId,
  repositoryCreationTemplate: templates.describeTemplate(template),
})
