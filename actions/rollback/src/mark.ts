import { isUserError, messageOf, UserError } from '@deploy-actions/action-kit'
import {
  allOf,
  attemptOverruled,
  type Change,
  frozen,
  markedBad,
  pardoned,
  updateRecord,
} from '@deploy-actions/release'
import type { Deps } from './deps.ts'
import type { Inputs } from './inputs.ts'
import type { Situation } from './situation.ts'
import type { Target } from './target.ts'

/** What was written to the record before the way back began. */
export interface Marks {
  /** False where the record could not be written: releases go on as if nothing were wrong. */
  written: boolean
  bad: string[]
}

/**
 * Freezes releases and marks what serves, or is about to, as bad: the first thing that is written. In panic a record that cannot be written does not stop
 * the way back; it is tried again afterwards, and one that could not be read is not tried before.
 */
export async function mark(
  inputs: Inputs,
  situation: Situation,
  target: Target,
  deps: Deps,
  again = false,
): Promise<Marks> {
  const { record, priority } = inputs
  if (!record) return { written: true, bad: [] }
  const bad = badDigests(situation, target)
  if (situation.unreadable && !again) return { written: false, bad }
  try {
    await updateRecord(deps.ssm, record.application, record.environment, change(inputs, target, bad, deps), deps.clock)
    return { written: true, bad }
  } catch (error) {
    if (priority !== 'panic') {
      if (!isUserError(error)) throw error
      throw new UserError(
        `Nothing was changed, since the record could not be written: ${error.message} With priority: panic the way back does not wait for the record.`,
      )
    }
    deps.log.warning(
      `The record could not be written, so releases are not frozen${again ? '' : ' yet; going back first'}. ${messageOf(error)}`,
    )
    return { written: false, bad }
  }
}

/** What serves, and what is about to: bad, unless it is where we go. */
export function badDigests({ present, underWay }: Situation, target: Target): string[] {
  const targets = [target.digest, ...target.services.map(({ digest }) => digest)]
  const serving = [...present.map(({ digest }) => digest), underWay?.digest]
  return [...new Set(serving)].filter((digest): digest is string => digest !== undefined && !targets.includes(digest))
}

function change({ freeze, reason }: Inputs, target: Target, bad: string[], { actor, run, clock }: Deps): Change {
  const since = clock.now().toISOString()
  const why = reason ?? `rolled back by ${actor}`
  return allOf(
    attemptOverruled(),
    ...(bad.length > 0 ? [markedBad(bad.map((digest) => ({ digest, since, by: actor, reason: why })))] : []),
    ...(target.byName && target.digest ? [pardoned(target.digest)] : []),
    ...(freeze ? [frozen({ by: actor, reason: why, since, run })] : []),
  )
}
