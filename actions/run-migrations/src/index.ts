import { runAction } from '@deploy-actions/action-kit'
import { parseInputs } from './inputs.ts'

await runAction('run-migrations', {
  async main(runtime) {
    const inputs = parseInputs(runtime.inputs)
    // Loaded only now: a mistake in the inputs is said without waiting for the AWS SDK.
    return (await import('./start.ts')).start(inputs, runtime)
  },
  async post({ state, log, clock }) {
    const { region, over, ...abandoned } = JSON.parse(state('task') ?? '{"over":true}')
    if (over) return
    const [{ ecsClient }, { stopAbandoned }] = await Promise.all([
      import('@deploy-actions/ecs'),
      import('./abandoned.ts'),
    ])
    await stopAbandoned(ecsClient({ region, log, clock }), log, abandoned)
  },
})
