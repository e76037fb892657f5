import { runAction } from '@deploy-actions/action-kit'
import { parseInputs } from './inputs.ts'

const openState = 'open-deployments'

// What follows is loaded when its turn comes: a wrong input is told at once, and most deployments need few of the AWS clients.
await runAction('deploy-service', {
  async main(runtime) {
    const inputs = parseInputs(runtime.inputs)
    runtime.log.info(`Cluster ${inputs.cluster} in ${inputs.region}: ${inputs.services.join(', ')}.`)
    const { createDeps } = await import('./deps.ts')
    const save = (open: object | undefined) => runtime.saveState(openState, open ? JSON.stringify(open) : '')
    const deps = createDeps(inputs, runtime, save)
    if (inputs.plan) return (await import('./plan.ts')).plan(inputs, deps)
    return (await import('./run.ts')).run(inputs, deps)
  },
  async post({ state, log, clock }) {
    const open = state(openState)
    if (open) await (await import('./post.ts')).finishOpen(open, { log, clock })
  },
})
