import { ECSClient } from '@aws-sdk/client-ecs'
import { type ActionResult, memoised } from '@deploy-actions/action-kit'
import { awsClient } from '@deploy-actions/aws'
import { ecrClient } from '@deploy-actions/ecr'
import { fetchTaskDefinition } from '@deploy-actions/ecs'
import { ssmClient } from '@deploy-actions/release'
import type { Deps } from './deps.ts'
import type { Inputs } from './inputs.ts'
import { run } from './run.ts'

type Surroundings = Pick<Deps, 'clock' | 'log' | 'signal' | 'summary' | 'actor' | 'run'>

/** Builds the clients and goes. */
export function rollback(inputs: Inputs, surroundings: Surroundings): Promise<ActionResult> {
  const { clock, log, signal } = surroundings
  const options = { region: inputs.region, log, clock, signal }
  const ecs = awsClient(ECSClient, options)
  return run(inputs, {
    ...surroundings,
    ecs,
    lastingEcs: awsClient(ECSClient, { region: inputs.region, log, clock }),
    ecr: ecrClient({ ...options, region: inputs.registryRegion }),
    // In panic the record gets seconds: what it has to say is soon worth less than the time.
    ssm: ssmClient({ ...options, ...(inputs.priority === 'panic' ? { throttlingMs: 3_000 } : {}) }),
    region: inputs.region,
    definition: memoised((reference) => fetchTaskDefinition(ecs, reference)),
  })
}
