import type { DeploymentState, Ecs, ServiceState } from '../types.ts'
import { saySteady } from './events.ts'
import { complete, succeed } from './outcome.ts'
import { liveTasks, stillServing } from './staff.ts'
import { awaited, nextStage } from './stages.ts'
import { wakeAt } from './wake.ts'

/**
 * Seconds between the last task's health and success. ECS API: DeploymentConfiguration.bakeTimeInMinutes; with
 * alarms ECS derives one.
 */
function bakeSeconds(ecs: Ecs, service: ServiceState): number {
  const { bakeTimeInMinutes = 0, alarms } = service.deploymentConfiguration
  if (bakeTimeInMinutes > 0) return bakeTimeInMinutes * 60
  return alarms?.enable ? ecs.options.alarmBakeSeconds : 0
}

/**
 * Whether the bake time since the moment when enough tasks were healthy is over; wakes the scheduler when it will
 * be.
 */
function baked(ecs: Ecs, deployment: DeploymentState): boolean {
  const now = ecs.world.clock.now().getTime()
  // The bake watches a new release; going back to the old one has nothing to wait for.
  const seconds = deployment.serviceDeployment?.rollback ? 0 : bakeSeconds(ecs, deployment.service)
  deployment.bakingSince ??= now
  const due = deployment.bakingSince + seconds * 1000
  if (now >= due) return true
  wakeAt(ecs, deployment.service, `bake ${deployment.id}`, due)
  return false
}

interface Progress {
  healthy: number
  /** Exactly the desired tasks, all healthy. */
  full: boolean
  /** No other deployment has tasks that were not told to stop, or no task of theirs serves any more. */
  oldTold: boolean
  oldGone: boolean
  /** No task that was told to stop still serves, of whichever deployment. */
  quiet: boolean
}

function progressOf(service: ServiceState, primary: DeploymentState): Progress {
  const live = liveTasks(service, primary)
  const healthy = live.filter((task) => task.healthy).length
  const old = [...service.tasks].filter((task) => task.deployment !== primary)
  return {
    healthy,
    full: healthy === service.desiredCount && live.length === service.desiredCount,
    oldTold: old.every((task) => task.stopRequested),
    oldGone: old.every((task) => task.stopRequested && !stillServing(task)),
    quiet: [...service.tasks].every((task) => !task.stopRequested || !stillServing(task)),
  }
}

/**
 * The early success criteria in force, if enough tasks are healthy and have been for the bake time. ECS API:
 * DeploymentEarlySuccessCriteria.
 */
function earlyEnough(ecs: Ecs, service: ServiceState, primary: DeploymentState): 'BLOCKING' | 'DEFERRED' | undefined {
  const criteria = service.deploymentConfiguration.earlySuccessCriteria
  if (!criteria?.enable || primary.rolloutState !== 'IN_PROGRESS' || primary.serviceDeployment?.rollback)
    return undefined
  const wanted = Math.ceil((service.desiredCount * (criteria.healthyPercent ?? 100)) / 100)
  if (progressOf(service, primary).healthy < wanted) {
    primary.bakingSince = undefined
    return undefined
  }
  return baked(ecs, primary) ? (criteria.sourceServiceRevisionCleanup ?? 'BLOCKING') : undefined
}

/**
 * Whether old tasks leave without waiting for a replacement each: with BLOCKING before an early success, with
 * DEFERRED after it. ECS guide: "Complete Amazon ECS rolling deployments early with early success criteria".
 */
export const cleansUp = (ecs: Ecs, service: ServiceState, primary: DeploymentState): boolean =>
  primary.rolloutState === 'COMPLETED' || earlyEnough(ecs, service, primary) === 'BLOCKING'

/** Ends the deployment under way when all it waits for has happened, and says when the service is steady. */
export function settle(ecs: Ecs, service: ServiceState): void {
  const [primary] = service.deployments
  if (!primary || primary.halted) return
  const progress = progressOf(service, primary)
  if (primary.rolloutState === 'COMPLETED') {
    if (!service.steady && progress.full && progress.oldGone && progress.quiet) saySteady(ecs, service)
    return
  }
  if (!primary.stages) {
    if (rolled(ecs, service, primary, progress)) complete(ecs, primary)
    return
  }
  const wanted = awaited(primary)
  const reached =
    (wanted === 'scaled' && progress.full) ||
    (wanted === 'cleaned' && progress.full && progress.oldGone) ||
    (wanted === 'rolled' && rolled(ecs, service, primary, progress))
  if (reached) nextStage(ecs, primary)
}

/**
 * Whether a rolling deployment has done all it has to; also gives its service deployment SUCCESSFUL where that
 * comes first.
 */
function rolled(ecs: Ecs, service: ServiceState, primary: DeploymentState, progress: Progress): boolean {
  const now = ecs.world.clock.now().getTime()
  // With a desired count of 0 nothing becomes healthy; ECS completes all the same, once it has looked.
  if (service.desiredCount === 0 && now < primary.notBefore) return false
  const early = earlyEnough(ecs, service, primary)
  if (early) return early === 'DEFERRED' || progress.oldGone
  if (service.deploymentConfiguration.earlySuccessCriteria?.enable && !primary.serviceDeployment?.rollback) return false
  if (!progress.full) {
    primary.bakingSince = undefined
    return false
  }
  if (!progress.oldTold || !baked(ecs, primary)) return false
  return leadOver(ecs, service, primary) && progress.oldGone
}

/** SUCCESSFUL may come before COMPLETED, while old tasks drain: true when that lead is over. */
function leadOver(ecs: Ecs, service: ServiceState, primary: DeploymentState): boolean {
  const lead = ecs.options.successfulBeforeCompleted
  if (lead === 0) return true
  succeed(ecs, primary)
  const now = ecs.world.clock.now().getTime()
  const due = (primary.serviceDeployment?.finishedAt?.getTime() ?? now) + lead * 1000
  if (now >= due) return true
  wakeAt(ecs, service, `complete ${primary.id}`, due)
  return false
}
