import { type ActionResult, UserError } from '@deploy-actions/action-kit'
import { watchDeployments } from '@deploy-actions/ecs'
import { choose } from './choose.ts'
import { conclude } from './conclude.ts'
import { readCurrentState } from './current-state.ts'
import type { Deps } from './deps.ts'
import { goBack } from './go-back.ts'
import type { Inputs } from './inputs.ts'
import { checkPostponed } from './postponed-checks.ts'
import { recordWayBack } from './record-way-back.ts'
import { refusedMarkdown, sayPlan } from './report.ts'
import { stopMigration } from './stop-migration.ts'
import type { Story } from './story.ts'
import { type Target, theOne } from './target.ts'
import { waitForOthers } from './wait-for-others.ts'

/**
 * The way back: see what serves, choose the target, ask the gate; only then freeze, stop a migration, start, watch
 * and record. A refusal comes before anything is written.
 */
export async function run(inputs: Inputs, deps: Deps): Promise<ActionResult> {
  const unlock = inputs.priority === 'normal' ? await waitForOthers(inputs, deps) : undefined
  try {
    const begun = await begin(inputs, deps)
    if ('refusal' in begun) return refuse(begun, inputs, deps)
    const { target, marks } = begun
    await stopMigration(inputs, marks.pending, deps)
    const starts = await goBack(target.services, inputs, deps)
    const postponed = inputs.priority === 'panic' ? checkPostponed(target.services, inputs, deps) : target.services
    const started = starts.flatMap((start) => start.started ?? [])
    const outcomes = started.length > 0 ? await watchDeployments(deps, started, { timeoutMs: inputs.timeoutMs }) : []
    const services = await postponed
    const ends = services.map((service, at) => ({
      ...service,
      ...starts[at],
      outcome: outcomes.find(({ started: { service: name } }) => name === service.present.service),
    }))
    const digest = target.digest ?? theOne(services.map((service) => service.digest))
    return await conclude({ ...begun, target: { ...target, services, digest }, ends }, deps)
  } finally {
    await unlock?.()
  }
}

interface Refused {
  target: Target
  refusal: string
}

/** Looks, chooses and writes it down. Where the record has moved in between, all of it again. */
async function begin(inputs: Inputs, deps: Deps): Promise<Omit<Story, 'ends'> | Refused> {
  for (let attempt = 0; attempt < 3; attempt++) {
    const current = await readCurrentState(inputs, deps)
    const choice = await choose(inputs, current, deps)
    const { target, refusal } = choice
    if (refusal !== undefined) return { target, refusal }
    if (deps.signal.aborted) throw new UserError('Cancelled before the way back began. Nothing was changed.')
    const marks = await recordWayBack(inputs, current, choice, deps)
    if (marks === 'moved') continue
    if ('refusal' in marks) return { target, ...marks }
    sayPlan(deps.log, inputs, current, choice)
    return { inputs, current, target, marks }
  }
  throw new UserError(
    'What "previous" means has changed each time this step wrote it down, as others release or roll back right now. Nothing was changed. Name the target: to: a digest, a commit or family:revision.',
  )
}

function refuse({ target, refusal }: Refused, inputs: Inputs, { summary }: Deps): ActionResult {
  summary.add(refusedMarkdown(inputs, target, refusal))
  return { outputs: { verdict: 'refused' }, failure: `Refused: ${refusal}` }
}
