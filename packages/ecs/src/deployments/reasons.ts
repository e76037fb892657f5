import type { Deployment } from '@aws-sdk/client-ecs'
import type { EndedVerdict, Judgement, Observation, PausedHook, Phase } from './types.ts'

/** `web:42` of a task definition's ARN; a plain word when there is none. */
export function revisionName(taskDefinitionArn: string | undefined): string {
  return taskDefinitionArn?.split('/').at(-1) ?? 'an unknown task definition'
}

export function inProgress(phase: Phase, reason: string, hook?: PausedHook): Judgement {
  return { ended: false, phase, reason, ...(hook && { hook }) }
}

export function ended(verdict: EndedVerdict, reason: string): Judgement {
  return { ended: true, verdict, reason }
}

/**
 * Whether tasks of this deployment are wanted, and none runs. Two answers have to agree, as either may be some
 * seconds old.
 */
export function runsNothing(observation: Observation | undefined): boolean {
  const { service, serviceDeployment, started } = observation ?? {}
  const own = service?.deployments?.find(({ id }) => id === started?.deploymentId)
  const running = Math.max(own?.runningCount ?? 0, serviceDeployment?.targetServiceRevision?.runningTaskCount ?? 0)
  return own?.rolloutState === 'COMPLETED' && (service?.desiredCount ?? 0) > 0 && running === 0
}

/**
 * Completed, with what a reader must not overlook: nothing runs, old tasks still drain, a newer deployment has
 * begun since.
 */
export function completedReason(observation: Observation, newer?: Deployment): Judgement {
  const { started, service, serviceDeployment } = observation
  const target = revisionName(started.taskDefinition)
  const requested = serviceDeployment?.targetServiceRevision?.requestedTaskCount
  const desired = service?.desiredCount ?? requested
  const draining = (service?.deployments ?? [])
    .filter(({ id, status }) => id !== started.deploymentId && status !== 'PRIMARY')
    .reduce((sum, { runningCount = 0 }) => sum + runningCount, 0)
  const notes = [
    desired === 0 ? 'The desired count is 0, so nothing runs and nothing was proven about this release.' : '',
    !newer && runsNothing(observation) ? `But 0 of ${desired} tasks run: look at what stopped them.` : '',
    draining > 0 && !newer ? `${draining} task${draining === 1 ? '' : 's'} of the earlier release still drain.` : '',
    newer ? `A newer deployment, ${newer.id} with ${revisionName(newer.taskDefinition)}, has begun since.` : '',
  ]
  return ended('completed', [`${target} is deployed.`, ...notes].filter(Boolean).join(' '))
}

/** Superseded by that deployment, which may no longer be listed. */
export function supersededBy({ started }: Observation, later?: Pick<Deployment, 'id' | 'taskDefinition'>): Judgement {
  const { id, taskDefinition } = later ?? {}
  const same = taskDefinition === started.taskDefinition ? 'the same ' : ''
  const what = taskDefinition ? ` with ${same}${revisionName(taskDefinition)}` : ''
  return {
    ended: true,
    verdict: 'superseded',
    reason: `A later deployment, ${id ?? 'unknown'}${what}, took over before this one had finished. This release neither failed nor was it proven.`,
    ...(id && { supersededBy: id }),
  }
}
