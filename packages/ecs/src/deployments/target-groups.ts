import type { Service } from '@aws-sdk/client-ecs'

/** Target groups of a service, the second one of a traffic shift included. */
export function targetGroupsOf(service: Service | undefined): string[] {
  const groups = (service?.loadBalancers ?? []).flatMap(({ targetGroupArn, advancedConfiguration }) => [
    targetGroupArn,
    advancedConfiguration?.alternateTargetGroupArn,
  ])
  return [...new Set(groups.filter((arn) => arn !== undefined))]
}
