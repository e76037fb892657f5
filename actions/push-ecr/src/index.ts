import { runAction } from '@deploy-actions/action-kit'
import { ecrClient } from '@deploy-actions/ecr'
import { parseInputs } from './inputs.ts'
import { run } from './run.ts'

await runAction('push-ecr', {
  async main({ inputs: reader, github, log, clock, cancelled, summary, mask, env }) {
    const inputs = parseInputs(reader, github.sha)
    const ecr = ecrClient({ region: inputs.region, log, clock, signal: cancelled })
    return run(inputs, { ecr, log, clock, cancelled, summary, mask, env, temp: github.temp })
  },
})
