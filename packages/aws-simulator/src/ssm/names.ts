import { AwsFailure } from '../world.ts'

const invalid = (message: string) => new AwsFailure('ValidationException', message)

const nameRule =
  'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; ' +
  'each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_'

/** Throws what PutParameter answers for a name that cannot be created (SSM API: PutParameter, member Name). */
export function checkNewName(name: string, arn: string): void {
  if (!/^[\w.\-/]+$/.test(name) || name.includes('//') || name.endsWith('/')) throw invalid(nameRule)
  if (name.includes('/') && !name.startsWith('/')) throw invalid('Parameter name must be a fully qualified name.')
  const parts = name.replace(/^\//, '').split('/')
  if (/^(aws|ssm)/i.test(parts[0] ?? '')) {
    throw /^aws/i.test(parts[0] ?? '')
      ? new AwsFailure('AccessDeniedException', `No access to reserved parameter name: ${name}.`)
      : invalid(nameRule)
  }
  if (parts.length > 15) {
    throw new AwsFailure(
      'HierarchyLevelLimitExceededException',
      'Parameter name exceeds the maximum of 15 levels. Shorten the hierarchy and try again.',
    )
  }
  if (arn.length > 1011)
    throw invalid('Parameter name, including the full length of the parameter ARN, is longer than 1011 characters.')
}

/** A path as GetParametersByPath takes it, without a trailing slash (`` for the root). */
export function checkPath(path: string): string {
  if (!path.startsWith('/') || !/^[\w.\-/]+$/.test(path) || path.includes('//')) {
    throw invalid(
      'The parameter doesn\'t meet the parameter name requirements. The parameter name must begin with a forward slash "/". It can\'t be prefixed ' +
        'with "aws" or "ssm" (case-insensitive). It must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). ' +
        'Special characters are not allowed. All sub-paths, if specified, must use the forward slash symbol "/". Valid example: /get/parameters2-/by1./path0_.',
    )
  }
  return path.replace(/\/$/, '')
}

/** Splits `name:3` or `name:label` (also behind an ARN). */
export function splitSelector(nameOrArn: string): { name: string; selector?: string } {
  const start = nameOrArn.startsWith('arn:') ? nameOrArn.indexOf(':parameter') + 1 : 0
  const colon = nameOrArn.indexOf(':', start)
  return colon < 0 ? { name: nameOrArn } : { name: nameOrArn.slice(0, colon), selector: nameOrArn.slice(colon + 1) }
}
