import type { ParameterLookup } from '../world.ts'

export interface ParameterVersion {
  version: number
  value: string
  type: 'String' | 'StringList' | 'SecureString'
  tier: 'Standard' | 'Advanced'
  dataType: string
  description?: string
  allowedPattern?: string
  keyId?: string
  labels: string[]
  modifiedAt: Date
  modifiedBy: string
}

export interface Parameter {
  name: string
  arn: string
  /** Oldest first; at most 100. */
  versions: ParameterVersion[]
  lastVersion: number
  tags: Map<string, string>
}

export interface ParameterStore extends ParameterLookup {
  parameters: Map<string, Parameter>
  arnOf(name: string): string
  /** The plain name of a name or ARN, without `:version` or `:label`. */
  nameOf(nameOrArn: string): string
}

/** SSM's parameters with their versions. */
export function parameterStore(options: { accountId: string; region: string }): ParameterStore {
  const parameters = new Map<string, Parameter>()
  const prefix = `arn:aws:ssm:${options.region}:${options.accountId}:parameter`
  const arnOf = (name: string) => `${prefix}${name.startsWith('/') ? '' : '/'}${name}`
  const nameOf = (nameOrArn: string) => {
    if (!nameOrArn.startsWith('arn:')) return nameOrArn
    const path = nameOrArn.slice(nameOrArn.indexOf(':parameter') + ':parameter'.length)
    // `parameter/db` is both the ARN of `db` and of `/db`; the one that exists is meant.
    return parameters.has(path) ? path : path.replace(/^\/(?=[^/]+$)/, '')
  }
  return {
    parameters,
    arnOf,
    nameOf,
    get(nameOrArn) {
      // Secrets Manager is not simulated: what a task definition takes from there resolves, so that such task
      // definitions can run.
      if (/^arn:aws:secretsmanager:/.test(nameOrArn)) return `secret of ${nameOrArn}`
      return parameters.get(nameOf(nameOrArn))?.versions.at(-1)?.value
    },
  }
}
