import type { ActionRuntime } from '@deploy-actions/action-kit'
import { type ECRClient, ecrClient } from '@deploy-actions/ecr'
import type { Inputs } from './inputs.ts'

export interface Deps extends Pick<ActionRuntime, 'log' | 'clock' | 'cancelled' | 'summary' | 'mask' | 'env'> {
  /** Client for the registry that holds the image. */
  from: ECRClient
  /** Client for the registry to promote to. */
  to: ECRClient
}

export function createDeps(inputs: Inputs, { log, clock, cancelled, summary, mask, env }: ActionRuntime): Deps {
  const from = ecrClient({ region: inputs.from.region, log, clock, signal: cancelled })
  // A tag that is being moved as the run is cancelled is moved or not: its answer is waited for, so that the step
  // can say which.
  const to = ecrClient({ region: inputs.to.region, log, clock })
  return { from, to, log, clock, cancelled, summary, mask, env }
}
