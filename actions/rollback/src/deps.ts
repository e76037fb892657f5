import type { ECRClient } from '@aws-sdk/client-ecr'
import type { ECSClient } from '@aws-sdk/client-ecs'
import type { SSMClient } from '@aws-sdk/client-ssm'
import { type ActionRuntime, type Clock, type Log, memoised } from '@deploy-actions/action-kit'
import { ecrClient } from '@deploy-actions/ecr'
import { ecsClient, type FetchedTaskDefinition, fetchTaskDefinition } from '@deploy-actions/ecs'
import { runName, ssmClient } from '@deploy-actions/release'
import type { Inputs } from './inputs.ts'

export interface Deps {
  ecs: ECSClient
  /** Does not end with the run's cancel: an update that is being sent then is still answered. */
  lastingEcs: ECSClient
  ecr: ECRClient
  ssm: SSMClient
  /** Does not end with the run's cancel either: what became of the way back is still written then. */
  lastingSsm: SSMClient
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

export function createDeps({ region, registryRegion, priority }: Inputs, runtime: ActionRuntime): Deps {
  const { clock, log, cancelled: signal, summary, github } = runtime
  const options = { region, log, clock, signal }
  const ecs = ecsClient(options)
  // In panic the record gets seconds: what it has to say is soon worth less than the time.
  const patience = priority === 'panic' ? { throttlingMs: 3_000 } : {}
  return {
    ecs,
    lastingEcs: ecsClient({ region, log, clock }),
    ecr: ecrClient({ ...options, region: registryRegion }),
    ssm: ssmClient({ ...options, ...patience }),
    lastingSsm: ssmClient({ region, log, clock, ...patience }),
    region,
    clock,
    log,
    signal,
    definition: memoised((reference) => fetchTaskDefinition(ecs, reference)),
    summary,
    actor: github.actor || 'someone',
    run: runName(github),
  }
}
