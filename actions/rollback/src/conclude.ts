import type { ActionResult } from '@deploy-actions/action-kit'
import type { Deps } from './deps.ts'
import { recordEnd } from './record-end.ts'
import { nextSteps, revisionOf, stillServing, storyMarkdown } from './report.ts'
import { overallVerdict, type Story, verdictOf } from './story.ts'
import { theOne } from './target.ts'

/** Records how a way back ended, says it and what is in force now. */
export async function conclude(told: Story, deps: Deps): Promise<ActionResult> {
  const story = { ...told, marks: await recordEnd(told, deps) }
  const { ends } = story
  const verdict = overallVerdict(ends)
  const open = ends.filter((end) => verdictOf(end) !== 'completed')
  // After a cancel there is no time to look for the cause.
  for (const { outcome } of deps.signal.aborted ? [] : open)
    if (outcome) await (await import('./explain.ts')).explain(outcome, deps)
  deps.summary.add(storyMarkdown(story, verdict, deps))
  for (const step of nextSteps(story, verdict)) deps.log.notice(step)
  const present = ends.map((end) => end.present)
  const revisions = ends.map(revisionOf).join('\n')
  const outputs = {
    from: theOne(present.map(({ digest }) => digest)) ?? present.map(({ taskDefinition }) => taskDefinition).join('\n'),
    to: theOne(ends.map(({ digest }) => digest)) ?? revisions,
    verdict,
    'task-definition': revisions,
  }
  if (verdict === 'completed') return { outputs }
  const reasons = open.map(
    (end) => `${end.present.service}: ${end.error ?? `${verdictOf(end)}. ${end.outcome?.reason}`}`,
  )
  return { outputs, failure: ['The way back did not complete.', ...stillServing(story), ...reasons].join('\n') }
}
