import { createHash } from 'node:crypto'
import { UserError } from '@deploy-actions/action-kit'

/**
 * Name of the record's SSM parameter. Applications and environments are path segments, so they are held to the characters that SSM allows there
 * (SSM API: PutParameter, `Name`).
 */
export function recordName(application: string, environment: string): string {
  for (const [input, value] of [
    ['application', application],
    ['environment', environment],
  ] as const)
    if (!segment.test(value)) throw new UserError(`Input "${input}" is "${value}". Valid: ${segmentHint}.`)
  return `/deploy-actions/${application}/${environment}`
}

export const segment = /^[A-Za-z0-9_.-]{1,100}$/
export const segmentHint = 'letters, digits, ".", "-" and "_", at most 100'

/**
 * The name under which all migrations of one database are started (ECS API: RunTask, `startedBy`), whatever run they belong to: by it others find a task that runs. `database` is application and
 * environment, or without a record cluster and service. 35 of the 36 characters that AWS takes everywhere.
 */
export function migrationsStartedBy(...database: string[]): string {
  const hash = createHash('sha256').update(database.join('\0')).digest('hex')
  return `migrations/${hash.slice(0, 24)}`
}

export function lockName(application: string, environment: string): string {
  return `${recordName(application, environment)}/lock`
}
