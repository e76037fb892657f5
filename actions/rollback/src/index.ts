import { runAction } from '@deploy-actions/action-kit'
import { runName } from '@deploy-actions/release'
import { parseInputs } from './inputs.ts'

await runAction('rollback', {
  async main({ inputs: reader, github, clock, log, cancelled: signal, summary }) {
    const inputs = parseInputs(reader)
    const { services, cluster, priority } = inputs
    log.info(`Taking ${services.join(', ')} in ${cluster} back, priority ${priority}.`)
    // Loaded only now: a mistake in the inputs is said without waiting for the AWS SDK.
    const { rollback } = await import('./rollback.ts')
    return rollback(inputs, { clock, log, signal, summary, actor: github.actor || 'someone', run: runName(github) })
  },
})
