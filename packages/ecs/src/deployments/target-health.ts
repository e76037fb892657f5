import {
  DescribeTargetHealthCommand,
  type ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { TargetHealthLine } from './types.ts'

/**
 * The targets that are not healthy, of those that `isOurs` names (Elastic Load Balancing API:
 * DescribeTargetHealth).
 */
export async function unhealthyTargets(
  elb: ElasticLoadBalancingV2Client,
  targetGroups: string[],
  isOurs: (id: string, port: number | undefined) => boolean,
): Promise<TargetHealthLine[]> {
  const answers = await Promise.all(
    targetGroups.map(async (TargetGroupArn) => {
      const { TargetHealthDescriptions = [] } = await elb.send(new DescribeTargetHealthCommand({ TargetGroupArn }))
      return TargetHealthDescriptions.map(({ Target, TargetHealth }) => ({
        targetGroup: TargetGroupArn.split('/')[1] ?? TargetGroupArn,
        target: Target?.Id ?? '',
        port: Target?.Port,
        state: TargetHealth?.State ?? 'unknown',
        reason: TargetHealth?.Reason,
        description: TargetHealth?.Description,
      }))
    }),
  )
  return answers.flat().filter(({ state, target, port }) => state !== 'healthy' && isOurs(target, port))
}
