import {
  DescribeServiceDeploymentsCommand,
  DescribeServiceRevisionsCommand,
  type ECSClient,
  ListServiceDeploymentsCommand,
} from '@aws-sdk/client-ecs'
import { familyRevision } from '@deploy-actions/ecs'
import { earlierRevisions } from '@deploy-actions/release'
import type { CurrentService } from './current-state.ts'

/** What a service ran before: a task definition, and the digests its images had then, by container. */
export interface PastRevision {
  taskDefinition: string
  digests: Record<string, string>
}

export interface Past {
  /** What serves now; undefined when ECS's list does not show it. */
  present: PastRevision | undefined
  /** Best first, without those that are what serves now. */
  earlier: PastRevision[]
}

/** DescribeServiceDeployments and DescribeServiceRevisions take twenty ARNs a call. */
const most = 20

/**
 * What ECS itself remembers of a service. Three calls (ECS API: ListServiceDeployments, DescribeServiceDeployments,
 * DescribeServiceRevisions).
 */
export async function pastRevisions(ecs: ECSClient, cluster: string, present: CurrentService): Promise<Past> {
  const listed = await ecs.send(
    new ListServiceDeploymentsCommand({ cluster, service: present.service, maxResults: most }),
  )
  const arns = (listed.serviceDeployments ?? []).flatMap(({ serviceDeploymentArn: arn }) => (arn ? [arn] : []))
  if (arns.length === 0) return { present: undefined, earlier: [] }
  const { serviceDeployments = [] } = await ecs.send(
    new DescribeServiceDeploymentsCommand({ serviceDeploymentArns: arns }),
  )
  const deployments = serviceDeployments.map((deployment) => ({
    status: deployment.status ?? '',
    createdAt: deployment.createdAt ?? new Date(0),
    target: deployment.targetServiceRevision?.arn ?? '',
    sources: (deployment.sourceServiceRevisions ?? []).flatMap(({ arn }) => (arn ? [arn] : [])),
  }))
  const number = present.deploymentId.split('/').at(-1)
  const presentArn = deployments
    .flatMap(({ target, sources }) => [target, ...sources])
    .find((arn) => arn.endsWith(`/${number}`))
  const wanted = earlierRevisions(deployments, present.deploymentId).slice(0, most - 1)
  const revisions = await describeRevisions(ecs, [...(presentArn ? [presentArn] : []), ...wanted])
  const now = revisions.get(presentArn ?? '')
  const earlier = wanted
    .flatMap((arn) => revisions.get(arn) ?? [])
    .filter((revision) => differs(revision, now, present))
  return { present: now, earlier }
}

async function describeRevisions(ecs: ECSClient, arns: string[]): Promise<Map<string, PastRevision>> {
  if (arns.length === 0) return new Map()
  const { serviceRevisions = [] } = await ecs.send(new DescribeServiceRevisionsCommand({ serviceRevisionArns: arns }))
  return new Map(
    serviceRevisions.map(({ serviceRevisionArn = '', taskDefinition = '', containerImages = [] }) => [
      serviceRevisionArn,
      {
        taskDefinition: familyRevision(taskDefinition),
        digests: Object.fromEntries(
          containerImages.flatMap(({ containerName, imageDigest }) =>
            containerName && imageDigest ? [[containerName, imageDigest]] : [],
          ),
        ),
      },
    ]),
  )
}

/** The same definition may have run another image: a tag that moved. */
function differs(revision: PastRevision, now: PastRevision | undefined, present: CurrentService): boolean {
  if (revision.taskDefinition !== present.taskDefinition) return true
  return Object.entries(revision.digests).some(([container, digest]) => {
    const current = now?.digests[container]
    return current !== undefined && current !== digest
  })
}
