import { fileURLToPath } from 'node:url'
import { DescribeImagesCommand, ECRClient } from '@aws-sdk/client-ecr'
import { DescribeTasksCommand, ECSClient, ListTasksCommand } from '@aws-sdk/client-ecs'
import { GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { type Scenario, type Simulator, startSimulator, type TaskBehaviour } from '@deploy-actions/aws-simulator'
import { type Migration, type RecordState, schemaLabels, schemaLevel } from '@deploy-actions/release'
import { type ActionRun, type NodeActionOptions, runNodeAction } from '@deploy-actions/workflow-runner'

const action = fileURLToPath(new URL('..', import.meta.url))

export const first: Migration[] = [{ name: '0001_init.sql', hash: '111111111111' }]
export const second: Migration[] = [...first, { name: '0002_orders.sql', hash: '222222222222' }]
export const levelOne = schemaLevel(first).text
export const levelTwo = schemaLevel(second).text

/** How fast simulator and action live: what a cancel may take, 5 s, has time on a loaded machine too. */
const speed = 20

export const container = (more: Record<string, unknown> = {}) => ({
  name: 'web',
  image: 'example.com/web:0',
  essential: true,
  portMappings: [{ containerPort: 8080 }],
  environment: [{ name: 'PORT', value: '8080' }],
  logConfiguration: {
    logDriver: 'awslogs',
    options: { 'awslogs-group': '/app/web', 'awslogs-region': 'eu-central-1', 'awslogs-stream-prefix': 'web' },
  },
  ...more,
})

export const sidecar = {
  name: 'agent',
  image: 'example.com/agent:1',
  essential: false,
  logConfiguration: container().logConfiguration,
}

export const definition = (
  containers: Record<string, unknown>[] = [container()],
  more: Record<string, unknown> = {},
) => ({
  family: 'web',
  networkMode: 'awsvpc',
  requiresCompatibilities: ['FARGATE'],
  cpu: '256',
  memory: '512',
  executionRoleArn: 'arn:aws:iam::123456789012:role/execution',
  containerDefinitions: containers,
  ...more,
})

export interface Stage {
  simulator: Simulator
  ecs: ECSClient
  /** Digests by tag: `one` expects one migration, `two` both, `bare` carries no labels. */
  digests: Record<'one' | 'two' | 'bare', string>
  /** How the migration task behaves. */
  migration(behaviour: TaskBehaviour): void
  run(inputs?: Record<string, string>, options?: Partial<NodeActionOptions>): Promise<ActionRun>
  record(): Promise<RecordState | undefined>
  pending(): Promise<RecordState['pending']>
  writeRecord(state: Partial<RecordState>): Promise<void>
  /** Requests of one operation, in order. */
  inputsOf(operation: string): Record<string, unknown>[]
  /** How many tasks have stopped: the service's own run on. */
  stoppedTasks(): Promise<number>
  /** From start to end of the containers of every task that has run and stopped, in order; simulated milliseconds. */
  spans(): Promise<{ started: number; ended: number }[]>
  [Symbol.asyncDispose](): Promise<void>
}

export const recordName = '/deploy-actions/shop/staging'
export const withRecord = { application: 'shop', environment: 'staging' }

/** A service `web` in cluster `staging`, three images of it in ECR, and the action as a process beside. */
export async function stage(
  options: { scenario?: Scenario; definition?: object; service?: object } = {},
): Promise<Stage> {
  const simulator = await startSimulator({
    speed,
    scenario: {
      ...options.scenario,
      seed: {
        repositories: [{ name: 'web' }],
        images: [
          { repository: 'web', tags: ['one'], labels: schemaLabels(first) },
          { repository: 'web', tags: ['two'], labels: schemaLabels(second) },
          { repository: 'web', tags: ['bare'] },
        ],
        logGroups: ['/app/web'],
        taskDefinitions: [(options.definition ?? definition()) as Record<string, unknown>],
        services: [
          {
            cluster: 'staging',
            serviceName: 'web',
            taskDefinition: 'web',
            desiredCount: 1,
            launchType: 'FARGATE',
            networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1a'], securityGroups: ['sg-1'] } },
            stable: true,
            ...options.service,
          },
        ],
        ...options.scenario?.seed,
      },
    },
  })
  const config = {
    region: 'eu-central-1',
    endpoint: simulator.url,
    credentials: { accessKeyId: 'ASIATEST000000000000', secretAccessKey: 'test', sessionToken: 'test' },
    maxAttempts: 1,
  }
  const ecr = new ECRClient(config)
  const ssm = new SSMClient(config)
  const digestOf = async (imageTag: string) => {
    const { imageDetails } = await ecr.send(
      new DescribeImagesCommand({ repositoryName: 'web', imageIds: [{ imageTag }] }),
    )
    return imageDetails?.[0]?.imageDigest ?? ''
  }
  const digests = { one: await digestOf('one'), two: await digestOf('two'), bare: await digestOf('bare') }
  const before = simulator.calls.length
  const client = new ECSClient(config)
  const record = async () => {
    try {
      const { Parameter } = await ssm.send(new GetParameterCommand({ Name: recordName }))
      return JSON.parse(Parameter?.Value ?? '') as RecordState
    } catch (error) {
      if ((error as Error).name === 'ParameterNotFound') return undefined
      throw error
    }
  }
  return {
    simulator,
    ecs: client,
    digests,
    migration: (behaviour) =>
      simulator.addBehaviours({ match: { kind: 'run-task', command: 'npm run migrate' }, behaviour }),
    run: (inputs = {}, runOptions = {}) =>
      runNodeAction({
        action,
        inputs: {
          cluster: 'staging',
          service: 'web',
          repository: 'web',
          digest: digests.two,
          command: 'npm run migrate',
          ...inputs,
        },
        time: simulator.time,
        ...runOptions,
        env: { ...simulator.env, ...runOptions.env },
      }),
    async record() {
      // What a test denies to the action shall not be denied to the test.
      simulator.clearFaults()
      return record()
    },
    async pending() {
      simulator.clearFaults()
      return (await record())?.pending
    },
    async writeRecord(state) {
      const Value = JSON.stringify({ format: 1, counter: 0, releases: [], bad: [], ...state })
      await ssm.send(new PutParameterCommand({ Name: recordName, Value, Type: 'String', Overwrite: true }))
    },
    inputsOf: (operation) =>
      simulator.calls
        .slice(before)
        .filter((call) => call.operation === operation)
        .map((call) => call.input as Record<string, unknown>),
    async spans() {
      const listed = await client.send(new ListTasksCommand({ cluster: 'staging', desiredStatus: 'STOPPED' }))
      if (!listed.taskArns?.length) return []
      const { tasks = [] } = await client.send(new DescribeTasksCommand({ cluster: 'staging', tasks: listed.taskArns }))
      return tasks
        .flatMap(({ startedAt, executionStoppedAt }) =>
          startedAt && executionStoppedAt ? { started: startedAt.getTime(), ended: executionStoppedAt.getTime() } : [],
        )
        .sort((one, other) => one.started - other.started)
    },
    async stoppedTasks() {
      const { taskArns } = await client.send(new ListTasksCommand({ cluster: 'staging', desiredStatus: 'STOPPED' }))
      return taskArns?.length ?? 0
    },
    async [Symbol.asyncDispose]() {
      await simulator.close()
    },
  }
}

/** A migration that takes some seconds, writes two lines and ends well. */
export const endsWell: TaskBehaviour = {
  startsAfter: 5,
  exitsAfter: 10,
  exitCode: 0,
  log: [
    { after: 1, line: 'applying 0002_orders.sql' },
    { after: 2, line: 'done' },
  ],
}
