import { AwsFailure, type Caller } from '../world.ts'
import { checkNewName } from './names.ts'
import type { Parameter, ParameterStore, ParameterVersion } from './store.ts'

export interface PutParameterInput {
  Name: string
  Description?: string
  Value: string
  Type?: ParameterVersion['type']
  KeyId?: string
  Overwrite?: boolean
  AllowedPattern?: string
  Tags?: { Key: string; Value: string }[]
  Tier?: 'Standard' | 'Advanced' | 'Intelligent-Tiering'
  DataType?: string
}

const invalid = (message: string) => new AwsFailure('ValidationException', message)

const maximumVersions = 100

function tierOf(input: PutParameterInput, previous: ParameterVersion | undefined): 'Standard' | 'Advanced' {
  const bytes = Buffer.byteLength(input.Value)
  if (input.Tier === 'Standard' && previous?.tier === 'Advanced') {
    throw invalid(
      "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier. " +
        'If necessary, you can delete the advanced parameter and recreate it as a standard parameter.',
    )
  }
  const tier =
    input.Tier === 'Intelligent-Tiering'
      ? bytes > 4096
        ? 'Advanced'
        : 'Standard'
      : (input.Tier ?? previous?.tier ?? 'Standard')
  const effective = previous?.tier === 'Advanced' ? 'Advanced' : tier
  if (effective === 'Standard' && bytes > 4096) {
    throw invalid(
      'Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, upgrade the parameter to use ' +
        'the advanced-parameter tier. For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html',
    )
  }
  if (bytes > 8192) throw invalid('Advanced tier parameters support a maximum parameter value of 8192 characters.')
  return effective
}

function checkOverwrite(input: PutParameterInput, previous: ParameterVersion): void {
  if (!input.Overwrite) {
    throw new AwsFailure(
      'ParameterAlreadyExists',
      'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
    )
  }
  if (input.Type && input.Type !== previous.type) {
    throw new AwsFailure(
      'HierarchyTypeMismatchException',
      `The parameter type ${previous.type} cannot be changed to ${input.Type}. Create a new, unique parameter instead.`,
    )
  }
}

/** SSM API: PutParameter. Creates version 1, or with Overwrite the next one; at most 100 versions are kept. */
export function putParameter(store: ParameterStore, now: Date, input: PutParameterInput, caller: Caller): unknown {
  const name = store.nameOf(input.Name)
  checkNewName(name, store.arnOf(name))
  if (input.Overwrite && input.Tags?.length) {
    throw invalid(
      "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. " +
        'To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.',
    )
  }
  const existing = store.parameters.get(name)
  const previous = existing?.versions.at(-1)
  if (previous) checkOverwrite(input, previous)
  const type = input.Type ?? previous?.type
  if (!type) throw invalid('A parameter type is required when you create a parameter.')
  if (input.Value === '') {
    throw invalid(
      "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1",
    )
  }
  const tier = tierOf(input, previous)
  const allowedPattern = input.AllowedPattern ?? previous?.allowedPattern
  if (allowedPattern && !new RegExp(allowedPattern).test(input.Value)) {
    throw new AwsFailure(
      'ParameterPatternMismatchException',
      `Parameter value, cannot be validated against allowedPattern: ${allowedPattern}`,
    )
  }
  const parameter: Parameter = existing ?? {
    name,
    arn: store.arnOf(name),
    versions: [],
    lastVersion: 0,
    tags: new Map(),
  }
  if (parameter.versions.length >= maximumVersions) {
    if (parameter.versions[0]?.labels.length) {
      throw new AwsFailure(
        'ParameterMaxVersionLimitExceeded',
        `You attempted to create a new version of ${name} by calling the PutParameter API with the overwrite flag. Version ${parameter.versions[0].version}, the oldest version, can't be deleted because it has a label associated with it. Move the label to another version of the parameter, and try again.`,
      )
    }
    parameter.versions.shift()
  }
  parameter.lastVersion++
  parameter.versions.push({
    version: parameter.lastVersion,
    value: input.Value,
    type,
    tier,
    dataType: input.DataType ?? previous?.dataType ?? 'text',
    description: input.Description ?? previous?.description,
    allowedPattern,
    keyId: type === 'SecureString' ? (input.KeyId ?? previous?.keyId ?? 'alias/aws/ssm') : undefined,
    labels: [],
    modifiedAt: now,
    modifiedBy: caller.arn,
  })
  for (const tag of input.Tags ?? []) parameter.tags.set(tag.Key, tag.Value)
  store.parameters.set(name, parameter)
  return { Version: parameter.lastVersion, Tier: tier }
}
