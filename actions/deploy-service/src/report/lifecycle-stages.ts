import type { Observation } from '@deploy-actions/ecs'

/** When a lifecycle stage was first seen, by our clock: ECS tells only the present one. */
export interface StageTime {
  stage: string
  at: Date
}

export interface StageTimes {
  take(observation: Observation): void
  of(service: string): StageTime[]
}

/** Keeps the lifecycle stages of blue/green, linear and canary deployments as the watch sees them. */
export function stageTimes(): StageTimes {
  const seen = new Map<string, StageTime[]>()
  return {
    take({ started, serviceDeployment, now }) {
      const stage = serviceDeployment?.lifecycleStage
      const stages = seen.get(started.service) ?? []
      if (!stage || stages.at(-1)?.stage === stage) return
      seen.set(started.service, [...stages, { stage, at: now }])
    },
    of: (service) => seen.get(service) ?? [],
  }
}
