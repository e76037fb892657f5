import { badMark, type ImageIdentity, isReleaseOf, leaves } from '../record/releases.ts'
import type { BadMark, Freeze, Intent, RecordState } from '../record/state.ts'
import { freezeHolds } from './admission.ts'

/** What speaks against a release that was let go on. */
export interface Overruled {
  because: 'frozen' | 'bad' | 'overruled'
  decision: Partial<Pick<BadMark & Freeze & Intent, 'by' | 'reason' | 'since'>>
}

export interface OverruledQuestion {
  images: ImageIdentity[]
  state: RecordState | undefined
  commit: string | undefined
  run: string
  now: Date
}

/**
 * What has been decided against a release since the gate let it go on: an operator went back from it, its image was
 * marked bad, or releases were frozen. Undefined when nothing was. `stage`: right after the update a freeze ends it
 * too; once it has completed, a freeze is for those to come, unless nothing else on record shows whether this release
 * is meant.
 */
export function overruled(question: OverruledQuestion, stage: 'updated' | 'completed'): Overruled | undefined {
  const { state, images, commit, run, now } = question
  if (!state) return undefined
  const { intent, freeze } = state
  const [mark] = images.flatMap((image) => badMark(state.bad, image) ?? [])
  const wayBack = leaves(intent, run) ? intent : undefined
  const holds = freezeHolds(freeze, commit, now) ? freeze : undefined
  if (mark) return { because: 'bad', decision: mark }
  if (wayBack) return { because: 'overruled', decision: { ...wayBack, ...holds } }
  const isOnRecord = isReleaseOf(intent, { run })
  return holds && (stage === 'updated' || !isOnRecord) ? { because: 'frozen', decision: holds } : undefined
}

/** Who decided what, in brackets. */
export function decisionText({ by, since, reason }: Overruled['decision']): string {
  return by ? ` (${by}${since ? ` on ${since}` : ''}${reason ? `: ${reason}` : ''})` : ''
}
