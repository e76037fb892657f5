import { runAction } from '@deploy-actions/action-kit'
import { parseInputs } from './inputs.ts'

await runAction('push-ecr', {
  async main({ inputs: reader, github, log, clock, cancelled, summary, mask, env }) {
    const inputs = parseInputs(reader, github.sha)
    // Loaded only now: a mistake in the inputs is said without waiting for the AWS SDK.
    const [{ ecrClient }, { run }] = await Promise.all([import('@deploy-actions/ecr'), import('./run.ts')])
    const ecr = ecrClient({ region: inputs.region, log, clock, signal: cancelled })
    return run(inputs, { ecr, log, clock, cancelled, summary, mask, env, temp: github.temp })
  },
})
