import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import type { ECRClient } from '@aws-sdk/client-ecr'
import { ECSClient } from '@aws-sdk/client-ecs'
import type { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2'
import type { IAMClient } from '@aws-sdk/client-iam'
import type { SSMClient } from '@aws-sdk/client-ssm'
import type { STSClient } from '@aws-sdk/client-sts'
import { type Clock, type Log, memoised, once } from '@deploy-actions/action-kit'
import { awsClient } from '@deploy-actions/aws'

/**
 * The AWS clients of a deployment. All but ECS are made when they are first needed, as most deployments need none
 * of them.
 */
export interface Clients {
  ecs: ECSClient
  /**
   * Still speaks after the run was cancelled, and does not wait long: for what must be sent within the runner's
   * seconds.
   */
  urgentEcs: () => ECSClient
  /** Still speaks after the run was cancelled, and is patient: for undoing where there is time. */
  lastingEcs: () => ECSClient
  ssm: () => Promise<SSMClient>
  /** An image reference names its own region; default is that of the input `registry-region`. */
  ecr: (region?: string) => Promise<ECRClient>
  logs: () => Promise<CloudWatchLogsClient>
  elb: () => Promise<ElasticLoadBalancingV2Client>
  iam: () => Promise<IAMClient>
  sts: () => Promise<STSClient>
}

export interface ClientContext {
  region: string
  registryRegion: string
  log: Log
  clock: Clock
  signal?: AbortSignal
}

export function createClients({ region, registryRegion, log, clock, signal }: ClientContext): Clients {
  const options = { region, log, clock, ...(signal && { signal }) }
  // Evidence is still gathered after a cancel, so these do not end with the run.
  const lasting = { region, log, clock, throttlingMs: 30_000 }
  const ecrOf = memoised(async (own) =>
    awsClient((await import('@aws-sdk/client-ecr')).ECRClient, { ...options, region: own }),
  )
  return {
    ecs: awsClient(ECSClient, options),
    urgentEcs: once(() => awsClient(ECSClient, { region, log, clock, throttlingMs: 2_000, requestTimeoutMs: 3_000 })),
    lastingEcs: once(() => awsClient(ECSClient, { region, log, clock, throttlingMs: 120_000 })),
    ssm: once(async () => awsClient((await import('@aws-sdk/client-ssm')).SSMClient, options)),
    ecr: (own = registryRegion) => ecrOf(own),
    logs: once(async () => awsClient((await import('@aws-sdk/client-cloudwatch-logs')).CloudWatchLogsClient, lasting)),
    elb: once(async () =>
      awsClient((await import('@aws-sdk/client-elastic-load-balancing-v2')).ElasticLoadBalancingV2Client, lasting),
    ),
    iam: once(async () => awsClient((await import('@aws-sdk/client-iam')).IAMClient, options)),
    sts: once(async () => awsClient((await import('@aws-sdk/client-sts')).STSClient, options)),
  }
}
