import {
  ECSClient,
  ListServiceDeploymentsCommand,
  UpdateServiceCommand,
  waitUntilServicesStable,
} from '@aws-sdk/client-ecs'
import type { RecordedCall, Simulator } from '@deploy-actions/aws-simulator'
import { fleet, green, median, type Report, rounded, withSimulator } from './lib.ts'

const repetitions = 20

/** Quick tasks on a clock at speed 1, so that the lag is measured in the seconds a user would wait. */
const scenario = {
  ecs: { settleSeconds: 1 },
  behaviours: [{ match: {}, behaviour: { startsAfter: 1, drainsFor: 0 } }],
}

/** From ECS's own `finishedAt` to the end of the step; beside it the SDK's waiter on the same kind of deployment. */
export async function bench(report: Report): Promise<void> {
  await withSimulator({ speed: 1, scenario: { ...scenario, seed: fleet(repetitions + 3) } }, async (simulator) => {
    const lags: number[] = []
    for (let index = 1; index <= repetitions; index++) {
      const service = `web-${index}`
      await green('deploy-service', { cluster: 'bench', service, 'task-definition': 'web:2' }, simulator.env)
      lags.push((Date.now() - (await finishedAt(simulator, service)).getTime()) / 1000)
    }
    report({ name: 'lag of deploy-service, median', value: rounded(median(lags)), unit: 's', budget: 2, repetitions })
    report({
      name: 'lag of deploy-service, worst',
      value: rounded(Math.max(...lags)),
      unit: 's',
      budget: 5,
      repetitions,
    })

    const waits = await Promise.all([1, 2, 3].map((offset) => lagOfWaiter(simulator, `web-${repetitions + offset}`)))
    report({
      name: 'lag of waitUntilServicesStable, median',
      value: rounded(median(waits)),
      unit: 's',
      repetitions: waits.length,
    })
  })

  for (const services of [1, 10, 50]) await callsPerPoll(services, report)
}

async function finishedAt(simulator: Simulator, service: string): Promise<Date> {
  const client = observer(simulator)
  const { serviceDeployments } = await client.send(new ListServiceDeploymentsCommand({ cluster: 'bench', service }))
  client.destroy()
  return serviceDeployments![0]!.finishedAt!
}

async function lagOfWaiter(simulator: Simulator, service: string): Promise<number> {
  const client = observer(simulator)
  await client.send(new UpdateServiceCommand({ cluster: 'bench', service, taskDefinition: 'web:2' }))
  await waitUntilServicesStable({ client, maxWaitTime: 600 }, { cluster: 'bench', services: [service] })
  const ended = Date.now()
  client.destroy()
  return (ended - (await finishedAt(simulator, service)).getTime()) / 1000
}

function observer(simulator: Simulator): ECSClient {
  const credentials = { accessKeyId: 'ASIAOBSERVER00000000', secretAccessKey: 'observer' }
  return new ECSClient({ region: 'eu-central-1', endpoint: simulator.url, credentials })
}

/** Calls while watching, from the moment the last deployment is linked to the last poll. */
async function callsPerPoll(services: number, report: Report): Promise<void> {
  const behaviours = [{ match: {}, behaviour: { startsAfter: 15, drainsFor: 0 } }]
  await withSimulator({ speed: 1, scenario: { ...scenario, behaviours, seed: fleet(services) } }, async (simulator) => {
    const started = performance.now()
    const names = Array.from({ length: services }, (_, index) => `web-${index + 1}`).join('\n')
    await green('deploy-service', { cluster: 'bench', service: names, 'task-definition': 'web:2' }, simulator.env)
    const linked = simulator.calls.findLastIndex((call) => call.operation === 'ListServiceDeployments')
    const watching = simulator.calls.slice(linked + 1).filter(isWatching)
    const polls = watching.filter((call) => call.operation === 'DescribeServices').length / Math.ceil(services / 10)
    report({
      name: `calls per poll, ${services} services`,
      value: rounded(watching.length / polls),
      unit: 'calls',
      budget: 2 * Math.ceil(services / 10),
      polls: rounded(polls, 1),
      seconds: rounded((performance.now() - started) / 1000, 1),
    })
  })
}

function isWatching({ operation }: RecordedCall): boolean {
  return [
    'DescribeServices',
    'DescribeServiceDeployments',
    'ListServiceDeployments',
    'DescribeServiceRevisions',
  ].includes(operation)
}
