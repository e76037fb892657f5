import { type ActionResult, messageOf } from '@deploy-actions/action-kit'
import { familyRevision, type Verdict } from '@deploy-actions/ecs'
import { rolledBackTo, schemaOf, updateRecord } from '@deploy-actions/release'
import { lazyReader } from './choose.ts'
import type { Deps } from './deps.ts'
import type { Inputs } from './inputs.ts'
import { badDigests, mark } from './mark.ts'
import { nextSteps, type Story, stillServing, storyMarkdown } from './report.ts'
import type { Situation } from './situation.ts'

/** Records a way back that completed, says how it ended and what is in force now. */
export async function conclude(story: Story, deps: Deps): Promise<ActionResult> {
  const { inputs, situation, choice, outcomes, starts } = story
  const verdict = overall(story)
  const unmarked = badDigests(situation, choice.target).some((digest) => !story.marks.bad.includes(digest))
  if (inputs.record && (!story.marks.written || unmarked))
    story.marks = await mark(inputs, situation, choice.target, deps, true)
  if (verdict === 'completed') await recordRelease(story, deps)
  const open = outcomes.filter((outcome) => outcome.verdict !== 'completed')
  if (open.length > 0) {
    const { explain } = await import('./explain.ts')
    for (const outcome of open) await explain(outcome, deps)
  }

  deps.summary.add(storyMarkdown(story, verdict, deps))
  for (const step of nextSteps(story, verdict)) deps.log.notice(step)
  const services = choice.moves.map(({ present }) => present)
  const outputs = {
    from: one(services.map(({ digest }) => digest)) ?? services.map(({ taskDefinition }) => taskDefinition).join('\n'),
    to: one(choice.moves.map(({ digest }) => digest)) ?? revisions(story).join('\n'),
    verdict,
    'task-definition': revisions(story).join('\n'),
  }
  if (verdict === 'completed') return { outputs }
  const errors = starts.flatMap((start) => ('error' in start ? [`${start.move.present.service}: ${start.error}`] : []))
  const reasons = open.map(({ started, verdict, reason }) => `${started.service}: ${verdict}. ${reason}`)
  return {
    outputs,
    failure: ['The way back did not complete.', ...stillServing(story), ...errors, ...reasons].join('\n'),
  }
}

/** Completed only when every service completed; otherwise the first verdict that is another. */
function overall({ starts, outcomes }: Story): Verdict {
  const errors = starts.filter((start) => 'error' in start)
  if (errors.length > 0) return errors.every(({ uncertain }) => uncertain) ? 'unknown' : 'failed'
  return outcomes.find(({ verdict }) => verdict !== 'completed')?.verdict ?? 'completed'
}

async function recordRelease({ inputs, situation, choice, starts }: Story, deps: Deps): Promise<void> {
  const { ssm, clock, log, run } = deps
  const { record } = inputs
  if (!record) return
  const { commit, release } = choice.target
  // Panic learns some digests only beside the watch.
  const digest = choice.target.digest ?? one(choice.moves.map((move) => move.digest))
  const level = choice.level ?? (digest && (await levelOf(digest, inputs, situation, choice, deps)))
  if (!digest || !level) {
    log.warning(
      'Which image serves now, or which schema it expects, is not known, so the record does not list this rollback as a release.',
    )
    return
  }
  const services = Object.fromEntries(
    starts.flatMap((start) =>
      'started' in start ? [[start.started.service, familyRevision(start.started.taskDefinition)]] : [],
    ),
  )
  const at = clock.now().toISOString()
  const back = rolledBackTo({ digest, commit, level, services, at, run, order: release?.order }, release)
  try {
    await updateRecord(ssm, record.application, record.environment, back, clock)
  } catch (error) {
    log.warning(`The way back completed, but the record does not say so: ${messageOf(error)}`)
  }
}

async function levelOf(
  digest: string,
  inputs: Inputs,
  { state }: Situation,
  { target }: Story['choice'],
  deps: Deps,
): Promise<string | undefined> {
  try {
    return (await schemaOf(digest, state, lazyReader(inputs, target, deps))).level.text
  } catch (error) {
    deps.log.warning(messageOf(error))
    return undefined
  }
}

function revisions({ starts }: Story): string[] {
  return starts.map((start) =>
    'started' in start ? familyRevision(start.started.taskDefinition) : start.move.present.taskDefinition,
  )
}

/** The one value that all have. */
function one(values: (string | undefined)[]): string | undefined {
  return new Set(values).size === 1 ? values[0] : undefined
}
