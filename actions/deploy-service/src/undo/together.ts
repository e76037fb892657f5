import {
  type DeploymentOutcome,
  familyRevision,
  updateServices,
  type Verdict,
  watchDeployments,
} from '@deploy-actions/ecs'
import type { Deps, UndoRight } from '../deps.ts'
import type { Inputs } from '../inputs.ts'

const unfailed: Verdict[] = ['completed', 'paused', 'superseded']

/**
 * `rollback-together`: where one service did not complete, the completed ones go back to what they ran, by a new
 * deployment of that revision. Answers with lines on how that went.
 */
export async function rollBackCompleted(
  inputs: Inputs,
  { outcomes, refused }: { outcomes: DeploymentOutcome[]; refused: unknown[] },
  right: UndoRight,
  deps: Deps,
): Promise<string[]> {
  // A paused deployment still waits for its answer, and a superseded one is somebody else's by now: neither has
  // failed.
  const failed = refused.length > 0 || outcomes.some(({ verdict }) => !unfailed.includes(verdict))
  if (!inputs.rollbackTogether || !failed) return []
  const ours = outcomes.filter(({ verdict, started }) => verdict === 'completed' && started.created)
  const same = ours.filter(({ started }) => started.taskDefinition === started.previousTaskDefinition)
  const completed = ours.filter((outcome) => !same.includes(outcome))
  const stays = same.map(
    ({ started }) =>
      `${started.service} stays on this release: it is a new deployment of ${familyRevision(started.taskDefinition)}, which it ran before, so there is no earlier revision to go back to.`,
  )
  if (completed.length === 0) return stays
  const names = completed.map(({ started }) => started.service).join(', ')
  if (!right.allowed)
    return [
      ...stays,
      `${names} completed and stay on this release although others failed: going back is not allowed. ${right.why}`,
    ]
  if (deps.cancelled.aborted) return [...stays, `${names} completed and stay on this release: the run was cancelled.`]
  deps.log.info(`rollback-together: ${names} go back to the release of before.`)
  return [...stays, ...(await goBack(completed, inputs, deps))]
}

async function goBack(completed: DeploymentOutcome[], inputs: Inputs, deps: Deps): Promise<string[]> {
  const { clients, clock, log, cancelled: signal } = deps
  const results = await updateServices(
    { ecs: clients.lastingEcs(), clock, log, signal },
    completed.map(({ started, observation }) => ({
      cluster: started.cluster,
      service: started.serviceArn,
      taskDefinition: started.previousTaskDefinition,
      brings: started.previousTaskDefinition,
      before: observation?.service ?? {},
    })),
  )
  const lines = results.flatMap((result, index) =>
    'started' in result
      ? []
      : [`${completed[index]!.started.service} stays on this release: it could not be taken back. ${result.message}`],
  )
  const started = results.flatMap((result) => ('started' in result ? [result.started] : []))
  if (started.length === 0) return lines
  const ends = await watchDeployments({ ecs: clients.ecs, clock, log, signal }, started, {
    timeoutMs: inputs.timeoutMs,
  })
  return [
    ...lines,
    ...ends.map(({ started: { service, taskDefinition }, verdict, reason }) =>
      verdict === 'completed'
        ? `${service} was taken back to ${familyRevision(taskDefinition)}.`
        : `${service} could not be taken back to ${familyRevision(taskDefinition)}: ${verdict}. ${reason}`,
    ),
  ]
}
