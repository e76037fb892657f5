import { runAction } from '@deploy-actions/action-kit'
import { parseInputs } from './inputs.ts'

await runAction('run-migrations', async (runtime) => {
  const inputs = parseInputs(runtime.inputs)
  runtime.log.info(`Migrations of ${inputs.service} in cluster ${inputs.cluster}, ${inputs.region}.`)
  // Loaded only now: a mistake in the inputs is said without waiting for the AWS SDK.
  const [{ createDeps }, { run }] = await Promise.all([import('./deps.ts'), import('./run.ts')])
  return run(inputs, createDeps(inputs, runtime))
})
