import { runAction } from '@deploy-actions/action-kit'
import { parseInputs } from './inputs.ts'

await runAction('deploy-service', async (runtime) => {
  const inputs = parseInputs(runtime.inputs)
  runtime.log.info(`Cluster ${inputs.cluster} in ${inputs.region}: ${inputs.services.join(', ')}.`)
  // Loaded only now: a mistake in the inputs is said without waiting for the AWS SDK.
  const { createDeps } = await import('./deps.ts')
  const deps = createDeps(inputs, runtime)
  if (inputs.plan) return (await import('./plan/plan.ts')).plan(inputs, deps)
  return (await import('./run.ts')).run(inputs, deps)
})
