import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import { ECSClient } from '@aws-sdk/client-ecs'
import { awsClient, type ClientOptions } from '@deploy-actions/aws'

/** A client for ECS with the suite's retries and errors. */
export function ecsClient(options: ClientOptions): ECSClient {
  return awsClient(ECSClient, options)
}

/** A client for the logs of ECS containers, with the suite's retries and errors. */
export function logsClient(options: ClientOptions): CloudWatchLogsClient {
  return awsClient(CloudWatchLogsClient, options)
}
