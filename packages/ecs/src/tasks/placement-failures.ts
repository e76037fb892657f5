import type { Failure } from '@aws-sdk/client-ecs'
import { sentence } from '../deployments/texts.ts'

/**
 * Why ECS did not place a task, as a sentence with what to do. `failure` is an entry of `failures[]` in an answer
 * with HTTP 200. Amazon ECS developer guide: "API failure reasons"; aws-actions/amazon-ecs-deploy-task-definition
 * shows the ARN only.
 */
export function placementFailureText({ reason = '', detail, arn }: Failure, cluster: string): string {
  const known = Object.entries(meanings).find(([start]) => reason.toUpperCase().startsWith(start))
  const meaning = known
    ? `${known[1].replaceAll('{cluster}', cluster)} (${reason}).`
    : sentence(reason || 'no reason given')
  const where = arn && !reason.startsWith('MISSING') ? ` Instance or resource: ${arn}.` : ''
  return `${meaning}${detail ? ` ${sentence(detail)}` : ''}${where}`
}

const meanings: Record<string, string> = {
  'RESOURCE:CPU':
    'no container instance of cluster {cluster} has enough free CPU; add capacity or ask for less with input cpu',
  'RESOURCE:MEMORY':
    'no container instance of cluster {cluster} has enough free memory; add capacity or ask for less with input memory',
  'RESOURCE:PORTS':
    'the host port is taken on every container instance of cluster {cluster}; use dynamic host ports or awsvpc',
  'RESOURCE:ENI':
    'no container instance of cluster {cluster} has a free network interface; add capacity or turn on ENI trunking',
  'RESOURCE:GPU': 'no container instance of cluster {cluster} has a free GPU',
  'RESOURCE:FARGATE':
    'Fargate has no capacity for this size right now; run the job again or widen the subnets to more zones',
  RESOURCE: 'a resource that the task asks for is not free in cluster {cluster}',
  'CAPACITY IS UNAVAILABLE':
    'Fargate has no capacity in the zones of the service right now; run the job again in some minutes, or add subnets of other zones',
  AGENT: 'the container agent of the instance is not connected',
  ATTRIBUTE:
    'no container instance of cluster {cluster} has the attributes that the task definition or a placement constraint needs',
  INACTIVE: 'the container instance or cluster is no longer active',
  MISSING: 'cluster {cluster} or the container instance does not exist',
  LOCATION: 'no container instance stands in a zone that the task may use',
}
