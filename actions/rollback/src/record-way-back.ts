import { isUserError, messageOf, UserError } from '@deploy-actions/action-kit'
import {
  allOf,
  type Change,
  frozen,
  gateText,
  knownImage,
  markedBad,
  type PendingMigration,
  pardoned,
  previousOf,
  type RecordState,
  recordIntent,
  recordName,
  updateRecord,
  wayBackBegun,
} from '@deploy-actions/release'
import type { Choice } from './choose.ts'
import type { Deps } from './deps.ts'
import type { Inputs } from './inputs.ts'
import type { Situation } from './situation.ts'
import type { Target } from './target.ts'

export type Going = Extract<Choice, { refused: false }>

/** What was written to the record before the way back began. */
export interface Marks {
  /** False where the record could not be written: releases go on as if nothing were wrong. */
  written: boolean
  bad: string[]
  /** Number of the way back on record. */
  number?: number | undefined
  /** The migration that was under way when it was written. */
  pending?: PendingMigration | undefined
}

const moved = { go: false } as const

export type Recorded = { kind: 'written'; marks: Marks } | { kind: 'refused'; message: string } | { kind: 'moved' }

/**
 * The first thing that is written, in one compare-and-set with the gate's answer: the way back and its target, the
 * freeze, what is bad, and that a release under way is overruled. `moved`: by now `previous` is another release. In
 * panic a record that cannot be written does not stop the way back; it is tried again afterwards.
 */
export async function recordWayBack(
  inputs: Inputs,
  situation: Situation,
  choice: Going,
  deps: Deps,
): Promise<Recorded> {
  const { record, priority } = inputs
  const bad = badDigests(situation, choice.target)
  if (!record) return { kind: 'written', marks: { written: true, bad: [] } }
  if (situation.unreadable)
    return { kind: 'written', marks: { written: false, bad, pending: situation.state?.pending } }
  const store = { ssm: deps.ssm, clock: deps.clock, signal: deps.signal }
  try {
    const { answer, record: written } = await recordIntent(
      store,
      record,
      async (state) => (isStillMeant(inputs, situation, choice.target, state) ? choice.ask(state) : moved),
      changeFor(inputs, choice, bad, deps),
    )
    if (!answer.go)
      return 'refusal' in answer
        ? { kind: 'refused', message: gateText(answer.refusal, recordName(record)) }
        : { kind: 'moved' }
    const { intent, pending } = written.state
    return { kind: 'written', marks: { written: true, bad, number: intent?.number, pending } }
  } catch (error) {
    if (deps.signal.aborted) throw error
    if (priority !== 'panic') {
      if (!isUserError(error)) throw error
      throw new UserError(
        `Nothing was changed, since the record could not be written: ${error.message} With priority: panic the way back does not wait for the record.`,
      )
    }
    deps.log.warning(
      `The record could not be written, so releases are not frozen yet; going back first. ${messageOf(error)}`,
    )
    return { kind: 'written', marks: { written: false, bad, pending: situation.state?.pending } }
  }
}

/**
 * What was left to be written until after the update: all of it where the record could not be written, or marks that
 * were learnt since.
 */
export async function recordAfterwards(
  inputs: Inputs,
  situation: Situation,
  choice: Going,
  marks: Marks,
  deps: Deps,
): Promise<Marks> {
  const bad = badDigests(situation, choice.target)
  if (!inputs.record || (marks.written && bad.every((digest) => marks.bad.includes(digest)))) return marks
  const change = marks.written ? markChange(inputs, bad, deps) : changeFor(inputs, choice, bad, deps)
  try {
    const { state } = await updateRecord({ ssm: deps.ssm, clock: deps.clock }, inputs.record, change)
    return { ...marks, written: true, bad, number: marks.number ?? state.intent?.number }
  } catch (error) {
    deps.log.warning(`The record could not be written, so releases are not frozen. ${messageOf(error)}`)
    return { ...marks, bad }
  }
}

/**
 * What serves and is left: bad, unless it is where we go. Where it is not known which image that is, nothing is marked.
 */
export function badDigests({ present }: Situation, { services }: Target): string[] {
  const targets = services.map(({ digest }) => digest)
  if (targets.includes(undefined)) return []
  const serving = new Set(present.map(({ digest }) => digest))
  return [...serving].filter((digest) => digest !== undefined && !targets.includes(digest)) as string[]
}

function isStillMeant({ to }: Inputs, { present }: Situation, target: Target, state: RecordState): boolean {
  if (to.kind !== 'previous' || !target.onRecord) return true
  const found = previousOf(state, present)
  if (found.kind === 'under-way') return found.wayBack.digest === target.digest
  return found.kind === 'releases' && found.releases.some(({ number }) => number === target.release?.number)
}

function changeFor(inputs: Inputs, { target, moves }: Going, bad: string[], deps: Deps): Change {
  const { digest, release } = target
  const { actor, run, clock } = deps
  return (state) => {
    const known = release ?? knownImage(state, digest)
    const way = wayBackBegun({
      digest,
      sourceKey: known?.sourceKey,
      commit: target.commit,
      level: known?.level,
      runOrder: known?.runOrder,
      release: release?.number,
      target: Object.fromEntries(
        moves.map(({ present, way, ...to }) => [
          present.service,
          (way === 'straight' ? to.taskDefinition : to.digest) ?? '',
        ]),
      ),
      since: clock.now().toISOString(),
      run,
      by: actor,
    })
    const pardon = target.byName ? [pardoned({ digest, sourceKey: known?.sourceKey })] : []
    return allOf(way, markChange(inputs, bad, deps), ...pardon, ...freezeChange(inputs, deps))(state)
  }
}

function markChange({ reason }: Inputs, bad: string[], { actor, clock }: Deps): Change {
  if (bad.length === 0) return (state) => state
  const mark = { since: clock.now().toISOString(), by: actor, reason: reason ?? `rolled back by ${actor}` }
  return (state) =>
    markedBad(bad.map((digest) => ({ digest, sourceKey: knownImage(state, digest)?.sourceKey, ...mark })))(state)
}

function freezeChange({ freeze, reason }: Inputs, { actor, run, clock }: Deps): Change[] {
  const since = clock.now().toISOString()
  return freeze ? [frozen({ by: actor, reason: reason ?? `rolled back by ${actor}`, since, run })] : []
}
