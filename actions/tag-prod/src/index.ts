import { runAction } from '@deploy-actions/action-kit'
import { ecrClient } from '@deploy-actions/ecr'
import { parseInputs } from './inputs.ts'
import { run } from './run.ts'

await runAction('tag-prod', {
  async main({ inputs: reader, log, clock, cancelled, summary, mask, env }) {
    const inputs = parseInputs(reader)
    const client = (region: string) => ecrClient({ region, log, clock, signal: cancelled })
    const from = client(inputs.from.region)
    const to = inputs.to.region === inputs.from.region ? from : client(inputs.to.region)
    return run(inputs, { from, to, log, clock, cancelled, summary, mask, env })
  },
})
