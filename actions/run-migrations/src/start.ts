import type { ActionResult, ActionRuntime } from '@deploy-actions/action-kit'
import { ecrClient } from '@deploy-actions/ecr'
import { ecsClient, logsClient } from '@deploy-actions/ecs'
import { runOrder, schemaReader, ssmClient } from '@deploy-actions/release'
import type { Inputs } from './inputs.ts'
import { run } from './run.ts'

/** Makes the clients and runs the migration. */
export async function start(inputs: Inputs, runtime: ActionRuntime): Promise<ActionResult> {
  const { log, clock, cancelled, summary, github, env, saveState } = runtime
  const { region, registryRegion, image } = inputs
  const ecs = ecsClient({ region, log, clock })
  const logs = logsClient({ region, log, clock })
  const ssm = ssmClient({ region, log, clock })
  const readSchema = image && schemaReader(ecrClient({ region: registryRegion, log, clock }), image.repository)
  const remember = (state: object) => saveState('task', JSON.stringify({ region, ...state }))
  const stepId = [github.runId || clock.now().toISOString(), github.runAttempt, github.job, env.GITHUB_ACTION].join('/')
  const deps = { ecs, logs, ssm, readSchema, log, clock, cancelled, summary, github, stepId, order: runOrder(env) }
  const memory = { rememberStart: remember, rememberTask: (task?: object) => remember(task ?? { over: true }) }
  return run(inputs, { ...deps, ...memory, workspace: github.workspace })
}
