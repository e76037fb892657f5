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

export function lockName(application: string, environment: string): string {
  return `${recordName(application, environment)}/lock`
}
