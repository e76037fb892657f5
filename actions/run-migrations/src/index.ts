import { runAction } from '@deploy-actions/action-kit'
import { ecrClient } from '@deploy-actions/ecr'
import { ecsClient, logsClient } from '@deploy-actions/ecs'
import { runOrder, schemaReader, ssmClient } from '@deploy-actions/release'
import { stopAbandoned } from './abandoned.ts'
import { parseInputs } from './inputs.ts'
import { run } from './run.ts'

await runAction('run-migrations', {
  async main({ inputs: reader, log, clock, cancelled, summary, github, env, saveState }) {
    const inputs = parseInputs(reader)
    const { region, registryRegion, image } = inputs
    const ecs = ecsClient({ region, log, clock })
    const logs = logsClient({ region, log, clock })
    const ssm = ssmClient({ region, log, clock })
    const readSchema = image && schemaReader(ecrClient({ region: registryRegion, log, clock }), image.repository)
    const remember = (state: object) => saveState('task', JSON.stringify({ region, ...state }))
    const stepId = [github.runId || clock.now().toISOString(), github.runAttempt, github.job, env.GITHUB_ACTION].join(
      '/',
    )
    const deps = { ecs, logs, ssm, readSchema, log, clock, cancelled, summary, github, stepId, order: runOrder(env) }
    const memory = { rememberStart: remember, rememberTask: (task?: object) => remember(task ?? { over: true }) }
    return run(inputs, { ...deps, ...memory, workspace: github.workspace })
  },
  async post({ state, log, clock }) {
    const { region, over, ...abandoned } = JSON.parse(state('task') ?? '{"over":true}')
    if (!over) await stopAbandoned(ecsClient({ region, log, clock }), log, abandoned)
  },
})
