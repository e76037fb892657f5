import { randomUUID } from 'node:crypto'
import { type ActionRuntime, runAction } from '@deploy-actions/action-kit'
import { ecrClient } from '@deploy-actions/ecr'
import { runName, runOrder, schemaReader, ssmClient } from '@deploy-actions/release'
import { endReleases } from './end.ts'
import { parseInputs, parseMode } from './inputs.ts'
import { run } from './run.ts'
import { type Ticket, tickets } from './tickets.ts'

await runAction('begin-release', {
  async main(runtime) {
    if (parseMode(runtime.inputs) === 'end') return end(runtime, tickets(runtime.github.temp).open())
    const { clock, log, cancelled: signal, summary, github } = runtime
    const inputs = parseInputs(runtime.inputs)
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
    const result = await run(inputs, { ssm, read, clock, log, signal, summary, holder, order, begun })
    if (!result.outputs?.proceed) kept.end(ticket)
    return result
  },
  async post(runtime) {
    const ticket = runtime.state('ticket')
    if (ticket) await end(runtime, [JSON.parse(ticket)])
  },
})

function end({ inputs, github, clock, log }: ActionRuntime, open: Ticket[]) {
  const ssm = (region: string) => ssmClient({ region, log, clock })
  return endReleases(open, inputs.text('job-status') ?? 'unknown', { ssm, clock, log, tickets: tickets(github.temp) })
}
