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
  recordIntent,
  recordName,
  wayBackBegun,
} from '@deploy-actions/release'
import { type Choice, goesTo } from './choose.ts'
import type { CurrentState } from './current-state.ts'
import type { Deps } from './deps.ts'
import type { Inputs } from './inputs.ts'
import type { ServiceTarget, Target } from './target.ts'

/** What is on record of a way back. */
export interface Marks {
  /** False where the record could not be written: releases go on as if nothing were wrong. */
  written: boolean
  /** Digests that are marked bad. */
  bad: string[]
  /** Number of the way back. */
  number?: number
  /** The migration that was under way when it was written. */
  pending?: PendingMigration
}

const moved = { go: false } as const

/**
 * The first thing that is written, in one compare-and-set with the gate's answer: the way back and its target, the
 * freeze, what is bad, and that a release under way is overruled. `moved`: by now `previous` is another release. In
 * panic a record that cannot be written does not stop the way back; it is tried again afterwards.
 */
export async function recordWayBack(
  inputs: Inputs,
  { unreadable, present }: CurrentState,
  { target, ask }: Choice,
  deps: Deps,
): Promise<Marks | { refusal: string } | 'moved'> {
  const { ssm, clock, log, signal } = deps
  const { record, priority } = inputs
  const bad = badDigests(target.services)
  if (!record || unreadable) return { written: !record, bad: record ? bad : [] }
  try {
    const { answer, record: written } = await recordIntent(
      { ssm, clock, signal },
      record,
      async (state) => {
        const previous = inputs.to.kind === 'previous' && target.onRecord ? previousOf(state, present) : undefined
        return !previous || leadsTo(target, previous) ? ask(state) : moved
      },
      wayBackChange(inputs, target, bad, deps),
    )
    if (!answer.go) return 'refusal' in answer ? { refusal: gateText(answer.refusal, recordName(record)) } : 'moved'
    const { intent, pending } = written.state
    return { written: true, bad, number: intent?.number, pending }
  } catch (error) {
    if (signal.aborted || (priority !== 'panic' && !isUserError(error))) throw error
    if (priority !== 'panic')
      throw new UserError(
        `Nothing was changed, since the record could not be written: ${messageOf(error)} With priority: panic the way back does not wait for the record.`,
      )
    log.warning(
      `The record could not be written, so releases are not frozen yet; going back first. ${messageOf(error)}`,
    )
    return { written: false, bad }
  }
}

/**
 * What serves and is left: bad, unless it is where we go. Where it is not known which image that is, nothing is
 * marked.
 */
export function badDigests(services: ServiceTarget[]): string[] {
  const targets = services.map(({ digest }) => digest)
  const left = new Set(services.flatMap(({ present }) => present.digest ?? []))
  return targets.includes(undefined) ? [] : [...left].filter((digest) => !targets.includes(digest))
}

/** The way back, the freeze and the marks. */
export function wayBackChange(inputs: Inputs, target: Target, bad: string[], deps: Deps): Change {
  const { digest, commit, release, services, byName } = target
  const { actor: by, run, clock } = deps
  const since = clock.now().toISOString()
  const goals = Object.fromEntries(services.map((one) => [one.present.service, goesTo(one, inputs) ?? '']))
  return (state) => {
    const { sourceKey, level, runOrder } = release ?? knownImage(state, digest) ?? {}
    const known = { digest, sourceKey, commit, level, runOrder, release: release?.number }
    return allOf(
      wayBackBegun({ ...known, target: goals, since, run, by }),
      badChange(inputs, bad, deps),
      ...(byName ? [pardoned({ digest, sourceKey })] : []),
      ...(inputs.freeze ? [frozen({ by, reason: reasonOf(inputs, deps), since, run })] : []),
    )(state)
  }
}

export function badChange(inputs: Inputs, bad: string[], deps: Deps): Change {
  const mark = { since: deps.clock.now().toISOString(), by: deps.actor, reason: reasonOf(inputs, deps) }
  return (state) =>
    markedBad(bad.map((digest) => ({ digest, sourceKey: knownImage(state, digest)?.sourceKey, ...mark })))(state)
}

function reasonOf({ reason }: Inputs, { actor }: Deps): string {
  return reason ?? `rolled back by ${actor}`
}

function leadsTo({ digest, release }: Target, previous: ReturnType<typeof previousOf>): boolean {
  if (previous.kind === 'under-way') return previous.wayBack.digest === digest
  return previous.kind === 'releases' && previous.releases.some(({ number }) => number === release?.number)
}
