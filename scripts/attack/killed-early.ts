import type { Simulator } from '@deploy-actions/aws-simulator'
import type { ActionRun, NodeActionOptions } from '@deploy-actions/workflow-runner'

/** An action that is to be killed: how its main and its post are started, on one simulator. */
export interface Victim {
  simulator: Simulator
  main(options: Partial<NodeActionOptions>): Promise<ActionRun>
  post(main: ActionRun): Promise<ActionRun>
}

/** Patience of nobody, and the runner's own. */
export const graces = { SIGKILL: { interrupt: 0, terminate: 0 }, SIGINT: undefined } as const

/**
 * Kills main so many milliseconds after its start, then runs its post as the runner would: with the state that main left, also when it left none. Answers what
 * was written to AWS after main had ended, as `service:Operation`, and the post's own run.
 */
export async function killedAt(victim: Victim, milliseconds: number, how: keyof typeof graces) {
  const grace = graces[how]
  const main = await victim.main({ signal: AbortSignal.timeout(milliseconds), ...(grace && { grace }) })
  const before = victim.simulator.calls.length
  const post = await victim.post(main)
  const writes = victim.simulator.calls
    .slice(before)
    .map(({ service, operation }) => `${service}:${operation}`)
    .filter((call) => !/:(Describe|List|Get|BatchGet)/.test(call))
  return { main, post, writes }
}
