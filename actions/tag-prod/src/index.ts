import { runAction } from '@deploy-actions/action-kit'
import { parseInputs } from './inputs.ts'

await runAction('tag-prod', {
  async main({ inputs: reader, log, clock, cancelled, summary, mask, env }) {
    const inputs = parseInputs(reader)
    // Loaded only now: a mistake in the inputs is said without waiting for the AWS SDK.
    const [{ ecrClient }, { run }] = await Promise.all([import('@deploy-actions/ecr'), import('./run.ts')])
    const client = (region: string) => ecrClient({ region, log, clock, signal: cancelled })
    const from = client(inputs.from.region)
    const to = inputs.to.region === inputs.from.region ? from : client(inputs.to.region)
    return run(inputs, { from, to, log, clock, cancelled, summary, mask, env })
  },
})
