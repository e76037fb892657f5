import { type InputReader, UserError } from '@deploy-actions/action-kit'
import { commandWords } from './task-definitions/command.ts'
import { type TaskDefinitionSource, taskDefinitionSource } from './task-definitions/source-text.ts'
import { checkOverrides } from './tasks/overrides.ts'

// Inputs that several actions have, each judged in one place and without the AWS SDK. All throw a UserError that
// names input, value and what is valid.

export { checkOverrides, commandWords, type TaskDefinitionSource }

const arn = (resource: string) => new RegExp(`^arn:aws[\\w-]*:ecs:[a-z]{2}(-[a-z]+)+-\\d:\\d{12}:${resource}$`)
const name = /^[\w-]{1,255}$/
const clusterArn = arn('cluster/[\\w-]{1,255}')
const serviceArn = arn('service/([\\w-]{1,255}/)?[\\w-]{1,255}')
const taskDefinitionArn = arn('task-definition/[\\w-]{1,255}(:\\d+)?')

/** The input `cluster`, or `fallback` where it is empty. */
export function clusterInput(reader: InputReader, fallback?: string): string {
  const cluster = reader.text('cluster') ?? fallback ?? reader.required('cluster', 'the name or ARN of the ECS cluster')
  if (name.test(cluster) || clusterArn.test(cluster)) return cluster
  throw invalid('cluster', cluster, 'the name of an ECS cluster (letters, digits, - and _) or its ARN')
}

/** The input `service`: at least one, without repeats. */
export function servicesInput(reader: InputReader): string[] {
  const services = [...new Set(reader.list('service'))]
  if (services.length === 0)
    throw new UserError(
      'Input "service" is required: the names of the ECS services, one a line or separated by commas.',
    )
  for (const service of services)
    if (!name.test(service) && !serviceArn.test(service))
      throw new UserError(
        `Input "service" holds "${service}". Valid: names of ECS services (letters, digits, - and _) or their ARNs.`,
      )
  return services
}

export function containerInput(reader: InputReader): string | undefined {
  return reader.matching('container', name, 'the name of a container in the task definition')
}

export function cpuInput(reader: InputReader): string | undefined {
  return reader.matching('cpu', /^\d+$|^\d+(\.\d+)? ?vcpu$/i, 'CPU units such as 512, or such as 0.5 vCPU')
}

export function memoryInput(reader: InputReader): string | undefined {
  return reader.matching('memory', /^\d+$|^\d+(\.\d+)? ?gb$/i, 'MiB such as 1024, or such as 2 GB')
}

export function parametersPathInput(reader: InputReader): string | undefined {
  return reader.matching('parameters-path', /^(\/[\w.-]+)+\/?$/, 'a path such as /my-app/staging')
}

export function commandInput(reader: InputReader, input: string): string[] | undefined {
  const text = reader.text(input)
  return text === undefined ? undefined : commandWords(text, input)
}

export function variablesInput(reader: InputReader): Record<string, string> {
  return named(reader, 'variables')
}

/**
 * References by the variable's name: ARNs, or names of SSM parameters. What is refused is not shown: it may be the
 * secret itself.
 */
export function secretsInput(reader: InputReader): Record<string, string> {
  const secrets = named(reader, 'secrets')
  for (const [variable, reference] of Object.entries(secrets))
    if (!/^arn:aws[\w-]*:(ssm|secretsmanager):\S+$|^\/?[\w.-]+(\/[\w.-]+)*$/.test(reference))
      throw new UserError(
        `Input "secrets" holds something for ${variable} that is no reference. Valid: the ARN of a secret or parameter, or a parameter's name. If it is the value itself, it stands in this workflow now: replace it, store the new one in Secrets Manager or as an SSM parameter, and name that.`,
      )
  return secrets
}

/** The input `task-definition`: a file of the workspace, a family, `family:revision` or an ARN. */
export function taskDefinitionInput(reader: InputReader): TaskDefinitionSource | undefined {
  const text = reader.text('task-definition')
  if (text === undefined) return undefined
  if (text.startsWith('arn:') && !taskDefinitionArn.test(text))
    throw invalid(
      'task-definition',
      text,
      'a file (.json, .yml), a family, family:revision or the ARN of a task definition',
    )
  return taskDefinitionSource(text)
}

function named(reader: InputReader, input: string): Record<string, string> {
  const pairs = reader.pairs(input)
  for (const key of Object.keys(pairs))
    if (!/^[A-Za-z_][\w.-]*$/.test(key))
      throw invalid(input, key, 'one NAME=value a line, the name of letters, digits and _')
  return pairs
}

function invalid(input: string, value: string, valid: string): UserError {
  return new UserError(`Input "${input}" is "${value}". Valid: ${valid}.`)
}
