import { partitionOf } from './partition.ts'

/**
 * The page of a resource in the AWS console, of its own region and partition. Knows ECS services and tasks and
 * CloudWatch log groups, by their ARNs; for anything else it answers the front page of the region.
 */
export function consoleLink(arn: string): string {
  const [, , , region = '', , ...rest] = arn.split(':')
  const resource = rest.join(':')
  const [kind, cluster = '', name = ''] = resource.split('/').map(encodeURIComponent)
  const host = partitionOf(region).console(region)
  if (kind === 'service')
    return `https://${host}/ecs/v2/clusters/${cluster}/services/${name}/deployments?region=${region}`
  if (kind === 'task') return `https://${host}/ecs/v2/clusters/${cluster}/tasks/${name}?region=${region}`
  if (rest[0] === 'log-group') {
    // The console's own encoding of names in the fragment: encoded twice, with $ for %.
    const group = encodeURIComponent(encodeURIComponent(rest[1] ?? '')).replaceAll('%', '$')
    return `https://${host}/cloudwatch/home?region=${region}#logsV2:log-groups/log-group/${group}`
  }
  return `https://${host}/?region=${region}`
}
