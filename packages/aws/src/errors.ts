import { UserError } from '@deploy-actions/action-kit'

/** The role may not do what the step needs. `action` is what its policy lacks, such as `ecs:UpdateService`. */
export class AccessError extends UserError {
  readonly action: string
  readonly resource: string | undefined

  constructor(message: string, action: string, resource: string | undefined, cause: unknown) {
    super(message, { cause })
    this.action = action
    this.resource = resource
  }
}

/** Whether `error` is one of AWS's errors of these names. Names are stable across SDK versions, classes are not. */
export function isAwsError(error: unknown, ...names: string[]): error is Error {
  return error instanceof Error && names.includes(error.name)
}

/** Whether the role lacks a right. By name, since a bundle may hold two copies of the class. */
export function isAccessError(error: unknown): error is AccessError {
  return error instanceof AccessError
}

const denied = ['AccessDeniedException', 'AccessDenied', 'UnauthorizedOperation', 'NotAuthorized']
const badCredentials = [
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'IncompleteSignature',
  'MissingAuthenticationToken',
]
const expired = ['ExpiredTokenException', 'ExpiredToken', 'RequestExpired']

/** IAM's prefix where it is not the client's name in lower case. */
const iamPrefixes: Record<string, string> = {
  CloudWatchLogsClient: 'logs',
  ElasticLoadBalancingV2Client: 'elasticloadbalancing',
  CloudWatchClient: 'cloudwatch',
  ApplicationAutoScalingClient: 'application-autoscaling',
}

/**
 * Turns AWS's refusals into errors a reader can act on: AccessDenied names the IAM action and the resource, missing
 * and expired credentials name the step that provides them. Everything else comes back as it was, with `operation`,
 * such as ecs:UpdateService, written into it.
 */
export function readableAwsError(error: unknown, clientName: string, commandName: string): unknown {
  if (!(error instanceof Error)) return error
  const operation = commandName.replace(/Command$/, '')
  const prefix = iamPrefixes[clientName] ?? clientName.replace(/Client$/, '').toLowerCase()

  if (denied.includes(error.name)) {
    const said = error.message.match(/not authorized to perform: ([\w-]+:\w+)(?: on resource: (\S+))?/)
    const action = said?.[1] ?? `${prefix}:${operation}`
    const resource = said?.[2]?.replace(/[,.]$/, '')
    const where = resource && resource !== '*' ? ` on ${resource}` : ''
    const why = error.message.includes('explicit deny') ? ' A policy denies it explicitly.' : ''
    return new AccessError(
      `The role may not call ${action}${where}.${why} Allow ${action} in the policy of the role that this job assumes, then run the job again.`,
      action,
      resource,
      error,
    )
  }
  if (expired.includes(error.name))
    return new AccessError(
      `The AWS credentials expired before ${prefix}:${operation}. Ask for a longer session (role-duration-seconds of aws-actions/configure-aws-credentials), or renew them right before this step.`,
      `${prefix}:${operation}`,
      undefined,
      error,
    )
  if (badCredentials.includes(error.name))
    return new UserError(
      `AWS does not accept the credentials (${error.name} at ${prefix}:${operation}). Check the step that provides them, usually aws-actions/configure-aws-credentials, and the region's account.`,
      { cause: error },
    )
  if (error.name === 'CredentialsProviderError')
    return new UserError(
      'No AWS credentials in this job. Run aws-actions/configure-aws-credentials before this step; with role-to-assume the job needs the permission id-token: write.',
      { cause: error },
    )
  return Object.assign(error, { operation: `${prefix}:${operation}` })
}
