import { type ActionResult, messageOf } from '@deploy-actions/action-kit'
import { familyRevision, type Verdict } from '@deploy-actions/ecs'
import {
  allOf,
  type Change,
  intentEnded,
  knownImage,
  pardoned,
  type Subject,
  schemaOf,
  updateRecord,
  wayBackCompleted,
} from '@deploy-actions/release'
import { lazyReader, type Move } from './choose.ts'
import type { Deps } from './deps.ts'
import type { Inputs } from './inputs.ts'
import { recordAfterwards } from './record-way-back.ts'
import { nextSteps, type Story, stillServing, storyMarkdown } from './report.ts'
import type { Situation } from './situation.ts'

/**
 * Records how a way back ended, says it and what is in force now. `moves`: with the digests that were learnt beside the
 * watch.
 */
export async function conclude(told: Story, moves: Move[], deps: Deps): Promise<ActionResult> {
  const { inputs, outcomes } = told
  const starts = told.starts.map((start, index) => ({ ...start, move: moves[index]! }))
  const situation = { ...told.situation, present: moves.map(({ present }) => present) }
  const choice = { ...told.choice, moves, target: { ...told.choice.target, services: moves } }
  const verdict = overall(told)
  const marks = await recordAfterwards(inputs, situation, choice, told.marks, deps)
  const ended = { ...told, starts, situation, choice, marks }
  const unmarked = await recordEnd(ended, deps)
  const story = { ...ended, marks: { ...marks, bad: marks.bad.filter((digest) => !unmarked.includes(digest)) } }
  const open = outcomes.filter((outcome) => outcome.verdict !== 'completed')
  if (open.length > 0) {
    const { explain } = await import('./explain.ts')
    for (const outcome of open) await explain(outcome, deps)
  }

  deps.summary.add(storyMarkdown(story, verdict, deps))
  for (const step of nextSteps(story, verdict)) deps.log.notice(step)
  const services = moves.map(({ present }) => present)
  const outputs = {
    from: one(services.map(({ digest }) => digest)) ?? services.map(({ taskDefinition }) => taskDefinition).join('\n'),
    to: one(moves.map(({ digest }) => digest)) ?? revisions(story).join('\n'),
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

/**
 * What completed is on record. A way back that certainly did not is over; one that was only no longer watched goes on,
 * and the next one joins it. What serves after all is not bad: returns the digests whose marks were taken away again.
 */
async function recordEnd({ inputs, situation, choice, starts, outcomes, marks }: Story, deps: Deps): Promise<string[]> {
  const { ssm, clock, log, run } = deps
  const { record } = inputs
  const { number } = marks
  if (!record || number === undefined) return []
  const ended = (service: string) => outcomes.find(({ started }) => started.service === service)?.verdict
  const completed = starts.flatMap((start) =>
    'started' in start && ended(start.started.service) === 'completed' ? [start.started] : [],
  )
  const failed = starts.filter((start) =>
    'error' in start
      ? !start.uncertain
      : ['failed', 'rolled-back', 'stopped'].includes(ended(start.started.service) ?? ''),
  )
  const still = failed.flatMap(({ move }) => move.present.digest ?? [])
  const unmarked = marks.bad.filter((digest) => still.includes(digest))
  const changes: Change[] = [
    ...(completed.length > 0
      ? [
          wayBackCompleted(
            { number, release: choice.target.release?.number },
            await subject(),
            clock.now().toISOString(),
          ),
        ]
      : []),
    ...(failed.length > 0 ? [intentEnded({ number }, 'failed')] : []),
    ...unmarked.map((digest) => pardoned({ digest })),
  ]
  if (changes.length === 0) return []
  try {
    await updateRecord({ ssm, clock }, record, allOf(...changes))
    return unmarked
  } catch (error) {
    log.warning(
      `${failed.length > 0 ? 'How the way back ended is not on record' : 'The way back completed, but the record does not say so'}: ${messageOf(error)}`,
    )
    return []
  }

  /** Panic learns some digests only beside the watch. */
  async function subject(): Promise<Subject> {
    const { commit, release } = choice.target
    const digest = choice.target.digest ?? one(choice.moves.map((move) => move.digest))
    const known = release ?? (situation.state && knownImage(situation.state, digest))
    const level = known?.level ?? (digest && (await levelOf(digest, inputs, situation, choice, deps)))
    const services = Object.fromEntries(
      completed.map(({ service, taskDefinition }) => [service, familyRevision(taskDefinition)]),
    )
    return { digest, sourceKey: known?.sourceKey, commit, level, services, run, runOrder: known?.runOrder }
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
    return (await schemaOf(digest, state, lazyReader(inputs, target, deps)))?.level.text
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
