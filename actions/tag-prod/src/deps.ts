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
  const client = (region: string) => ecrClient({ region, log, clock, signal: cancelled })
  const from = client(inputs.from.region)
  const to = inputs.to.region === inputs.from.region ? from : client(inputs.to.region)
  return { from, to, log, clock, cancelled, summary, mask, env }
}
