import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ECSClient, UpdateServiceCommand } from '@aws-sdk/client-ecs'
import { type Scenario, type Simulator, startSimulator } from '@deploy-actions/aws-simulator'
import { type ActionRun, type NodeActionOptions, runNodeAction } from '@deploy-actions/workflow-runner'

export const action = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
export const image = (letter: string) => `registry.example.com/shop@${digest(letter)}`
export const host = '123456789012.dkr.ecr.eu-central-1.amazonaws.com'
export const digest = (letter: string) => `sha256:${letter.repeat(64)}`
const network = { awsvpcConfiguration: { subnets: ['subnet-1a'], securityGroups: ['sg-1'] } }

export const definition = (
  family: string,
  fields: Record<string, unknown> = {},
  container: Record<string, unknown> = {},
) => ({
  family,
  networkMode: 'awsvpc',
  requiresCompatibilities: ['FARGATE'],
  cpu: '256',
  memory: '512',
  executionRoleArn: 'arn:aws:iam::123456789012:role/execution',
  containerDefinitions: [
    {
      name: 'app',
      image: 'registry.example.com/shop:1',
      essential: true,
      portMappings: [{ containerPort: 8080 }],
      environment: [{ name: 'LOG_LEVEL', value: 'info' }],
      logConfiguration: {
        logDriver: 'awslogs',
        options: { 'awslogs-group': '/shop', 'awslogs-region': 'eu-central-1', 'awslogs-stream-prefix': 'app' },
      },
      ...container,
    },
  ],
  ...fields,
})

export const service = (name: string, fields: Record<string, unknown> = {}) => ({
  cluster: 'prod',
  serviceName: name,
  taskDefinition: 'web',
  desiredCount: 2,
  launchType: 'FARGATE',
  networkConfiguration: network,
  deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } },
  stable: true,
  ...fields,
})

export interface StageOptions {
  /** How fast simulator and action live, both alike. Slower where few seconds matter: a cancel, a short timeout. */
  speed?: number
  scenario?: Scenario
  /** Fields of the service `web`, or all services. */
  service?: Record<string, unknown>
  services?: Record<string, unknown>[]
  definition?: Record<string, unknown>
  container?: Record<string, unknown>
  /** Further revisions of `web`, by image: revision 2 and on. */
  definitions?: Record<string, string>
}

/** A simulator with the cluster `prod` and the settled service `web`. */
export async function stage(options: StageOptions = {}): Promise<Simulator> {
  const { scenario = {}, speed = 150 } = options
  return startSimulator({
    speed,
    scenario: {
      ...scenario,
      seed: {
        clusters: ['prod'],
        repositories: [{ name: 'shop' }],
        logGroups: ['/shop'],
        taskDefinitions: [
          definition('web', options.definition, options.container),
          ...Object.values(options.definitions ?? {}).map((one) =>
            definition('web', options.definition, { ...options.container, image: one }),
          ),
        ],
        services: options.services ?? [service('web', { taskDefinition: 'web:1', ...options.service })],
        ...scenario.seed,
      },
    },
  })
}

/** Runs the bundle against a simulator. */
export function deploy(
  simulator: Simulator,
  inputs: Record<string, string> = {},
  options: Partial<NodeActionOptions> = {},
): Promise<ActionRun> {
  return runNodeAction({
    action,
    inputs: { cluster: 'prod', service: 'web', ...inputs },
    time: simulator.time,
    ...options,
    env: { ...simulator.env, ...options.env },
  })
}

/** Options that cancel when the log first holds `text`. */
export function cancelAt(text: string): Pick<NodeActionOptions, 'signal' | 'onLine'> {
  const cancel = new AbortController()
  return { signal: cancel.signal, onLine: (line) => void (line.includes(text) && cancel.abort()) }
}

/** Resolves when the operation has been called, though not yet answered. */
export async function called(simulator: Simulator, operation: string): Promise<void> {
  while (!simulator.calls.some((call) => call.operation === operation)) await sleep(5)
}

/** Somebody else's UpdateService. */
export async function updateByHand(url: string, input: Record<string, unknown>): Promise<void> {
  const client = new ECSClient({
    region: 'eu-central-1',
    endpoint: url,
    credentials: { accessKeyId: 'someone', secretAccessKey: 'else' },
  })
  await client.send(new UpdateServiceCommand({ cluster: 'prod', service: 'web', ...input }))
}

/** Names of the operations called, `ecs:UpdateService`, with their counts. */
export function counts(simulator: Simulator): Record<string, number> {
  const found: Record<string, number> = {}
  for (const { service: name, operation } of simulator.calls) {
    const key = `${name}:${operation}`
    found[key] = (found[key] ?? 0) + 1
  }
  return found
}
