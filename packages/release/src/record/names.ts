import { createHash } from 'node:crypto'
import { type GitHubContext, UserError } from '@deploy-actions/action-kit'

/** Which record. */
export interface RecordKey {
  application: string
  environment: string
}

/**
 * Name of the record's SSM parameter. Applications and environments are path segments, so they are held to the
 * characters that SSM allows there (SSM API: PutParameter, `Name`).
 */
export function recordName({ application, environment }: RecordKey): string {
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
 * The name under which all migrations of one database are started (ECS API: RunTask, `startedBy`), whatever run
 * they belong to: by it others find a task that runs. `database` is application and environment, or without a
 * record cluster and service. 35 of the 36 characters that AWS takes everywhere.
 */
export function migrationsStartedBy(...database: string[]): string {
  const hash = createHash('sha256').update(database.join('\0')).digest('hex')
  return `migrations/${hash.slice(0, 24)}`
}

export function lockName(key: RecordKey): string {
  return `${recordName(key)}/lock`
}

/**
 * How the record and the lock name a run: the link to it, with the attempt where it was repeated. Outside GitHub,
 * who started it.
 */
export function runName({ runUrl, runAttempt, actor }: Pick<GitHubContext, 'runUrl' | 'runAttempt' | 'actor'>): string {
  if (!runUrl) return `${actor || 'someone'} outside GitHub`
  return Number(runAttempt) > 1 ? `${runUrl}/attempts/${runAttempt}` : runUrl
}

/** Whether two names mean the same run, repeated or not. */
export function isSameRun(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && withoutAttempt(one) === withoutAttempt(other)
}

function withoutAttempt(run: string): string {
  return run.replace(/\/attempts\/\d+$/, '')
}

/**
 * Where a run stands among the runs of its workflow: `deploy.yml#12`, from GITHUB_WORKFLOW_REF
 * (`octo/shop/.github/workflows/deploy.yml@refs/heads/main`) and GITHUB_RUN_NUMBER, which counts up with every
 * trigger and stays the same when a run is repeated. Undefined outside a workflow.
 */
export function runOrder(env: NodeJS.ProcessEnv): string | undefined {
  const file = env.GITHUB_WORKFLOW_REF?.split('@')[0]?.split('/').at(-1)
  return file && /^\d+$/.test(env.GITHUB_RUN_NUMBER ?? '') ? `${file}#${env.GITHUB_RUN_NUMBER}` : undefined
}

/** Whether `order` was triggered before `other`. Runs of different workflows cannot be compared: false. */
export function comesBefore(order: string | undefined, other: string | undefined): boolean {
  const [file, number] = order?.split('#') ?? []
  const [otherFile, otherNumber] = other?.split('#') ?? []
  return file !== undefined && file === otherFile && Number(number) < Number(otherNumber)
}
