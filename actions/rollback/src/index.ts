import { ECSClient } from '@aws-sdk/client-ecs'
import { runAction } from '@deploy-actions/action-kit'
import { awsClient } from '@deploy-actions/aws'
import { ecrClient } from '@deploy-actions/ecr'
import { fetchTaskDefinition } from '@deploy-actions/ecs'
import { runName, ssmClient } from '@deploy-actions/release'
import { explainClients } from './explain-clients.ts'
import { parseInputs } from './inputs.ts'
import { once } from './once.ts'
import { run } from './run.ts'

await runAction('rollback', {
  async main({ inputs: reader, github, clock, log, cancelled: signal, summary }) {
    const inputs = parseInputs(reader)
    const options = { region: inputs.region, log, clock, signal }
    const ecs = awsClient(ECSClient, options)
    return run(inputs, {
      ecs,
      ecr: ecrClient({ ...options, region: inputs.registryRegion }),
      // In panic the record gets seconds: what it has to say is soon worth less than the time.
      ssm: ssmClient({ ...options, ...(inputs.priority === 'panic' ? { throttlingMs: 3_000 } : {}) }),
      explain: explainClients(ecs, options),
      definition: once((reference) => fetchTaskDefinition(ecs, reference)),
      clock,
      log,
      signal,
      summary,
      actor: github.actor || 'someone',
      run: runName(github),
    })
  },
})
