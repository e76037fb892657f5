import type { DeploymentState, Ecs } from '../types.ts'
import { fail } from './outcome.ts'
import { wakeAt } from './wake.ts'

/**
 * Watches a deployment's CloudWatch alarms. One that is in ALARM already at the start switches the watch off for
 * this deployment. ECS guide: "How CloudWatch alarms detect Amazon ECS deployment failures".
 */
export function beginAlarms(ecs: Ecs, deployment: DeploymentState): void {
  const alarms = deployment.service.deploymentConfiguration.alarms
  const shown = deployment.serviceDeployment
  if (!shown || !alarms?.enable || !alarms.alarmNames?.length) return
  const ringing = () => (alarms.alarmNames ?? []).filter((name) => ecs.world.alarms.state(name) === 'ALARM')
  shown.alarmStatus = ringing().length ? 'DISABLED' : 'MONITORING'
  if (shown.alarmStatus === 'DISABLED') return
  const check = () => {
    if (
      deployment.rolloutState !== 'IN_PROGRESS' ||
      deployment.status !== 'PRIMARY' ||
      shown.alarmStatus !== 'MONITORING'
    )
      return
    const names = ringing()
    if (names.length) {
      shown.alarmStatus = 'TRIGGERED'
      shown.triggeredAlarms = names
      fail(ecs, deployment, 'alarm')
      return
    }
    watch()
  }
  const watch = () =>
    wakeAt(
      ecs,
      deployment.service,
      `alarms ${deployment.id}`,
      ecs.world.clock.now().getTime() + ecs.options.alarmCheckSeconds * 1000,
      check,
    )
  watch()
}
