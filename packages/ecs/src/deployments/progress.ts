import type { Deployment } from '@aws-sdk/client-ecs'
import { formatStopwatch } from '@deploy-actions/action-kit'
import type { Judgement, Observation } from './types.ts'

/**
 * Where a deployment stands, in a few words: `new 2/4 running · old 2 draining · 1 failed`. Without the time, so
 * that the caller can compare it with what it printed last.
 */
export function progressText({ service, started, serviceDeployment }: Observation, judgement: Judgement): string {
  const deployments = service?.deployments ?? []
  const own = deployments.find(({ id }) => id === started.deploymentId)
  const target = serviceDeployment?.targetServiceRevision
  const wanted = service?.desiredCount ?? target?.requestedTaskCount ?? 0
  const pending = own?.pendingCount ?? target?.pendingTaskCount ?? 0
  const breaker = serviceDeployment?.deploymentCircuitBreaker
  const failed = breaker?.failureCount ?? own?.failedTasks ?? 0
  const threshold = breaker?.status === 'DISABLED' ? undefined : breaker?.threshold
  return [
    own || target ? `new ${own?.runningCount ?? target?.runningTaskCount ?? 0}/${wanted} running` : 'new gone',
    pending > 0 ? `${pending} starting` : '',
    ...deployments.filter(({ id }) => id !== started.deploymentId).map(otherText),
    failed > 0 ? `${failed}${threshold ? ` of ${threshold}` : ''} failed` : '',
    stageText(serviceDeployment?.lifecycleStage),
    trafficText(target?.requestedProductionTrafficWeight, serviceDeployment?.lifecycleStage),
    judgement.ended ? judgement.verdict : phaseTexts[judgement.phase],
  ]
    .filter(Boolean)
    .join(' · ')
}

const phaseTexts: Record<string, string> = { 'rolling-back': 'rolling back', paused: 'paused', baking: 'baking' }

/** `web  <text> · 00:41`, the name padded to the longest of the watch. */
export function progressLine(name: string, width: number, text: string, elapsedMs: number): string {
  return `${name.padEnd(width)}  ${text} · ${formatStopwatch(elapsedMs)}`
}

function otherText({ runningCount = 0, desiredCount = 0, createdAt }: Deployment): string {
  if (runningCount === 0 || createdAt === undefined) return ''
  return `old ${runningCount} ${desiredCount < runningCount ? 'draining' : 'running'}`
}

function stageText(stage: string | undefined): string {
  return stage && stage !== 'SCALE_UP' ? stage.toLowerCase().replaceAll('_', ' ') : ''
}

function trafficText(weight: number | undefined, stage: string | undefined): string {
  return weight !== undefined && stage ? `${weight} % of the traffic` : ''
}
