import { AwsFailure, type Caller } from './world.ts'

const iamPrefixes: Record<string, string> = { monitoring: 'cloudwatch' }

type Given = Record<string, unknown>
const text = (value: unknown) => (typeof value === 'string' ? value : undefined)
const lastPart = (value: string) => value.split('/').at(-1) ?? value

/** The resource that a request is about, as access errors name it; `*` where the operation has none. */
function resourceOf(service: string, operation: string, input: Given, caller: Caller): string {
  const arn = (kind: string, name: string) => `arn:aws:${kind}:${caller.region}:${caller.accountId}:${name}`
  const cluster = lastPart(text(input.cluster) ?? 'default')
  if (service === 'ecs') {
    const named = text(input.service) ?? text(input.serviceName)
    const arnGiven = text(input.serviceDeploymentArn) ?? text(input.resourceArn)
    if (arnGiven) return arnGiven
    if (Array.isArray(input.serviceDeploymentArns)) return String(input.serviceDeploymentArns[0])
    if (named) return named.startsWith('arn:') ? named : arn('ecs', `service/${cluster}/${named}`)
    if (operation === 'DescribeServices' && Array.isArray(input.services)) {
      return arn('ecs', `service/${cluster}/${lastPart(String(input.services[0]))}`)
    }
    if (operation === 'RunTask') return arn('ecs', `task-definition/${lastPart(text(input.taskDefinition) ?? '')}`)
    if (operation === 'RegisterTaskDefinition') return arn('ecs', `task-definition/${text(input.family)}:*`)
    if (text(input.task)) return arn('ecs', `task/${cluster}/${lastPart(text(input.task)!)}`)
    return '*'
  }
  if (service === 'ecr' && text(input.repositoryName)) {
    const account = text(input.registryId) ?? caller.accountId
    return `arn:aws:ecr:${caller.region}:${account}:repository/${text(input.repositoryName)}`
  }
  if (service === 'ssm') {
    const name = text(input.Name) ?? text(input.Path) ?? (Array.isArray(input.Names) ? text(input.Names[0]) : undefined)
    return name ? arn('ssm', `parameter/${name.replace(/^\//, '')}`) : '*'
  }
  if (service === 'logs' && text(input.logGroupName)) {
    return arn('logs', `log-group:${text(input.logGroupName)}:log-stream:${text(input.logStreamName) ?? ''}`)
  }
  return '*'
}

/** AccessDeniedException in AWS's own wording (query services: `AccessDenied`, HTTP 403). */
export function accessDenied(service: string, operation: string, input: unknown, caller: Caller): AwsFailure {
  const action = `${iamPrefixes[service] ?? service}:${operation}`
  const resource = resourceOf(service, operation, (input ?? {}) as Given, caller)
  const message = `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`
  const query = ['elasticloadbalancing', 'iam', 'sts', 'rds', 'monitoring'].includes(service)
  return query
    ? new AwsFailure('AccessDenied', message, { status: 403 })
    : new AwsFailure('AccessDeniedException', message)
}

/** The roles that a request hands to ECS: the caller needs iam:PassRole on each of them. */
export function rolesPassed(service: string, input: unknown): string[] {
  if (service !== 'ecs') return []
  const { executionRoleArn, taskRoleArn, overrides } = (input ?? {}) as Given & { overrides?: Given }
  return [executionRoleArn, taskRoleArn, overrides?.executionRoleArn, overrides?.taskRoleArn].flatMap(
    (role) => text(role) ?? [],
  )
}

/**
 * Whether a request makes a resource with tags, for which ECS asks ecs:TagResource as well ("Grant permission to
 * tag resources on creation").
 */
export function tagsOnCreation(service: string, operation: string, input: unknown): boolean {
  const { tags } = (input ?? {}) as { tags?: unknown }
  const makes = ['RegisterTaskDefinition', 'RunTask', 'CreateService', 'CreateCluster'].includes(operation)
  return service === 'ecs' && makes && Array.isArray(tags) && tags.length > 0
}

/** What ECS answers when the caller may not hand over a role. */
export const passRoleDenied = (role: string, caller: Caller): AwsFailure =>
  new AwsFailure(
    'AccessDeniedException',
    `User: ${caller.arn} is not authorized to perform: iam:PassRole on resource: ${role} because no identity-based policy allows the iam:PassRole action`,
  )

/** Another account's resource that lets the caller in by no policy of its own. */
export const accessDeniedByResource = (action: string, resource: string, caller: Caller): AwsFailure =>
  new AwsFailure(
    'AccessDeniedException',
    `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${resource} because no resource-based policy allows the ${action} action`,
  )
