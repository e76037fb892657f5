import type { Parameter, SSMClient } from '@aws-sdk/client-ssm'
import { UserError } from '@deploy-actions/action-kit'
import { parametersLabel } from './parameters-label.ts'

export interface PathParameters {
  /** Variable name → reference for `secrets[].valueFrom`. */
  secrets: Record<string, string>
  /** Variable name → value, for String and StringList parameters when values are asked. */
  environment: Record<string, string>
  /** Docker labels that change whenever a parameter does. */
  dockerLabels: Record<string, string>
}

/**
 * Every SSM parameter below `path`, at any depth, as a container variable named by the last part of its name:
 * `/app/staging/DATABASE_URL` → `DATABASE_URL`. By reference (`as: 'secrets'`, the default): the parameter's name
 * where the tasks run in its region, its ARN otherwise. With `as: 'values'` String and StringList parameters become
 * plain variables; SecureStrings stay references, and their values are never read. Throws a UserError when there is
 * none, when a name is no variable name and when two parameters would have the same name. SSM API:
 * GetParametersByPath; ECS API: Secret.
 */
export async function parametersUnder(
  ssm: SSMClient,
  path: string,
  options: { as?: 'secrets' | 'values'; taskRegion?: string } = {},
): Promise<PathParameters> {
  const root = validPath(path)
  const region = await ssm.config.region()
  const parameters = await allParameters(ssm, root)
  if (parameters.length === 0)
    throw new UserError(
      `No SSM parameter lies below "${root}" in ${region}. Check the path and the region, or create the first one, for example ${root}/DATABASE_URL.`,
    )
  const named = byVariable(parameters, root)

  const secrets: Record<string, string> = {}
  const environment: Record<string, string> = {}
  for (const [variable, parameter] of named) {
    if (options.as === 'values' && parameter.Type !== 'SecureString') environment[variable] = parameter.Value ?? ''
    else secrets[variable] = reference(parameter, options.taskRegion ?? region)
  }
  return { secrets, environment, dockerLabels: { [parametersLabel]: versionsText(named) } }
}

function validPath(path: string): string {
  const root = path.replace(/\/+$/, '')
  const levels = root.split('/').length - 1
  if (!/^(\/[\w.-]+)+$/.test(root) || levels > 15)
    throw new UserError(
      `Input "parameters-path" is "${path}". Valid: a path such as /my-app/staging, with at most 15 levels of letters, digits and . - _.`,
    )
  return root
}

/**
 * A page may be empty and still have a successor: only a missing token is the end. SSM takes at most 10 per page.
 */
async function allParameters(ssm: SSMClient, path: string): Promise<Parameter[]> {
  // Loaded when it is needed: most deployments read no parameters, and every client costs a step some milliseconds.
  const { GetParametersByPathCommand } = await import('@aws-sdk/client-ssm')
  const all: Parameter[] = []
  let token: string | undefined
  do {
    const page = await ssm.send(
      new GetParametersByPathCommand({
        Path: path,
        Recursive: true,
        WithDecryption: false,
        MaxResults: 10,
        NextToken: token,
      }),
    )
    all.push(...(page.Parameters ?? []))
    token = page.NextToken
  } while (token)
  return all
}

function byVariable(parameters: Parameter[], root: string): [string, Parameter][] {
  const taken = new Map<string, Parameter>()
  const sorted = [...parameters].sort((a, b) => ((a.Name ?? '') < (b.Name ?? '') ? -1 : 1))
  for (const parameter of sorted) {
    const name = parameter.Name ?? ''
    const variable = name.slice(name.lastIndexOf('/') + 1)
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(variable))
      throw new UserError(
        `SSM parameter ${name} cannot become a variable: "${variable}" is not a variable name (letters, digits and _, no digit first). Rename it, for example ${root}/${suggestion(variable)}, or move it out of ${root}.`,
      )
    const other = taken.get(variable)
    if (other)
      throw new UserError(
        `SSM parameters ${other.Name} and ${name} would both become the variable ${variable}. Rename one, or set parameters-path to the narrower path.`,
      )
    taken.set(variable, parameter)
  }
  return [...taken]
}

function suggestion(variable: string): string {
  return variable
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^(?=\d)/, '_')
    .toUpperCase()
}

function reference({ Name = '', ARN = '' }: Parameter, taskRegion: string): string {
  return ARN.split(':')[3] === taskRegion || !ARN ? Name : ARN
}

/** A parameter that was deleted and made again starts at version 1 again; its time tells. */
function versionsText(named: [string, Parameter][]): string {
  return named
    .map(
      ([variable, { Version, LastModifiedDate }]) =>
        `${variable}=${Version ?? 0}@${LastModifiedDate?.toISOString() ?? ''}`,
    )
    .join(' ')
}
