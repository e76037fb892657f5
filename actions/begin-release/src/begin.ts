import { randomUUID } from 'node:crypto'
import type { ActionResult, ActionRuntime } from '@deploy-actions/action-kit'
import { compareCommits } from '@deploy-actions/action-kit/github'
import { ecrClient } from '@deploy-actions/ecr'
import { runName, runOrder, schemaReader, ssmClient } from '@deploy-actions/release'
import type { Inputs } from './inputs.ts'
import { run } from './run.ts'
import { tickets } from './tickets.ts'

/** Builds the clients, makes the ticket that `post` and `mode: end` need, and goes. */
export async function begin(inputs: Inputs, runtime: ActionRuntime): Promise<ActionResult> {
  const { clock, log, cancelled: signal, summary, github } = runtime
  const { application, environment, region, repository, registryRegion } = inputs
  const holder = {
    token: randomUUID(),
    run: runName(github),
    attempt: Number(github.runAttempt),
    job: github.job,
    by: github.actor,
    what: inputs.commit?.slice(0, 7),
  }
  const ticket = { application, environment, region, token: holder.token, run: holder.run }
  // Saved before the lock is asked for: whatever a kill leaves behind, post can give it back.
  runtime.saveState('ticket', JSON.stringify(ticket))
  const ssm = ssmClient({ region, log, clock, signal })
  const read = schemaReader(ecrClient({ region: registryRegion, log, clock, signal }), repository)
  const order = runOrder(runtime.env)
  const kept = tickets(github.temp)
  const begun = () => kept.keep(ticket)
  const compare = (serves: string | undefined) =>
    compareCommits({ base: serves, head: inputs.commit, token: inputs.token, github, cancelled: signal })
  const result = await run(inputs, { ssm, read, clock, log, signal, summary, holder, order, begun, compare })
  if (!result.outputs?.proceed) kept.end(ticket)
  return result
}
