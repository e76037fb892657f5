import { AwsFailure } from '../world.ts'
import type { Parameter } from './store.ts'

export interface ParameterFilter {
  Key: string
  Option?: string
  Values?: string[]
}

function compare(option: string, actual: string, wanted: string): boolean {
  switch (option) {
    case 'Equals':
      return actual === wanted
    case 'BeginsWith':
      return actual.startsWith(wanted)
    case 'Contains':
      return actual.includes(wanted)
    default:
      throw new AwsFailure(
        'InvalidFilterOption',
        `The filter option ${option} is not valid. Valid options include: [BeginsWith, Equals].`,
      )
  }
}

function passesOne(parameter: Parameter, { Key, Option, Values = [] }: ParameterFilter): boolean {
  const version = parameter.versions.at(-1)!
  const any = (actual: string | undefined) =>
    actual !== undefined && Values.some((wanted) => compare(Option ?? 'Equals', actual, wanted))
  if (Key.startsWith('tag:')) {
    const tag = parameter.tags.get(Key.slice(4))
    return tag !== undefined && (Values.length === 0 || Values.includes(tag))
  }
  switch (Key) {
    case 'Name':
      return any(parameter.name) || any(parameter.name.replace(/^\//, ''))
    case 'Type':
      return any(version.type)
    case 'KeyId':
      return any(version.keyId)
    case 'Tier':
      return any(version.tier)
    case 'DataType':
      return any(version.dataType)
    case 'Path': {
      if (Option && Option !== 'Recursive' && Option !== 'OneLevel') {
        throw new AwsFailure(
          'InvalidFilterOption',
          `The filter option ${Option} is not valid. Valid options include: [Recursive, OneLevel].`,
        )
      }
      return Values.some((path) => {
        const prefix = path.endsWith('/') ? path : `${path}/`
        if (!parameter.name.startsWith(prefix)) return false
        return Option === 'Recursive' || !parameter.name.slice(prefix.length).includes('/')
      })
    }
    default:
      throw new AwsFailure(
        'InvalidFilterKey',
        `The following filter key is not valid: ${Key}. Valid filter keys include: [DataType, KeyId, Label, Name, Path, Tier, Type].`,
      )
  }
}

/**
 * Whether a parameter passes all filters (SSM API: ParameterStringFilter). Throws InvalidFilterKey,
 * InvalidFilterOption.
 */
export const passes = (parameter: Parameter, filters: ParameterFilter[]): boolean =>
  filters.every((filter) => passesOne(parameter, filter))
