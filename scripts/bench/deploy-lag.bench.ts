import {
  DescribeTasksCommand,
  ECSClient,
  ListServiceDeploymentsCommand,
  UpdateServiceCommand,
  waitUntilServicesStable,
} from '@aws-sdk/client-ecs'
import type { RecordedCall, Simulator } from '@deploy-actions/aws-simulator'
import { fleet, green, median, type Report, rounded, withSimulator } from './lib.ts'

const repetitions = 20
const fewer = 10

/** Quick tasks on a clock at speed 1, so that the lag is measured in the seconds a user would wait. */
const scenario = {
  ecs: { settleSeconds: 1 },
  behaviours: [{ match: {}, behaviour: { startsAfter: 1, drainsFor: 0 } }],
}

/** From the truth in ECS to the end of the step, for each action that watches; beside it the SDK's waiter on the same kind of deployment. */
export async function bench(report: Report): Promise<void> {
  await withSimulator({ speed: 1, scenario: { ...scenario, seed: fleet(repetitions + 3) } }, async (simulator) => {
    const there: number[] = []
    const back: number[] = []
    for (let index = 1; index <= repetitions; index++) {
      const service = `web-${index}`
      const lag = async () => (Date.now() - (await finishedAt(simulator, service)).getTime()) / 1000
      await green('deploy-service', { cluster: 'bench', service, 'task-definition': 'web:2' }, simulator.env)
      there.push(await lag())
      if (index > fewer) continue
      await green('rollback', { cluster: 'bench', service, to: 'web:1', freeze: 'false' }, simulator.env)
      back.push(await lag())
    }
    reportLag(report, 'deploy-service', there, { median: 1.2, worst: 3 })
    reportLag(report, 'rollback', back, { median: 1.2, worst: 3 })

    const waits = await Promise.all([1, 2, 3].map((offset) => lagOfWaiter(simulator, `web-${repetitions + offset}`)))
    reportLag(report, 'waitUntilServicesStable', waits)
  })
  await lagOfMigrations(report)

  for (const services of [1, 10, 50]) await callsPerPoll(services, report)
}

function reportLag(
  report: Report,
  name: string,
  lags: number[],
  budget: { median?: number; worst?: number } = {},
): void {
  for (const [kind, value] of [
    ['median', median(lags)],
    ['worst', Math.max(...lags)],
  ] as const)
    report({
      name: `lag of ${name}, ${kind}`,
      value: rounded(value),
      unit: 's',
      ...(budget[kind] && { budget: budget[kind] }),
      repetitions: lags.length,
    })
}

/** From the end of the task's containers to the end of the step, its last line shown. */
async function lagOfMigrations(report: Report): Promise<void> {
  const behaviour = {
    startsAfter: 1,
    exitsAfter: 2,
    exitCode: 0,
    log: [{ line: 'first' }, { line: 'last', after: 1.9 }],
  }
  const behaviours = [{ match: { kind: 'run-task' as const }, behaviour }]
  const seed = { ...fleet(1), logGroups: ['/bench'] }
  await withSimulator({ speed: 1, scenario: { ...scenario, behaviours, seed } }, async (simulator) => {
    const client = observer(simulator)
    const lags: number[] = []
    for (let index = 0; index < fewer; index++) {
      // The same command in the same run would be answered with the task of before.
      const command = `migrate ${index}`
      const inputs = { cluster: 'bench', service: 'web-1', command, 'task-definition': 'web:3' }
      const run = await green('run-migrations', inputs, simulator.env)
      const now = Date.now()
      if (!run.log.includes('last')) throw new Error(`The last line is not shown:\n${run.log}`)
      const { tasks } = await client.send(
        new DescribeTasksCommand({ cluster: 'bench', tasks: [run.outputs['task-arn'] ?? ''] }),
      )
      lags.push((now - tasks![0]!.executionStoppedAt!.getTime()) / 1000)
    }
    client.destroy()
    reportLag(report, 'run-migrations', lags, { median: 2 })
  })
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
