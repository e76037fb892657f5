import { runAction } from '@deploy-actions/action-kit'
import { parseInputs } from './inputs.ts'

await runAction('rollback', async (runtime) => {
  const inputs = parseInputs(runtime.inputs)
  runtime.log.info(`Taking ${inputs.services.join(', ')} in ${inputs.cluster} back, priority ${inputs.priority}.`)
  // Loaded only now: a mistake in the inputs is said without waiting for the AWS SDK.
  const [{ createDeps }, { run }] = await Promise.all([import('./deps.ts'), import('./run.ts')])
  return run(inputs, createDeps(inputs, runtime))
})
