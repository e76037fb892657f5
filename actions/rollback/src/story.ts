import type { DeploymentOutcome, StartedDeployment, Verdict } from '@deploy-actions/ecs'
import type { CurrentState } from './current-state.ts'
import type { Inputs } from './inputs.ts'
import type { Marks } from './record-way-back.ts'
import type { ServiceTarget, Target } from './target.ts'

/** How the way back of one service went. */
export interface ServiceEnd extends ServiceTarget {
  started?: StartedDeployment
  outcome?: DeploymentOutcome
  /** Why it was not started. */
  error?: string
  /** ECS may have started it all the same. */
  uncertain?: boolean
}

/** What happened, from the first look to the verdict. */
export interface Story {
  inputs: Inputs
  current: CurrentState
  target: Target
  marks: Marks
  ends: ServiceEnd[]
}

export function verdictOf({ outcome, uncertain }: ServiceEnd): Verdict {
  return outcome?.verdict ?? (uncertain ? 'unknown' : 'failed')
}

/**
 * Completed only when every service completed; failed where one was not even started; otherwise the first other.
 */
export function overallVerdict(ends: ServiceEnd[]): Verdict {
  if (ends.some(({ error, uncertain }) => error !== undefined && !uncertain)) return 'failed'
  return ends.map(verdictOf).find((verdict) => verdict !== 'completed') ?? 'completed'
}
