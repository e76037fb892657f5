import type { DeploymentState, Ecs } from '../types.ts'
import { runHooks } from './hooks.ts'
import { complete } from './outcome.ts'
import { poke, wakeAt } from './wake.ts'

/** One stretch of a deployment that goes through lifecycle stages. */
export interface StageStep {
  /** What DescribeServiceDeployments shows as lifecycleStage. */
  shown: string
  /** Hooks of this stage run at its beginning. */
  hooks: string
  /** Traffic weights of the new revision from here on. */
  production?: number
  test?: number
  /** It lasts at least this long after its hooks. */
  seconds: number
  /** And until all new tasks are healthy, all old ones gone, or a rolling deployment has done both. */
  until?: 'scaled' | 'cleaned' | 'rolled'
}

/**
 * Production weights step by step. ECS API: CanaryConfiguration, LinearConfiguration; the last step has no bake
 * time of its own.
 */
function trafficSteps(deployment: DeploymentState): { weight: number; minutes: number }[] {
  const {
    strategy,
    canaryConfiguration: canary,
    linearConfiguration: linear,
  } = deployment.service.deploymentConfiguration
  if (strategy === 'CANARY') {
    return [
      { weight: canary?.canaryPercent ?? 5, minutes: canary?.canaryBakeTimeInMinutes ?? 10 },
      { weight: 100, minutes: 0 },
    ]
  }
  if (strategy !== 'LINEAR') return [{ weight: 100, minutes: 0 }]
  const percent = linear?.stepPercent ?? 10
  const count = Math.ceil(100 / percent)
  return Array.from({ length: count }, (_, index) => ({
    weight: Math.min(100, Math.round(percent * (index + 1) * 10) / 10),
    minutes: index === count - 1 ? 0 : (linear?.stepBakeTimeInMinutes ?? 6),
  }))
}

function shiftSteps(deployment: DeploymentState, seconds: number): StageStep[] {
  return trafficSteps(deployment).flatMap(({ weight, minutes }, index) => [
    // The API shows no stage of this name, although hooks can be set at it: the stage before stays.
    {
      shown: index ? 'PRODUCTION_TRAFFIC_SHIFT' : 'POST_TEST_TRAFFIC_SHIFT',
      hooks: 'PRE_PRODUCTION_TRAFFIC_SHIFT',
      seconds: 0,
    },
    {
      shown: 'PRODUCTION_TRAFFIC_SHIFT',
      hooks: 'PRODUCTION_TRAFFIC_SHIFT',
      production: weight,
      seconds: Math.max(seconds, minutes * 60),
    },
  ])
}

const plain = (name: string, seconds: number, more: Partial<StageStep> = {}): StageStep => ({
  shown: name,
  hooks: name,
  seconds,
  ...more,
})

/**
 * The stages a deployment goes through. Blue/green, linear and canary: ECS guide, "Amazon ECS blue/green
 * deployments workflow" and the pages on linear and canary deployments. A rolling deployment has stages to speak of
 * only where it has lifecycle hooks.
 */
export function stagesOf(ecs: Ecs, deployment: DeploymentState): StageStep[] | undefined {
  const { strategy, lifecycleHooks = [], bakeTimeInMinutes = 0 } = deployment.service.deploymentConfiguration
  const seconds = ecs.options.stageSeconds
  const several = (deployment.serviceDeployment?.sources.length ?? 0) > 1
  const reconcile = several ? [plain('RECONCILE_SERVICE', seconds)] : []
  if (strategy === 'ROLLING') {
    if (lifecycleHooks.length === 0) return undefined
    return [
      ...reconcile,
      plain('PRE_SCALE_UP', 0),
      plain('SCALE_UP', 0, { until: 'rolled' }),
      plain('POST_SCALE_UP', 0),
    ]
  }
  return [
    ...reconcile,
    plain('PRE_SCALE_UP', seconds, { production: 0, test: 0 }),
    plain('SCALE_UP', 0, { until: 'scaled' }),
    plain('POST_SCALE_UP', seconds),
    plain('TEST_TRAFFIC_SHIFT', seconds, { test: 100 }),
    plain('POST_TEST_TRAFFIC_SHIFT', seconds),
    ...shiftSteps(deployment, seconds),
    plain('POST_PRODUCTION_TRAFFIC_SHIFT', seconds),
    plain('BAKE_TIME', bakeTimeInMinutes * 60),
    plain('CLEAN_UP', seconds, { until: 'cleaned' }),
  ]
}

const active = (deployment: DeploymentState) =>
  deployment.status === 'PRIMARY' && !deployment.halted && deployment.stages

/** Sets a deployment with stages going; one without is left to the rolling scheduler alone. */
export function beginStages(ecs: Ecs, deployment: DeploymentState): void {
  const steps = stagesOf(ecs, deployment)
  if (!steps) return
  deployment.stages = { steps, at: -1, waiting: false }
  nextStage(ecs, deployment)
}

/** Goes on to the next stage, or completes the deployment after the last. */
export function nextStage(ecs: Ecs, deployment: DeploymentState): void {
  const { stages, serviceDeployment: shown } = deployment
  if (!stages || !shown || !active(deployment)) return
  stages.at++
  stages.waiting = false
  const step = stages.steps[stages.at]
  if (!step) {
    deployment.stages = undefined
    complete(ecs, deployment)
    return
  }
  const now = ecs.world.clock.now()
  shown.stage = step.shown
  shown.updatedAt = now
  shown.productionTraffic = step.production ?? shown.productionTraffic
  shown.testTraffic = step.test ?? shown.testTraffic
  const { at } = stages
  runHooks(ecs, deployment, step.hooks, () => {
    const due = ecs.world.clock.now().getTime() + step.seconds * 1000
    wakeAt(ecs, deployment.service, `stage ${deployment.id}`, due, () => {
      if (!active(deployment) || deployment.stages?.at !== at) return
      if (step.until) {
        stages.waiting = true
        poke(ecs, deployment.service)
      } else nextStage(ecs, deployment)
    })
  })
}

export type Phase = 'hold' | 'grow' | 'keep' | 'clean' | 'roll'

/**
 * What the scheduler may do in the present stage: nothing, start new tasks beside the old ones, keep both, stop the
 * old ones, or roll.
 */
export function phaseOf(deployment: DeploymentState): Phase {
  const { stages } = deployment
  const step = stages?.steps[stages.at]
  if (!stages || !step) return 'roll'
  const scale = stages.steps.findIndex(({ until }) => until === 'scaled' || until === 'rolled')
  if (stages.at < scale) return 'hold'
  if (step.until === 'cleaned') return stages.waiting ? 'clean' : 'keep'
  if (stages.steps[scale]?.until === 'rolled') return stages.waiting || stages.at > scale ? 'roll' : 'hold'
  return stages.waiting || stages.at > scale ? 'grow' : 'hold'
}

/** What the present stage still waits for, once its hooks and time are over. */
export const awaited = (deployment: DeploymentState): StageStep['until'] =>
  deployment.stages?.waiting ? deployment.stages.steps[deployment.stages.at]?.until : undefined
