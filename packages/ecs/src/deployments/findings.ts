import type { Deployment } from '@aws-sdk/client-ecs'
import { primaryOf } from '../services/primary.ts'
import { type DeploymentEvents, readDeploymentEvents } from './event-texts.ts'
import type { Observation } from './types.ts'

/** An observation, read once: who holds the service now, and what is proven about our deployment. */
export interface Findings {
  own: Deployment | undefined
  primary: Deployment | undefined
  /**
   * Who is PRIMARY in relation to us. `earlier`: a deployment older than ours, so ECS went back. `later`: someone
   * deployed after us.
   */
  holder: 'us' | 'earlier' | 'later' | 'nobody'
  rolloutState: string | undefined
  completed: boolean
  /** ECS gave this deployment up; the text says why, as far as ECS says it. */
  failed: { text: string } | undefined
  /**
   * Another deployment that failed or completed since ours began, by the events, when neither it nor ours holds the
   * service now.
   */
  third: string | undefined
  /** Breaker or alarms are set to roll back on their own. */
  rollsBackAlone: boolean
  events: DeploymentEvents
}

export function findingsOf(observation: Observation): Findings {
  const { started, service } = observation
  const deployments = service?.deployments ?? []
  const events = readDeploymentEvents(observation.events)
  const own = deployments.find(({ id }) => id === started.deploymentId)
  const primary = primaryOf(service)
  const rolloutState = own?.rolloutState ?? observation.lastRolloutState
  const failedText = events.failed.get(started.deploymentId)
  const settings = service?.deploymentConfiguration

  const holder = holderOf(observation, primary, events)
  return {
    own,
    primary,
    holder,
    rolloutState,
    completed: rolloutState === 'COMPLETED' || events.completed.has(started.deploymentId),
    failed:
      rolloutState === 'FAILED' || failedText !== undefined
        ? { text: failedText || own?.rolloutStateReason || '' }
        : undefined,
    third:
      holder === 'us'
        ? undefined
        : [...events.failed.keys(), ...events.completed].find(
            (id) => id !== started.deploymentId && id !== primary?.id && id !== started.previousDeploymentId,
          ),
    rollsBackAlone: Boolean(
      (settings?.deploymentCircuitBreaker?.enable && settings.deploymentCircuitBreaker.rollback) ||
        (settings?.alarms?.enable && settings.alarms.rollback),
    ),
    events,
  }
}

function holderOf(
  { started }: Observation,
  primary: Deployment | undefined,
  events: DeploymentEvents,
): Findings['holder'] {
  if (!primary) return 'nobody'
  if (primary.id === started.deploymentId) return 'us'
  if (primary.id === started.previousDeploymentId) return 'earlier'
  // ECS goes back under the old id with its old createdAt; the event decides where an id is new all the same.
  if (primary.id && events.rollbackTargets.includes(primary.id)) return 'earlier'
  return primary.createdAt && primary.createdAt < started.createdAt ? 'earlier' : 'later'
}
