import { type ActionRuntime, runAction } from '@deploy-actions/action-kit'
import { parseInputs, parseMode } from './inputs.ts'
import { type Ticket, tickets } from './tickets.ts'

await runAction('begin-release', {
  async main(runtime) {
    if (parseMode(runtime.inputs) === 'end') return end(runtime, tickets(runtime.github.temp).open())
    const inputs = parseInputs(runtime.inputs)
    // Loaded only now: a mistake in the inputs is said without waiting for the AWS SDK.
    const { begin } = await import('./begin.ts')
    return begin(inputs, runtime)
  },
  async post(runtime) {
    const ticket = runtime.state('ticket')
    if (ticket) await end(runtime, [JSON.parse(ticket)])
  },
})

async function end({ inputs, github, clock, log }: ActionRuntime, open: Ticket[]) {
  const { endReleases } = await import('./end.ts')
  const jobStatus = inputs.text('job-status') ?? 'unknown'
  return endReleases(open, jobStatus, { clock, log, tickets: tickets(github.temp) })
}
