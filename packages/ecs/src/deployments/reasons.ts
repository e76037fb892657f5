import type { Deployment } from '@aws-sdk/client-ecs'
import type { Judgement, Observation, PausedHook, Phase } from './types.ts'

/** `web:42` of a task definition's ARN; a plain word when there is none. */
export function revisionName(taskDefinitionArn: string | undefined): string {
  return taskDefinitionArn?.split('/').at(-1) ?? 'an unknown task definition'
}

export function inProgress(phase: Phase, reason: string, hook?: PausedHook): Judgement {
  return { ended: false, phase, reason, ...(hook && { hook }) }
}

/** Completed, with what a reader must not overlook: a desired count of 0, old tasks that still drain, a newer deployment begun since. */
export function completedReason({ started, service, serviceDeployment }: Observation, newer?: Deployment): Judgement {
  const target = revisionName(started.taskDefinition)
  const requested = serviceDeployment?.targetServiceRevision?.requestedTaskCount
  const desired = service?.desiredCount ?? requested
  const draining = (service?.deployments ?? [])
    .filter(({ id, status }) => id !== started.deploymentId && status !== 'PRIMARY')
    .reduce((sum, { runningCount = 0 }) => sum + runningCount, 0)
  const notes = [
    desired === 0 ? 'The desired count is 0, so nothing runs and nothing was proven about this release.' : '',
    draining > 0 && !newer ? `${draining} task${draining === 1 ? '' : 's'} of the earlier release still drain.` : '',
    newer ? `A newer deployment, ${newer.id} with ${revisionName(newer.taskDefinition)}, has begun since.` : '',
  ]
  return { ended: true, verdict: 'completed', reason: [`${target} is deployed.`, ...notes].filter(Boolean).join(' ') }
}

export function supersededBy(
  id: string | undefined,
  taskDefinition: string | undefined,
  ours?: string,
): Extract<Judgement, { ended: true }> {
  const what = taskDefinition
    ? taskDefinition === ours
      ? ` with the same ${revisionName(taskDefinition)}`
      : ` with ${revisionName(taskDefinition)}`
    : ''
  return {
    ended: true,
    verdict: 'superseded',
    reason: `A later deployment, ${id ?? 'unknown'}${what}, took over before this one had finished. This release neither failed nor was it proven.`,
    ...(id && { supersededBy: id }),
  }
}
