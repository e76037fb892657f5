import type { DeploymentState, Ecs, ServiceState } from '../types.ts'
import { breakerIsDue } from './breaker.ts'
import { names, perTargetGroup, say, sayOnce } from './events.ts'
import { fail } from './outcome.ts'
import { type Plan, planStep } from './plan.ts'
import { cleansUp, settle } from './settle.ts'
import { liveTasks, startTasks, stillServing, stopTasks } from './staff.ts'
import { phaseOf } from './stages.ts'
import { poke, wakeAt } from './wake.ts'

/** Events about what tasks did by themselves since the last look, one per kind. */
function report(ecs: Ecs, service: ServiceState): void {
  for (const [group, count] of perTargetGroup(service.registered)) {
    say(ecs, service, `registered ${count} targets in (target-group ${group})`)
  }
  if (service.stoppedRunning.length) {
    say(ecs, service, `has stopped ${service.stoppedRunning.length} running tasks: ${names(service.stoppedRunning)}.`)
  }
  service.registered = []
  service.stoppedRunning = []
}

/**
 * How many tasks the deployment may start now: none while halted or throttled, one alone until its images' digests
 * are known.
 */
function allowance(ecs: Ecs, deployment: DeploymentState, live: number): number {
  if (deployment.halted) return 0
  const now = ecs.world.clock.now().getTime()
  if (now < deployment.notBefore) {
    wakeAt(ecs, deployment.service, `next ${deployment.id}`, deployment.notBefore)
    return 0
  }
  if (deployment.tripped) return live ? 0 : 1
  if (deployment.revision.digestState === 'unresolved') return live ? 0 : 1
  return Number.POSITIVE_INFINITY
}

const STUCK =
  'was unable to stop or start tasks during a deployment because of the service deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try again.'

/**
 * Superseded deployments go when their last task has; a completed one stays as rollback candidate until its
 * successor completes.
 */
function dropSuperseded(service: ServiceState): void {
  service.deployments = service.deployments.filter(
    (deployment, index) =>
      index === 0 ||
      (deployment.rolloutState === 'COMPLETED' && service.deployments[0]?.rolloutState !== 'COMPLETED') ||
      (deployment.rolloutState === 'FAILED' && service.deployments[0]?.rolloutState === 'IN_PROGRESS') ||
      [...service.tasks].some((task) => task.deployment === deployment && (!task.stopRequested || stillServing(task))),
  )
}

/**
 * What a deployment shows as desiredCount: what the scheduler wants of it now, not what the service wants in the
 * end.
 */
function showDesired(service: ServiceState): void {
  const [primary, ...others] = service.deployments
  if (!primary) return
  const live = liveTasks(service, primary).filter((task) => !task.unhealthy).length
  primary.desiredCount = Math.min(service.desiredCount, Math.max(primary.desiredCount, live))
  for (const other of others) other.desiredCount = liveTasks(service, other).length
}

function apply(ecs: Ecs, deployment: DeploymentState, plan: Plan<ReturnType<typeof liveTasks>[number]>): void {
  const { service } = deployment
  const replaced = Math.min(
    plan.start,
    plan.stop.filter((task) => task.unhealthy && task.deployment === deployment).length,
  )
  if (plan.start > 0) startTasks(ecs, deployment, plan.start, replaced)
  stopTasks(ecs, service, plan.stop)
  if (plan.stuck) sayOnce(ecs, service, STUCK)
  // A step often makes the next one possible (a stopped task leaves room), and only looking again shows it.
  if (plan.stop.length) poke(ecs, service)
}

/**
 * One look of the service scheduler: reports what happened, starts and stops what the arithmetic allows, and sees
 * whether the deployment has ended. Runs after every change and at moments set in advance; looking twice does
 * nothing twice.
 */
export function step(ecs: Ecs, service: ServiceState): void {
  report(ecs, service)
  const [primary] = service.deployments
  if (!primary) return
  if (breakerIsDue(ecs, primary)) {
    fail(ecs, primary, 'breaker')
    return
  }
  const live = liveTasks(service, primary)
  const phase = phaseOf(primary)
  const others = service.deployments.slice(1).flatMap((other) => liveTasks(service, other))
  const plan = planStep({
    desired: service.desiredCount,
    minimumHealthyPercent: service.deploymentConfiguration.minimumHealthyPercent ?? 100,
    maximumPercent: service.deploymentConfiguration.maximumPercent ?? 200,
    primary: live,
    // Only a rolling deployment trades old tasks for new ones; the other strategies keep all old ones until the
    // end.
    others: phase === 'roll' && !primary.halted ? others : [],
    allowance: phase === 'hold' ? 0 : allowance(ecs, primary, live.length),
    cleanUp: cleansUp(ecs, service, primary),
  })
  if (phase === 'clean') plan.stop.push(...others)
  apply(ecs, primary, plan)
  showDesired(service)
  dropSuperseded(service)
  settle(ecs, service)
}
