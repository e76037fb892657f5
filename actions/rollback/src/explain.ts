import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2'
import { awsClient } from '@deploy-actions/aws'
import {
  type DeploymentOutcome,
  explainFailure,
  reportAnnotation,
  reportLines,
  reportMarkdown,
} from '@deploy-actions/ecs'
import type { Deps } from './deps.ts'

/**
 * Says why a way back did not complete, with the evidence, in log, annotation and summary. A file of its own,
 * loaded only then.
 */
export async function explain(outcome: DeploymentOutcome, deps: Deps): Promise<void> {
  const { ecs, log, summary, region, clock } = deps
  // Evidence is still gathered after a cancel, so these do not end with the run.
  const options = { region, log, clock, throttlingMs: 30_000 }
  const clients = {
    ecs,
    logs: async () => awsClient(CloudWatchLogsClient, options),
    elb: async () => awsClient(ElasticLoadBalancingV2Client, options),
  }
  const report = await explainFailure(clients, outcome)
  await log.group(`${outcome.started.service}: why the way back is ${outcome.verdict}`, () => {
    for (const line of reportLines(report)) log.info(line)
  })
  log.error(reportAnnotation(report), outcome.started.service)
  summary.add(reportMarkdown(report))
}
