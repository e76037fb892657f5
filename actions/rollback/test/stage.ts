import { fileURLToPath } from 'node:url'
import { DescribeImagesCommand, ECRClient } from '@aws-sdk/client-ecr'
import {
  DeregisterTaskDefinitionCommand,
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  ECSClient,
  RunTaskCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs'
import { GetParameterCommand, ParameterNotFound, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { type RecordedCall, type Scenario, type Simulator, startSimulator } from '@deploy-actions/aws-simulator'
import { type Migration, type RecordState, type Release, schemaLabels, schemaLevel } from '@deploy-actions/release'
import { type ActionRun, type NodeActionOptions, runNodeAction } from '@deploy-actions/workflow-runner'

const action = fileURLToPath(new URL('..', import.meta.url))
const host = '123456789012.dkr.ecr.eu-central-1.amazonaws.com'

const migration = (name: string): Migration => ({ name, hash: '0'.repeat(12) })
const one = [migration('0001_init.sql')]
const two = [...one, migration('0002_orders.sql')]
export const level = { one: schemaLevel(one).text, two: schemaLevel(two).text }
export const name = '/deploy-actions/shop/production'
export const since = '2026-10-01T08:00:00.000Z'
export const withRecord = { application: 'shop', environment: 'production' }

/** Images, oldest first. `oldest` and `old` expect the schema of `one`; `good` and `bad` that of `two`. */
const images = { oldest: one, old: one, good: two, bad: two, next: two }
export type ImageName = keyof typeof images

export interface Stage {
  simulator: Simulator
  ecs: ECSClient
  digests: Record<ImageName, string>
  commits: Record<ImageName, string>
  run(inputs?: Record<string, string>, options?: Partial<NodeActionOptions>): Promise<ActionRun>
  release(image: ImageName, revision: number, more?: Partial<Release>): Release
  read(): Promise<RecordState | undefined>
  write(state: Partial<RecordState>): Promise<void>
  put(parameter: string, value: object): Promise<void>
  /** `family:revision` and pinned digest of what is PRIMARY. */
  serves(service?: string): Promise<{ revision: string; digest: string }>
  update(service: string, taskDefinition: string): Promise<void>
  deregister(taskDefinition: string): Promise<void>
  /** A task beside the services, as a migration is one. */
  runTask(taskDefinition: string, startedBy: string): Promise<void>
  settled(service?: string): Promise<void>
  calls(): RecordedCall[]
  writes(): string[]
  [Symbol.asyncDispose](): Promise<void>
}

const container = (image: string, more: Record<string, unknown> = {}) => ({
  name: 'app',
  image,
  essential: true,
  environment: [{ name: 'LOG_LEVEL', value: 'info' }],
  logConfiguration: {
    logDriver: 'awslogs',
    options: { 'awslogs-group': '/shop', 'awslogs-region': 'eu-central-1', 'awslogs-stream-prefix': 'app' },
  },
  ...more,
})

const definition = (family: string, image: string, more: Record<string, unknown> = {}) => ({
  family,
  networkMode: 'awsvpc',
  requiresCompatibilities: ['FARGATE'],
  cpu: '256',
  memory: '512',
  executionRoleArn: 'arn:aws:iam::123456789012:role/execution',
  containerDefinitions: [container(image, more)],
})

/**
 * Cluster `production` with the services web and worker. Revisions of each family: 1 runs the oldest image, 2 the old, 3 the good, 4 the bad one, with another
 * variable. The services serve revision 4 as if for a long time.
 */
export async function stage(options: { scenario?: Scenario; speed?: number; startAt?: number } = {}): Promise<Stage> {
  const names = Object.keys(images) as ImageName[]
  const commits = Object.fromEntries(
    names.map((image, index) => [image, String(index + 1).repeat(40)]),
  ) as Stage['commits']
  const simulator = await startSimulator({
    speed: options.speed ?? 100,
    scenario: {
      ...options.scenario,
      seed: {
        repositories: [{ name: 'shop' }],
        images: names.map((image) => ({
          repository: 'shop',
          tags: [image, `sha-${commits[image]}`],
          labels: schemaLabels(images[image]),
          content: image,
        })),
        clusters: ['production'],
        logGroups: ['/shop'],
      },
    },
  })
  const config = {
    region: 'eu-central-1',
    endpoint: simulator.url,
    credentials: { accessKeyId: 'ASIATEST000000000000', secretAccessKey: 'test', sessionToken: 'test' },
  }
  const ecs = new ECSClient(config)
  const ssm = new SSMClient(config)
  const { imageDetails = [] } = await new ECRClient(config).send(new DescribeImagesCommand({ repositoryName: 'shop' }))
  const digests = Object.fromEntries(
    names.map((image) => [image, imageDetails.find(({ imageTags }) => imageTags?.includes(image))?.imageDigest]),
  ) as Stage['digests']
  const uri = (image: ImageName) => `${host}/shop@${digests[image]}`
  const loud = { environment: [{ name: 'LOG_LEVEL', value: 'debug' }] }
  await simulator.seed({
    taskDefinitions: ['web', 'worker'].flatMap((family) => [
      definition(family, uri('oldest')),
      definition(family, uri('old')),
      definition(family, uri('good')),
      definition(family, uri('bad'), loud),
    ]),
    services: ['web', 'worker'].map((service) => ({
      cluster: 'production',
      serviceName: service,
      taskDefinition: `${service}:${options.startAt ?? 4}`,
      desiredCount: 1,
      launchType: 'FARGATE',
      networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1a'], securityGroups: ['sg-1'] } },
      deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } },
      stable: true,
    })),
  })
  let start = simulator.calls.length
  const describe = async (service: string) =>
    (await ecs.send(new DescribeServicesCommand({ cluster: 'production', services: [service] }))).services?.[0]

  const put = async (Name: string, value: object) => {
    await ssm.send(new PutParameterCommand({ Name, Value: JSON.stringify(value), Type: 'String', Overwrite: true }))
    start = simulator.calls.length
  }
  return {
    simulator,
    ecs,
    digests,
    commits,
    put,
    run(inputs = {}, more = {}) {
      start = simulator.calls.length
      return runNodeAction({
        action,
        inputs: { cluster: 'production', service: 'web', repository: 'shop', reason: 'incident 42', ...inputs },
        time: simulator.time,
        ...more,
        env: { ...simulator.env, ...more.env },
      })
    },
    release: (image, revision, more) => ({
      number: revision,
      digest: digests[image],
      commit: commits[image],
      level: schemaLevel(images[image]).text,
      services: { web: `web:${revision}`, worker: `worker:${revision}` },
      at: `2026-10-${String(revision).padStart(2, '0')}T08:00:00.000Z`,
      ...more,
    }),
    async read() {
      try {
        const { Parameter } = await ssm.send(new GetParameterCommand({ Name: name }))
        return JSON.parse(Parameter?.Value ?? '')
      } catch (error) {
        if (error instanceof ParameterNotFound) return undefined
        throw error
      }
    },
    write: (state) => put(name, { format: 1, counter: 9, releases: [], bad: [], ...state }),
    async serves(service = 'web') {
      const primary = (await describe(service))?.deployments?.find(({ status }) => status === 'PRIMARY')
      const { taskDefinition } = await ecs.send(
        new DescribeTaskDefinitionCommand({ taskDefinition: primary?.taskDefinition }),
      )
      return {
        revision: `${taskDefinition?.family}:${taskDefinition?.revision}`,
        digest: taskDefinition?.containerDefinitions?.[0]?.image?.split('@')[1] ?? '',
      }
    },
    async update(service, taskDefinition) {
      await ecs.send(new UpdateServiceCommand({ cluster: 'production', service, taskDefinition }))
    },
    async runTask(taskDefinition, startedBy) {
      const awsvpcConfiguration = { subnets: ['subnet-1a'], securityGroups: ['sg-1'] }
      await ecs.send(
        new RunTaskCommand({
          cluster: 'production',
          taskDefinition,
          startedBy,
          launchType: 'FARGATE',
          networkConfiguration: { awsvpcConfiguration },
        }),
      )
    },
    async deregister(taskDefinition) {
      await ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition }))
    },
    async settled(service = 'web') {
      for (let round = 0; round < 600; round++) {
        const { deployments = [] } = (await describe(service)) ?? {}
        if (deployments.length === 1 && deployments[0]?.rolloutState === 'COMPLETED') return
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      throw new Error(`${service} did not settle`)
    },
    calls: () => simulator.calls.slice(start),
    writes: () =>
      simulator.calls
        .slice(start)
        .filter(
          ({ operation, outcome }) =>
            /^(Put|Delete|Update|Register|Deregister|Stop|Run)/.test(operation) && outcome === 'ok',
        )
        .map(({ operation }) => operation),
    [Symbol.asyncDispose]: () => simulator.close(),
  }
}

/** Runs a test on a stage of its own, so that tests which mostly wait can wait together. */
export async function withStage(body: (on: Stage) => Promise<void>): Promise<void> {
  await using on = await stage()
  await body(on)
}
