import type { EcsOptions } from '../scenario.ts'

/** The scenario's readings of undocumented behaviour with the best attested default for each that it leaves out. */
export function ecsOptions(given: EcsOptions = {}): Required<EcsOptions> {
  return {
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
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  }
}
