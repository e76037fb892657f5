import { createHash } from 'node:crypto'
import { pageOf } from '../paging.ts'
import { AwsFailure } from '../world.ts'
import { type ParameterFilter, passes } from './filters.ts'
import { checkPath, splitSelector } from './names.ts'
import type { Parameter, ParameterStore, ParameterVersion } from './store.ts'

/**
 * What a caller without `WithDecryption` gets of a SecureString: text that is not the value, the same for the same
 * version.
 */
function ciphertext(parameter: Parameter, version: ParameterVersion): string {
  const hash = createHash('sha512').update(`${parameter.arn}:${version.version}:${version.value}`).digest('base64')
  return `AQICAHi${hash.replace(/=+$/, '')}`
}

export const valueShown = (parameter: Parameter, version: ParameterVersion, decrypt: boolean | undefined): string =>
  version.type === 'SecureString' && !decrypt ? ciphertext(parameter, version) : version.value

function shown(
  parameter: Parameter,
  version: ParameterVersion,
  decrypt: boolean | undefined,
  selector?: string,
): unknown {
  return {
    Name: parameter.name,
    Type: version.type,
    Value: valueShown(parameter, version, decrypt),
    Version: version.version,
    Selector: selector === undefined ? undefined : `:${selector}`,
    LastModifiedDate: version.modifiedAt,
    ARN: parameter.arn,
    DataType: version.dataType,
  }
}

// GetParameter's ParameterNotFound carries no text at all.
const notFound = () => new AwsFailure('ParameterNotFound', '')

/**
 * The parameter and version that `name`, `name:3`, `name:label` or an ARN means. Throws ParameterNotFound,
 * ParameterVersionNotFound.
 */
export function select(
  store: ParameterStore,
  given: string,
): { parameter: Parameter; version: ParameterVersion; selector?: string } {
  const { name: plain, selector } = splitSelector(given)
  const parameter = store.parameters.get(store.nameOf(plain))
  if (!parameter) throw notFound()
  const version =
    selector === undefined
      ? parameter.versions.at(-1)
      : parameter.versions.find((one) => String(one.version) === selector || one.labels.includes(selector))
  if (!version) {
    const what = /^\d+$/.test(selector ?? '') ? `version ${selector}` : `label ${selector}`
    throw new AwsFailure(
      'ParameterVersionNotFound',
      `Systems Manager could not find ${what} of ${parameter.name}. Verify the ${what.split(' ')[0]} and try again.`,
    )
  }
  return { parameter, version, selector }
}

export function getParameter(store: ParameterStore, input: { Name: string; WithDecryption?: boolean }): unknown {
  const { parameter, version, selector } = select(store, input.Name)
  return { Parameter: shown(parameter, version, input.WithDecryption, selector) }
}

/** SSM API: GetParameters. Unknown names do not fail the call, they come back in InvalidParameters. */
export function getParameters(store: ParameterStore, input: { Names: string[]; WithDecryption?: boolean }): unknown {
  const found: unknown[] = []
  const missing: string[] = []
  for (const name of new Set(input.Names)) {
    try {
      const { parameter, version, selector } = select(store, name)
      found.push(shown(parameter, version, input.WithDecryption, selector))
    } catch (error) {
      if (!(error instanceof AwsFailure)) throw error
      missing.push(name)
    }
  }
  return { Parameters: found, InvalidParameters: missing }
}

export interface ByPathInput {
  Path: string
  Recursive?: boolean
  ParameterFilters?: ParameterFilter[]
  WithDecryption?: boolean
  MaxResults?: number
  NextToken?: string
}

/**
 * SSM API: GetParametersByPath. A page is cut before deeper levels and filters are taken out, so it can hold fewer
 * parameters than MaxResults, even none, and still have a NextToken, as the API's documentation warns.
 */
export function getParametersByPath(store: ParameterStore, input: ByPathInput): unknown {
  const path = checkPath(input.Path)
  const below = [...store.parameters.values()]
    .filter((parameter) => (path === '' ? true : parameter.name.startsWith(`${path}/`)))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  const { items, nextToken } = pageOf(below, input.NextToken, input.MaxResults ?? 10, 'InvalidNextToken')
  const levels = (name: string) => name.replace(/^\//, '').split('/').length
  const depth = path === '' ? 1 : levels(path) + 1
  const wanted = items
    .filter((parameter) => input.Recursive || levels(parameter.name) === depth)
    .filter((parameter) =>
      passes(
        parameter,
        (input.ParameterFilters ?? []).filter((filter) => filter.Key !== 'Label'),
      ),
    )
  const label = input.ParameterFilters?.find((filter) => filter.Key === 'Label')?.Values?.[0]
  const parameters = wanted.flatMap((parameter) => {
    const version = label ? parameter.versions.find((one) => one.labels.includes(label)) : parameter.versions.at(-1)
    return version ? [shown(parameter, version, input.WithDecryption)] : []
  })
  return { Parameters: parameters, NextToken: nextToken }
}

interface HistoryInput {
  Name: string
  WithDecryption?: boolean
  MaxResults?: number
  NextToken?: string
}

/** SSM API: GetParameterHistory, oldest version first. */
export function getParameterHistory(store: ParameterStore, input: HistoryInput): unknown {
  const parameter = store.parameters.get(store.nameOf(input.Name))
  if (!parameter) throw notFound()
  const { items, nextToken } = pageOf(parameter.versions, input.NextToken, input.MaxResults ?? 50, 'InvalidNextToken')
  return {
    Parameters: items.map((version) => ({
      Name: parameter.name,
      Type: version.type,
      KeyId: version.keyId,
      LastModifiedDate: version.modifiedAt,
      LastModifiedUser: version.modifiedBy,
      Description: version.description,
      Value: valueShown(parameter, version, input.WithDecryption),
      AllowedPattern: version.allowedPattern,
      Version: version.version,
      Labels: version.labels,
      Tier: version.tier,
      Policies: [],
      DataType: version.dataType,
    })),
    NextToken: nextToken,
  }
}

interface DescribeInput {
  ParameterFilters?: ParameterFilter[]
  MaxResults?: number
  NextToken?: string
}

/** SSM API: DescribeParameters: everything but the values. */
export function describeParameters(store: ParameterStore, input: DescribeInput): unknown {
  const matching = [...store.parameters.values()]
    .filter((parameter) => passes(parameter, input.ParameterFilters ?? []))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  const { items, nextToken } = pageOf(matching, input.NextToken, input.MaxResults ?? 50, 'InvalidNextToken')
  return {
    Parameters: items.map((parameter) => {
      const version = parameter.versions.at(-1)!
      return {
        Name: parameter.name,
        ARN: parameter.arn,
        Type: version.type,
        KeyId: version.keyId,
        LastModifiedDate: version.modifiedAt,
        LastModifiedUser: version.modifiedBy,
        Description: version.description,
        AllowedPattern: version.allowedPattern,
        Version: version.version,
        Tier: version.tier,
        Policies: [],
        DataType: version.dataType,
      }
    }),
    NextToken: nextToken,
  }
}
