import { messageOf } from '@deploy-actions/action-kit'
import { familyRevision } from '@deploy-actions/ecs'
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
import { lazyReader } from './choose.ts'
import type { Deps } from './deps.ts'
import { badChange, badDigests, type Marks, wayBackChange } from './record-way-back.ts'
import { type Story, verdictOf } from './story.ts'

/**
 * Writes how a way back ended, and what was left to be written until then: marks of images that were only learnt
 * beside the watch, or all of it, where the record could not be written before. One that certainly did not come to
 * pass is over, and what serves after all is not bad; one that was only no longer watched goes on, and the next one
 * joins it. Returns what is on record now.
 */
export async function recordEnd(story: Story, deps: Deps): Promise<Marks> {
  const { lastingSsm: ssm, clock, log, signal } = deps
  const { inputs, marks, target, ends } = story
  const { record } = inputs
  if (!record) return marks
  const completed = ends.filter((end) => verdictOf(end) === 'completed')
  const failed = ends.filter((end) => ['failed', 'rolled-back', 'stopped'].includes(verdictOf(end)))
  const still = failed.map(({ present }) => present.digest)
  const bad = badDigests(ends).filter((digest) => !still.includes(digest))
  const unmarked = marks.bad.filter((digest) => !bad.includes(digest) && marks.written)
  const isMarked = marks.written && bad.every((digest) => marks.bad.includes(digest))
  if (isMarked && completed.length === 0 && failed.length === 0) return marks
  const subject = completed.length > 0 ? await subjectOf(story, deps) : undefined
  const change: Change = (state) => {
    const begun = (marks.written ? badChange(inputs, bad, deps) : wayBackChange(inputs, target, bad, deps))(state)
    const number = marks.number ?? begun.intent?.number ?? 0
    return allOf(
      ...(subject
        ? [wayBackCompleted({ number, release: target.release?.number }, subject, clock.now().toISOString())]
        : []),
      ...(failed.length > 0 ? [intentEnded({ number }, signal.aborted ? 'cancelled' : 'failed')] : []),
      ...unmarked.map((digest) => pardoned({ digest })),
    )(begun)
  }
  try {
    const { state } = await updateRecord({ ssm, clock }, record, change)
    return { ...marks, written: true, bad, number: marks.number ?? state.intent?.number }
  } catch (error) {
    log.warning(
      `${marks.written ? 'How the way back ended is not on record' : 'The record could not be written, so releases are not frozen'}: ${messageOf(error)}`,
    )
    return marks
  }
}

/** What has come into service, as far as it is known. */
async function subjectOf({ inputs, current, target, ends }: Story, deps: Deps): Promise<Subject> {
  const { digest, commit, release } = target
  const known = release ?? (current.state && knownImage(current.state, digest))
  const services = Object.fromEntries(
    ends.flatMap((end) =>
      end.started && verdictOf(end) === 'completed'
        ? [[end.present.service, familyRevision(end.started.taskDefinition)]]
        : [],
    ),
  )
  const read = lazyReader(inputs, target, deps)
  const schema = known?.level || !digest ? undefined : await schemaOf(digest, current.state, read).catch(sayUnread)
  const level = known?.level ?? schema?.level.text
  return { digest, sourceKey: known?.sourceKey, commit, level, services, run: deps.run, runOrder: known?.runOrder }

  function sayUnread(error: unknown): undefined {
    deps.log.warning(messageOf(error))
  }
}
