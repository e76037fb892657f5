import { runAction } from '@deploy-actions/action-kit'
import { parseInputs, parseMode } from './inputs.ts'

await runAction('begin-release', async (runtime) => {
  if (parseMode(runtime.inputs) === 'end') {
    const [{ endReleases }, { tickets }] = await Promise.all([import('./end.ts'), import('./tickets.ts')])
    return endReleases(tickets(runtime.github.temp).open(), runtime)
  }
  const inputs = parseInputs(runtime.inputs)
  // Loaded only now: a mistake in the inputs is said without waiting for the AWS SDK.
  const [{ createDeps }, { run }] = await Promise.all([import('./deps.ts'), import('./run.ts')])
  return run(inputs, createDeps(inputs, runtime))
})
