import { fileURLToPath } from 'node:url'
import { DescribeImagesCommand, ECRClient } from '@aws-sdk/client-ecr'
import { GetParameterCommand, ParameterNotFound, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { type Scenario, type Simulator, startSimulator } from '@deploy-actions/aws-simulator'
import { type Migration, type RecordState, schemaLabels, schemaLevel } from '@deploy-actions/release'
import { type ActionRun, type NodeActionOptions, runNodeAction } from '@deploy-actions/workflow-runner'

const action = fileURLToPath(new URL('..', import.meta.url))

const migration = (name: string, hash = '0'): Migration => ({ name, hash: hash.repeat(12) })
export const migrations = {
  two: [migration('0001_init.sql'), migration('0002_orders.sql')],
  three: [migration('0001_init.sql'), migration('0002_orders.sql'), migration('0003_prices.sql')],
  edited: [migration('0001_init.sql', '1'), migration('0002_orders.sql'), migration('0003_prices.sql')],
}
export const level = { two: schemaLevel(migrations.two).text, three: schemaLevel(migrations.three).text }
export const name = '/deploy-actions/shop/production'
export const lock = `${name}/lock`
export const since = '2026-10-01T08:00:00.000Z'
export const commit = 'c0ffee'.padEnd(40, '0')

type ImageName = 'plain' | 'two' | 'three' | 'edited' | 'damaged'

export interface Stage {
  simulator: Simulator
  digests: Record<ImageName, string>
  run(inputs?: Record<string, string>, options?: Partial<NodeActionOptions>): Promise<ActionRun>
  post(
    main: ActionRun,
    jobStatus: 'success' | 'failure' | 'cancelled',
    options?: Partial<NodeActionOptions>,
  ): Promise<ActionRun>
  read<T = RecordState>(parameter?: string): Promise<T | undefined>
  write(state: Partial<RecordState>, parameter?: string): Promise<void>
  /** Calls that changed something. */
  writes(): string[]
  [Symbol.asyncDispose](): Promise<void>
}

/** ECR with images of several schema levels, an empty parameter store, and the action as a process beside. */
export async function stage(scenario: Scenario = {}): Promise<Stage> {
  const simulator = await startSimulator({
    speed: 20,
    scenario: {
      ...scenario,
      seed: {
        repositories: [{ name: 'shop' }],
        images: [
          { repository: 'shop', tags: ['plain'] },
          ...(['two', 'three', 'edited'] as const).map((tag) => ({
            repository: 'shop',
            tags: [tag],
            labels: schemaLabels(migrations[tag]),
          })),
          { repository: 'shop', tags: ['damaged'], labels: { 'io.github.deploy-actions.schema-level': 'seventeen' } },
        ],
      },
    },
  })
  const config = {
    region: 'eu-central-1',
    endpoint: simulator.url,
    credentials: { accessKeyId: 'ASIATEST000000000000', secretAccessKey: 'test', sessionToken: 'test' },
    maxAttempts: 1,
  }
  const ssm = new SSMClient(config)
  const { imageDetails = [] } = await new ECRClient(config).send(new DescribeImagesCommand({ repositoryName: 'shop' }))
  const digests = Object.fromEntries(
    imageDetails.map(({ imageTags = [], imageDigest }) => [imageTags[0], imageDigest]),
  ) as Stage['digests']
  const start = simulator.calls.length

  return {
    simulator,
    digests,
    run: (inputs = {}, options = {}) =>
      runNodeAction({
        action,
        inputs: {
          application: 'shop',
          environment: 'production',
          repository: 'shop',
          digest: digests.plain,
          commit,
          'lock-timeout': '0s',
          ...inputs,
        },
        time: simulator.time,
        ...options,
        env: { ...simulator.env, ...options.env },
      }),
    post: (main, jobStatus, options = {}) =>
      runNodeAction({
        action,
        inputs: { environment: 'production', repository: 'shop', digest: digests.plain },
        entry: 'post',
        state: main.state,
        jobStatus,
        time: simulator.time,
        ...options,
        env: { ...simulator.env, ...options.env },
      }),
    async read(parameter = name) {
      try {
        const { Parameter } = await ssm.send(new GetParameterCommand({ Name: parameter }))
        return JSON.parse(Parameter?.Value ?? '')
      } catch (error) {
        if (error instanceof ParameterNotFound) return undefined
        throw error
      }
    },
    async write(state, parameter = name) {
      const Value = JSON.stringify({ format: 1, counter: 0, releases: [], bad: [], ...state })
      await ssm.send(new PutParameterCommand({ Name: parameter, Value, Type: 'String', Overwrite: true }))
    },
    writes: () =>
      simulator.calls
        .slice(start)
        .filter(
          ({ operation, outcome }) => /^(Put|Delete|Update|Register|Stop|Run)/.test(operation) && outcome === 'ok',
        )
        .map(({ operation, input }) => `${operation} ${(input as { Name?: string }).Name}`),
    [Symbol.asyncDispose]: () => simulator.close(),
  }
}
