import { runAction } from '@deploy-actions/action-kit'
import { parseInputs } from './inputs.ts'

await runAction('build-image', async (runtime) => {
  const inputs = parseInputs(runtime.inputs, runtime.github, runtime.env)
  for (const { value } of inputs.secrets) for (const line of value.split('\n')) if (line.trim()) runtime.mask(line)
  // Loaded only now: a mistake in the inputs is said without waiting for the AWS SDK.
  const [{ createDeps }, { run }] = await Promise.all([import('./deps.ts'), import('./run.ts')])
  return run(inputs, createDeps(inputs, runtime))
})
