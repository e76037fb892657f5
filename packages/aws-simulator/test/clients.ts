import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import { ECRClient } from '@aws-sdk/client-ecr'
import { ECSClient } from '@aws-sdk/client-ecs'
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2'
import { IAMClient } from '@aws-sdk/client-iam'
import { SSMClient } from '@aws-sdk/client-ssm'

/** Real SDK clients against a simulator, by default with one attempt per call, so that an error is seen and not retried away. */
export function clientsOf(url: string, region = 'eu-central-1', maxAttempts = 1) {
  const config = {
    region,
    endpoint: url,
    maxAttempts,
    credentials: { accessKeyId: 'ASIASIMULATOR0000000', secretAccessKey: 'simulator', sessionToken: 'simulator' },
  }
  return {
    ecs: new ECSClient(config),
    ecr: new ECRClient(config),
    ssm: new SSMClient(config),
    logs: new CloudWatchLogsClient(config),
    elb: new ElasticLoadBalancingV2Client(config),
    iam: new IAMClient(config),
  }
}

/** A hand-made call: what no SDK would send can be sent. */
export async function rawCall(
  url: string,
  service: string,
  target: string,
  body: string,
  headers: Record<string, string> = {},
) {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=AKID/20261101/eu-central-1/${service}/aws4_request, SignedHeaders=host, Signature=00`,
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': target,
      ...headers,
    },
    body,
  })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: () => JSON.parse(text) as Record<string, unknown>,
  }
}
