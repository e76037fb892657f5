import type { DeploymentState, Ecs, ServiceState } from '../types.ts'
import { saySteady } from './events.ts'
import { complete, succeed } from './outcome.ts'
import { liveTasks, stillServing } from './staff.ts'
import { wakeAt } from './wake.ts'

/** Seconds between the last task's health and success. ECS API: DeploymentConfiguration.bakeTimeInMinutes; with alarms ECS derives one. */
function bakeSeconds(ecs: Ecs, service: ServiceState): number {
  const { bakeTimeInMinutes = 0, alarms } = service.deploymentConfiguration
  if (bakeTimeInMinutes > 0) return bakeTimeInMinutes * 60
  return alarms?.enable ? ecs.options.alarmBakeSeconds : 0
}

/** Whether the bake time since the moment when enough tasks were healthy is over; wakes the scheduler when it will be. */
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
  }
}

/** Early success criteria: enough healthy tasks, old ones gone (BLOCKING) or not (DEFERRED). ECS API: DeploymentEarlySuccessCriteria. */
function earlySuccess(service: ServiceState, primary: DeploymentState, { healthy, oldGone }: Progress): boolean {
  const criteria = service.deploymentConfiguration.earlySuccessCriteria
  if (!criteria?.enable || primary.serviceDeployment?.rollback) return false
  const enough = healthy >= Math.ceil((service.desiredCount * (criteria.healthyPercent ?? 100)) / 100)
  return enough && (criteria.sourceServiceRevisionCleanup === 'DEFERRED' || oldGone)
}

/** Ends the deployment under way when all it waits for has happened, and says when the service is steady. */
export function settle(ecs: Ecs, service: ServiceState): void {
  const [primary] = service.deployments
  if (!primary || primary.halted) return
  const progress = progressOf(service, primary)
  if (primary.rolloutState === 'IN_PROGRESS') {
    settleDeployment(ecs, service, primary, progress)
    return
  }
  if (!service.steady && progress.full && progress.oldGone) saySteady(ecs, service)
}

function settleDeployment(ecs: Ecs, service: ServiceState, primary: DeploymentState, progress: Progress): void {
  const now = ecs.world.clock.now().getTime()
  // With a desired count of 0 nothing becomes healthy; ECS completes all the same, once it has looked.
  if (service.desiredCount === 0 && now < primary.notBefore) return
  const early = earlySuccess(service, primary, progress)
  if (!early && !progress.full) {
    primary.bakingSince = undefined
    return
  }
  const lead = ecs.options.successfulBeforeCompleted
  if (early ? !baked(ecs, primary) : !progress.oldTold || !baked(ecs, primary)) return
  if (early) {
    complete(ecs, primary)
    return
  }
  if (lead > 0) {
    if (primary.serviceDeployment && !primary.serviceDeployment.finishedAt) succeed(ecs, primary)
    const since = primary.serviceDeployment?.finishedAt?.getTime() ?? now
    if (now < since + lead * 1000) {
      wakeAt(ecs, service, `complete ${primary.id}`, since + lead * 1000)
      return
    }
  }
  if (progress.oldGone) complete(ecs, primary)
}
