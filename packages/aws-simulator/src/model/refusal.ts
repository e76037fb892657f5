import { AwsFailure } from '../world.ts'
import type { Violation } from './input.ts'

/**
 * The error a service answers when its model refuses a request. Every service has its own habit:
 * - ssm, monitoring and the query services: `ValidationException` / `ValidationError` with the generic "1 validation error detected: …" (certain for ssm)
 * - logs: the generic text under `InvalidParameterException` (seen in public issue reports of CreateLogGroup)
 * - ecr: `InvalidParameterException` "Invalid parameter at '…' failed to satisfy constraint: '…'" (seen in public issue reports of PutImage, CreateRepository)
 * - ecs: `InvalidParameterException` "… can not be blank." / "… cannot be empty.", `ClientException` from RegisterTaskDefinition
 *   (seen: "Family can not be blank.", "TaskDefinition can not be blank."); its texts for bounds and enum values are our best guess
 */
export function refusal(service: string, operation: string, violations: Violation[]): AwsFailure | undefined {
  const first = violations[0]
  if (!first) return undefined
  switch (service) {
    case 'ecs':
      return ecsRefusal(operation, first)
    case 'ecr':
      return new AwsFailure(
        'InvalidParameterException',
        `Invalid parameter at '${ecrPath(first.path)}' failed to satisfy constraint: '${ecrConstraint(first)}'`,
      )
    case 'logs':
      return new AwsFailure('InvalidParameterException', generic(violations))
    case 'elasticloadbalancing':
    case 'iam':
    case 'sts':
    case 'rds':
      return new AwsFailure('ValidationError', generic(violations))
    default:
      return new AwsFailure('ValidationException', generic(violations))
  }
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1)
const upperFirst = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

function generic(violations: Violation[]): string {
  const count = `${violations.length} validation error${violations.length > 1 ? 's' : ''} detected: `
  return (
    count +
    violations
      .map((v) => `Value ${shown(v.value)} at '${lowerPath(v.path)}' failed to satisfy constraint: ${constraint(v)}`)
      .join('; ')
  )
}

const lowerPath = (path: string) => path.split('.').map(lowerFirst).join('.')

function shown(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  return `'${text.length > 200 ? `${text.slice(0, 200)}…` : text}'`
}

function constraint({ kind, shape }: Violation): string {
  const countable = shape.type === 'string' || shape.type === 'list' || shape.type === 'map' || shape.type === 'blob'
  switch (kind) {
    case 'missing':
      return 'Member must not be null'
    case 'enum':
      return `Member must satisfy enum value set: [${shape.enum?.join(', ')}]`
    case 'pattern':
      return `Member must satisfy regular expression pattern: ${shape.pattern}`
    case 'min':
      return countable
        ? `Member must have length greater than or equal to ${shape.min}`
        : `Member must have value greater than or equal to ${shape.min}`
    case 'max':
      return countable
        ? `Member must have length less than or equal to ${shape.max}`
        : `Member must have value less than or equal to ${shape.max}`
  }
}

const ecrPath = (path: string) => path.replace(/\.(\d+)\.member/g, '[$1]')

function ecrConstraint(violation: Violation): string {
  switch (violation.kind) {
    case 'missing':
      return 'must not be null'
    case 'pattern':
      return `must satisfy regular expression '${violation.shape.pattern}'`
    case 'enum':
      return `must satisfy enum value set [${violation.shape.enum?.join(', ')}]`
    case 'min':
      return `must have length greater than or equal to ${violation.shape.min}`
    case 'max':
      return `must have length less than or equal to ${violation.shape.max}`
  }
}

function ecsRefusal(operation: string, violation: Violation): AwsFailure {
  const name = operation === 'RegisterTaskDefinition' ? 'ClientException' : 'InvalidParameterException'
  const member = upperFirst(violation.path.split('.').at(-1) ?? violation.path)
  if (violation.kind !== 'missing') return new AwsFailure(name, generic([violation]))
  const emptied = violation.shape.type === 'list' ? `${member} cannot be empty.` : `${member} can not be blank.`
  return new AwsFailure(name, emptied)
}
