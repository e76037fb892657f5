import { AwsFailure, type ServiceHandlers, type World } from '../world.ts'
import { type PutParameterInput, putParameter } from './put.ts'
import * as read from './read.ts'
import type { Parameter, ParameterStore } from './store.ts'

interface TagInput {
  ResourceType: string
  ResourceId: string
}

function taggable(store: ParameterStore, { ResourceType, ResourceId }: TagInput): Parameter {
  const parameter = ResourceType === 'Parameter' ? store.parameters.get(store.nameOf(ResourceId)) : undefined
  if (!parameter) {
    throw new AwsFailure(
      'InvalidResourceId',
      'The resource ID is not valid. Verify that you entered the correct ID and try again.',
    )
  }
  return parameter
}

function labelVersion(
  store: ParameterStore,
  input: { Name: string; ParameterVersion?: number; Labels: string[] },
): unknown {
  const parameter = store.parameters.get(store.nameOf(input.Name))
  if (!parameter) throw new AwsFailure('ParameterNotFound', '')
  const wanted = input.ParameterVersion ?? parameter.lastVersion
  const version = parameter.versions.find((one) => one.version === wanted)
  if (!version) {
    throw new AwsFailure(
      'ParameterVersionNotFound',
      `Systems Manager could not find version ${wanted} of ${parameter.name}. Verify the version and try again.`,
    )
  }
  const invalid = input.Labels.filter((label) => !/^[A-Za-z_.-][\w.-]*$/.test(label) || /^(aws|ssm)/i.test(label))
  const valid = input.Labels.filter((label) => !invalid.includes(label))
  if (new Set([...version.labels, ...valid]).size > 10) {
    throw new AwsFailure('ParameterVersionLabelLimitExceeded', 'A parameter version can have maximum 10 labels.')
  }
  for (const one of parameter.versions) one.labels = one.labels.filter((label) => !valid.includes(label))
  version.labels.push(...valid)
  return { InvalidLabels: invalid, ParameterVersion: version.version }
}

/** SSM Parameter Store. */
export function ssmHandlers(world: World, store: ParameterStore): ServiceHandlers {
  const remove = (given: string) => store.parameters.delete(store.nameOf(given))
  return {
    signingName: 'ssm',
    operations: {
      PutParameter: (input: PutParameterInput, caller) => putParameter(store, world.clock.now(), input, caller),
      GetParameter: (input: { Name: string }) => read.getParameter(store, input),
      GetParameters: (input: { Names: string[] }) => read.getParameters(store, input),
      GetParametersByPath: (input: read.ByPathInput) => read.getParametersByPath(store, input),
      GetParameterHistory: (input: { Name: string }) => read.getParameterHistory(store, input),
      DescribeParameters: (input: object) => read.describeParameters(store, input),
      DeleteParameter(input: { Name: string }) {
        if (!remove(input.Name)) throw new AwsFailure('ParameterNotFound', '')
        return {}
      },
      DeleteParameters(input: { Names: string[] }) {
        const deleted = input.Names.filter(remove)
        return { DeletedParameters: deleted, InvalidParameters: input.Names.filter((name) => !deleted.includes(name)) }
      },
      LabelParameterVersion: (input: { Name: string; ParameterVersion?: number; Labels: string[] }) =>
        labelVersion(store, input),
      UnlabelParameterVersion(input: { Name: string; ParameterVersion: number; Labels: string[] }) {
        const { version } = read.select(store, `${input.Name}:${input.ParameterVersion}`)
        const removed = input.Labels.filter((label) => version.labels.includes(label))
        version.labels = version.labels.filter((label) => !removed.includes(label))
        return { RemovedLabels: removed, InvalidLabels: input.Labels.filter((label) => !removed.includes(label)) }
      },
      AddTagsToResource(input: TagInput & { Tags: { Key: string; Value: string }[] }) {
        const parameter = taggable(store, input)
        for (const { Key, Value } of input.Tags) parameter.tags.set(Key, Value)
        return {}
      },
      RemoveTagsFromResource(input: TagInput & { TagKeys: string[] }) {
        const parameter = taggable(store, input)
        for (const key of input.TagKeys) parameter.tags.delete(key)
        return {}
      },
      ListTagsForResource(input: TagInput) {
        const { tags } = taggable(store, input)
        return { TagList: [...tags].map(([Key, Value]) => ({ Key, Value })) }
      },
    },
    seed(seed) {
      const caller = {
        accountId: world.accountId,
        region: world.region,
        arn: `arn:aws:iam::${world.accountId}:root`,
        requestId: 'seed',
      }
      for (const { name, type, value } of seed.parameters ?? []) {
        putParameter(
          store,
          world.clock.now(),
          { Name: name, Type: type, Value: value, Overwrite: store.parameters.has(name) },
          caller,
        )
      }
    },
    state: () =>
      [...store.parameters.values()].map(({ name, versions, lastVersion }) => ({
        name,
        version: lastVersion,
        type: versions.at(-1)?.type,
        value: versions.at(-1)?.value,
      })),
  }
}
