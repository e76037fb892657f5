import { type ActionResult, UserError } from '@deploy-actions/action-kit'
import { watchDeployments } from '@deploy-actions/ecs'
import { type Choice, choose } from './choose.ts'
import { conclude } from './conclude.ts'
import type { Deps } from './deps.ts'
import { goBack } from './go-back.ts'
import type { Inputs } from './inputs.ts'
import { checkPostponed } from './postponed-checks.ts'
import { type Going, type Marks, recordWayBack } from './record-way-back.ts'
import { sayPlan, sayRefused } from './report.ts'
import { lookAround, type Situation } from './situation.ts'
import { stopMigration } from './stop-migration.ts'
import { waitForOthers } from './wait-for-others.ts'

/**
 * The way back: see what serves, choose the target, ask the gate; only then freeze, stop a migration, start, watch and
 * record. A refusal comes before anything is written.
 */
export async function run(inputs: Inputs, deps: Deps): Promise<ActionResult> {
  const endTurn = inputs.priority === 'normal' ? await waitForOthers(inputs, deps) : undefined
  try {
    const begun = await begin(inputs, deps)
    if ('refused' in begun) return refuse(begun, inputs, deps)
    const { situation, choice, marks } = begun
    await stopMigration(inputs, marks.pending, deps)
    const starts = await goBack(choice.moves, inputs, deps)
    const beside = inputs.priority === 'panic' ? checkPostponed(choice.moves, inputs, deps) : choice.moves
    const started = starts.flatMap((start) => ('started' in start ? [start.started] : []))
    const outcomes = started.length > 0 ? await watchDeployments(deps, started, { timeoutMs: inputs.timeoutMs }) : []
    return await conclude({ inputs, situation, choice, marks, starts, outcomes }, await beside, deps)
  } finally {
    await endTurn?.()
  }
}

interface Begun {
  situation: Situation
  choice: Going
  marks: Marks
}

/** Looks, chooses and writes it down. Where the record has moved in between, all of it again. */
async function begin(inputs: Inputs, deps: Deps): Promise<Begun | Extract<Choice, { refused: true }>> {
  for (let attempt = 1; ; attempt++) {
    const situation = await lookAround(inputs, deps)
    const choice = await choose(inputs, situation, deps)
    if (choice.refused) return choice
    const recorded = await recordWayBack(inputs, situation, choice, deps)
    if (recorded.kind === 'refused') return { refused: true, target: choice.target, message: recorded.message }
    if (recorded.kind === 'written') {
      sayPlan(deps.log, inputs, situation, choice)
      return { situation, choice, marks: recorded.marks }
    }
    if (attempt === 3)
      throw new UserError(
        'What "previous" means has changed each time this step wrote it down, as others release or roll back right now. Nothing was changed. Name the target: to: a digest, a commit or family:revision.',
      )
  }
}

function refuse(choice: Extract<Choice, { refused: true }>, inputs: Inputs, deps: Deps): ActionResult {
  sayRefused(deps, inputs, choice)
  return { outputs: { verdict: 'refused' }, failure: `Refused: ${choice.message}` }
}
