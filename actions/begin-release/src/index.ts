import { randomUUID } from 'node:crypto'
import { runAction } from '@deploy-actions/action-kit'
import { ecrClient } from '@deploy-actions/ecr'
import { runName, runOrder, schemaReader, ssmClient } from '@deploy-actions/release'
import { finish } from './finish.ts'
import { parseInputs } from './inputs.ts'
import { run } from './run.ts'

await runAction('begin-release', {
  async main(runtime) {
    const { clock, log, cancelled: signal, summary, github } = runtime
    const inputs = parseInputs(runtime.inputs)
    const { application, environment, region, repository, registryRegion } = inputs
    const holder = {
      token: randomUUID(),
      run: runName(github),
      attempt: Number(github.runAttempt),
      job: github.job,
      by: github.actor,
      what: inputs.commit?.slice(0, 7),
    }
    // Saved before the lock is asked for: whatever a kill leaves behind, post can give it back.
    const saved = { application, environment, region, token: holder.token, run: holder.run }
    runtime.saveState('release', JSON.stringify(saved))
    const ssm = ssmClient({ region, log, clock, signal })
    const read = schemaReader(ecrClient({ region: registryRegion, log, clock, signal }), repository)
    return run(inputs, { ssm, read, clock, log, signal, summary, holder, order: runOrder(runtime.env) })
  },
  async post({ inputs, state, clock, log }) {
    const saved = state('release')
    if (!saved) return
    const { region, ...release } = JSON.parse(saved)
    const ending = { ...release, jobStatus: inputs.text('job-status') ?? 'unknown' }
    await finish(ending, { ssm: ssmClient({ region, log, clock }), clock, log })
  },
})
