import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import type { ECSClient } from '@aws-sdk/client-ecs'
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2'
import { awsClient, type ClientOptions } from '@deploy-actions/aws'
import type { ExplainClients } from '@deploy-actions/ecs'

/** Clients for the evidence. They speak after a cancel too, so they are built without its signal. */
export function explainClients(ecs: ECSClient, { signal: _, ...options }: ClientOptions): ExplainClients {
  return {
    ecs,
    logs: async () => awsClient(CloudWatchLogsClient, options),
    elb: async () => awsClient(ElasticLoadBalancingV2Client, options),
  }
}
