import type { ActionRuntime } from '@deploy-actions/action-kit'
import { ecrClient } from '@deploy-actions/ecr'
import type { Inputs } from './inputs.ts'

export type Deps = Pick<ActionRuntime, 'env' | 'github' | 'log' | 'clock' | 'cancelled' | 'summary'> & {
  ecr: ReturnType<typeof ecrClient>
}

export function createDeps({ region }: Inputs, runtime: ActionRuntime): Deps {
  const { env, github, log, clock, cancelled, summary } = runtime
  return { env, github, log, clock, cancelled, summary, ecr: ecrClient({ region, log, clock, signal: cancelled }) }
}
