import type { ActionResult } from '@deploy-actions/action-kit'
import { watchDeployments } from '@deploy-actions/ecs'
import { type Choice, choose } from './choose.ts'
import { conclude } from './conclude.ts'
import type { Deps } from './deps.ts'
import { goBack } from './go-back.ts'
import type { Inputs } from './inputs.ts'
import { mark } from './mark.ts'
import { checkPostponed } from './postponed-checks.ts'
import { sayPlan, sayRefused } from './report.ts'
import { lookAround } from './situation.ts'
import { stopMigration } from './stop-migration.ts'
import { waitForOthers } from './wait-for-others.ts'

/**
 * The way back: see what serves, choose the target, ask the guard; only then freeze, stop a migration, start, watch and record. A refusal comes before
 * anything is written.
 */
export async function run(inputs: Inputs, deps: Deps): Promise<ActionResult> {
  const endTurn = inputs.priority === 'normal' ? await waitForOthers(inputs, deps) : undefined
  try {
    const situation = await lookAround(inputs, deps)
    const choice = await choose(inputs, situation, deps)
    if (choice.refused) return refuse(choice, inputs, deps)
    sayPlan(deps.log, inputs, situation, choice)

    const marks = await mark(inputs, situation, choice.target, deps)
    await stopMigration(inputs, situation.state?.pending, deps)
    const starts = await goBack(choice.moves, inputs, deps)
    const beside = inputs.priority === 'panic' ? checkPostponed(choice, inputs, deps) : undefined
    const started = starts.flatMap((start) => ('started' in start ? [start.started] : []))
    const outcomes = started.length > 0 ? await watchDeployments(deps, started, { timeoutMs: inputs.timeoutMs }) : []
    await beside
    return await conclude({ inputs, situation, choice, marks, starts, outcomes }, deps)
  } finally {
    await endTurn?.()
  }
}

function refuse(choice: Extract<Choice, { refused: true }>, inputs: Inputs, deps: Deps): ActionResult {
  sayRefused(deps, inputs, choice)
  return { outputs: { verdict: 'refused' }, failure: `Refused: ${choice.message}` }
}
