import { runAction } from '@deploy-actions/action-kit'
import { runOrder } from '@deploy-actions/release'
import { createClients } from './clients.ts'
import { parseInputs } from './inputs.ts'
import { plan } from './plan.ts'
import { finishOpen } from './post.ts'
import { run } from './run.ts'

const openState = 'open-deployments'

await runAction('deploy-service', {
  async main(runtime) {
    const { clock, log, summary, github, cancelled } = runtime
    const inputs = parseInputs(runtime.inputs)
    const { region, registryRegion } = inputs
    const clients = createClients({ region, registryRegion, log, clock, signal: cancelled })
    const order = runOrder(runtime.env)
    const saveOpen = (open: object | undefined) => runtime.saveState(openState, open ? JSON.stringify(open) : '')
    const deps = { clients, clock, log, summary, github, order, cancelled, saveOpen }
    return inputs.plan ? plan(inputs, { ...deps, temp: github.temp }) : run(inputs, deps)
  },
  async post({ state, log, clock }) {
    await finishOpen(state(openState), { log, clock })
  },
})
