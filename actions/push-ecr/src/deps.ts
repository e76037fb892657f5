import type { ActionRuntime } from '@deploy-actions/action-kit'
import { type ECRClient, ecrClient } from '@deploy-actions/ecr'
import type { Inputs } from './inputs.ts'

export interface Deps extends Pick<ActionRuntime, 'log' | 'clock' | 'cancelled' | 'summary' | 'mask' | 'env'> {
  ecr: ECRClient
  /** RUNNER_TEMP */
  temp: string
}

export function createDeps({ region }: Inputs, runtime: ActionRuntime): Deps {
  const { log, clock, cancelled, summary, mask, env, github } = runtime
  const ecr = ecrClient({ region, log, clock, signal: cancelled })
  return { ecr, log, clock, cancelled, summary, mask, env, temp: github.temp }
}
