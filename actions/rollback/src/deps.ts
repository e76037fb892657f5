import type { ECRClient } from '@aws-sdk/client-ecr'
import type { ECSClient } from '@aws-sdk/client-ecs'
import type { SSMClient } from '@aws-sdk/client-ssm'
import type { Clock, Log } from '@deploy-actions/action-kit'
import type { FetchedTaskDefinition } from '@deploy-actions/ecs'

export interface Deps {
  ecs: ECSClient
  /** Does not end with the run's cancel: an update that is being sent then is still answered. */
  lastingEcs: ECSClient
  ecr: ECRClient
  ssm: SSMClient
  region: string
  clock: Clock
  log: Log
  signal: AbortSignal
  /** Reads a task definition once; throws a UserError when it does not exist. */
  definition(reference: string): Promise<FetchedTaskDefinition>
  summary: { add(markdown: string): void }
  /** Who does it, and in which run: for the freeze, the record and the report. */
  actor: string
  run: string
}
