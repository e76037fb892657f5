import type { ActionRuntime } from '@deploy-actions/action-kit'
import { type ECRClient, ecrClient } from '@deploy-actions/ecr'
import type { Inputs } from './inputs.ts'

export interface Deps
  extends Pick<ActionRuntime, 'log' | 'clock' | 'cancelled' | 'summary' | 'mask' | 'env' | 'stateLeft'> {
  ecr: ECRClient
  /** RUNNER_TEMP */
  temp: string
}

export function createDeps({ region }: Inputs, runtime: ActionRuntime): Deps {
  const { log, clock, cancelled, summary, mask, env, stateLeft, github } = runtime
  const ecr = ecrClient({ region, log, clock, signal: cancelled })
  return { ecr, log, clock, cancelled, summary, mask, env, stateLeft, temp: github.temp }
}
