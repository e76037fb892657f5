import { SSMClient } from '@aws-sdk/client-ssm'
import { awsClient, type ClientOptions } from '@deploy-actions/aws'

/** A client for the record and its lock, with the suite's retries and errors. */
export function ssmClient(options: ClientOptions): SSMClient {
  return awsClient(SSMClient, options)
}
