import type { EcsOptions } from '../scenario.ts'

/** The best attested reading of each undocumented behaviour. */
const DEFAULTS: Required<EcsOptions> = {
  serviceDeploymentListDelay: 3,
  staleCurrentServiceDeployment: 3,
  supersededStatus: 'STOPPED',
  breakerLag: 60,
  successfulBeforeCompleted: 0,
  settleSeconds: 40,
  drainingStatus: false,
  firstTaskAfter: 4,
  schedulerTick: 1,
  deprovisioningSeconds: 10,
  startsAfter: 20,
  healthyAfter: 5,
  alarmCheckSeconds: 10,
  alarmBakeSeconds: 300,
  drainingCountsAsRunning: true,
  stageSeconds: 5,
  stopFinishedError: 'ConflictException',
  rollbackNeedsActiveTaskDefinition: false,
  breakerCountsExits: true,
  stoppedTasksVisibleSeconds: 3600,
  imageDigest: 'index',
  exitCodeDelay: 0,
  serviceDeploymentOrder: 'newest-first',
  lambdaHooks: [],
}

/**
 * The readings in force: what the scenario says at the moment of asking, so that they can be changed while the
 * simulator runs.
 */
export const ecsOptions = (given: () => EcsOptions | undefined): Required<EcsOptions> =>
  new Proxy(DEFAULTS, {
    get: (defaults, name) => given()?.[name as keyof EcsOptions] ?? defaults[name as keyof EcsOptions],
  })
