import { type ActionResult, inParallel } from '@deploy-actions/action-kit'
import {
  type DeploymentOutcome,
  explainFailure,
  type FailureReport,
  familyRevision,
  reportAnnotation,
  reportLines,
  type Verdict,
} from '@deploy-actions/ecs'
import type { Deps } from '../deps.ts'
import type { Inputs } from '../inputs.ts'

export interface Conclusion {
  /** The services in the order of the input. */
  names: string[]
  outcomes: DeploymentOutcome[]
  refused: { name: string; message: string }[]
  reports: FailureReport[]
  /** What became of services that were taken back because others failed. */
  together: string[]
  /** Why the release is not wanted any more although it completed, see `recordCompleted`. */
  overruled?: string | undefined
}

/** The verdict of several services is that of the one that needs attention most. */
const severity: Verdict[] = [
  'failed',
  'rolled-back',
  'unknown',
  'timed-out',
  'stopped',
  'paused',
  'superseded',
  'completed',
]

/** GitHub shows ten annotations of a kind per step: up to five are for refused updates, one is the step's own. */
const annotationsAtMost = 4

/**
 * Gathers the evidence of every deployment that did not complete and prints it. A cancelled run has no time for
 * that.
 */
export async function explain(outcomes: DeploymentOutcome[], deps: Deps): Promise<FailureReport[]> {
  const bad = outcomes.filter(
    ({ verdict, interrupted }) => verdict !== 'completed' && verdict !== 'paused' && interrupted !== 'cancelled',
  )
  const gathered = await inParallel(bad, 4, async (outcome) =>
    deps.cancelled.aborted ? undefined : { outcome, report: await explainFailure(deps.clients, outcome) },
  )
  const reports: FailureReport[] = []
  for (const { outcome, report } of gathered.filter((one) => one !== undefined)) {
    reports.push(report)
    await deps.log.group(
      `Why ${outcome.started.service} ${outcome.verdict === 'superseded' ? 'was superseded' : 'did not complete'}`,
      () => {
        for (const line of reportLines(report)) deps.log.info(line)
      },
    )
  }
  return reports
}

/** Outputs and, unless everything completed, the message that makes the step red. */
export function conclude(
  inputs: Inputs,
  { names, outcomes, refused, reports, together, overruled }: Conclusion,
  { log }: Deps,
): ActionResult {
  const verdict = overall(outcomes, refused)
  for (const { verdict: one, reason, started } of outcomes)
    if (one === 'completed') log.info(`${started.service}: completed. ${reason}`)
  for (const line of together) log.warning(line)
  // One line a service in the order of the input; empty where the update was refused, or ECS names none.
  const lines = (pick: (outcome: DeploymentOutcome) => string | undefined) =>
    names
      .map((name) => outcomes.find(({ started }) => started.service === name))
      .map((outcome) => (outcome && pick(outcome)) ?? '')
      .join('\n')
  const outputs = {
    verdict,
    'deployment-id': lines(({ started }) => started.deploymentId),
    'task-definition': lines(({ started }) => familyRevision(started.taskDefinition)),
    'previous-task-definition': lines(({ started }) => familyRevision(started.previousTaskDefinition)),
    'service-deployment-arn': lines(({ serviceDeploymentArn }) => serviceDeploymentArn),
    url: inputs.url,
  }
  if (verdict === 'completed') return { outputs, ...(overruled ? { failure: overruled } : {}) }
  if (overruled) log.error(overruled)
  return { outputs, failure: failureText(outcomes, refused, reports, log) }
}

/** The verdict of the whole step. */
export function overall(outcomes: DeploymentOutcome[], refused: Conclusion['refused']): Verdict {
  if (refused.length > 0) return 'failed'
  return severity.find((verdict) => outcomes.some((outcome) => outcome.verdict === verdict)) ?? 'completed'
}

function failureText(
  outcomes: DeploymentOutcome[],
  refused: Conclusion['refused'],
  reports: FailureReport[],
  log: Deps['log'],
): string {
  const bad = outcomes.filter(({ verdict }) => verdict !== 'completed')
  const textOf = (outcome: DeploymentOutcome) => {
    const report = reports.find((one) => one.outcome === outcome)
    return report ? reportAnnotation(report) : `${outcome.started.service}: ${outcome.verdict}. ${outcome.reason}`
  }
  if (outcomes.length === 1 && refused.length === 0) return textOf(bad[0]!)
  for (const outcome of bad.slice(0, annotationsAtMost)) log.error(textOf(outcome))
  const parts = [
    ...severity.flatMap((verdict) => {
      const names = bad.filter((one) => one.verdict === verdict).map(({ started }) => started.service)
      return names.length > 0 ? [`${verdict}: ${names.join(', ')}`] : []
    }),
    ...(refused.length > 0 ? [`not updated: ${refused.map(({ name }) => name).join(', ')}`] : []),
  ]
  const completed = outcomes.length - bad.length
  return `${completed} of ${outcomes.length + refused.length} services completed; ${parts.join('; ')}.`
}
