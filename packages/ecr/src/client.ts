import { ECRClient } from '@aws-sdk/client-ecr'
import { awsClient, type ClientOptions } from '@deploy-actions/aws'

/** A client for ECR's API in the registry's region, with the suite's retries and errors. */
export function ecrClient(options: ClientOptions): ECRClient {
  return awsClient(ECRClient, options)
}

export type { ECRClient }
