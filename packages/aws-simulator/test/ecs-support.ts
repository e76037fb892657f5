import { createHash } from 'node:crypto'
import {
  type CreateServiceCommandInput,
  DescribeServiceDeploymentsCommand,
  DescribeServicesCommand,
  type ECSClient,
  ListServiceDeploymentsCommand,
  RegisterTaskDefinitionCommand,
  type Service,
  type ServiceDeployment,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs'
import { behavioursFrom } from '../src/behaviours.ts'
import { alarmStore } from '../src/cloudwatch/store.ts'
import { ecsHandlers } from '../src/ecs/index.ts'
import { targetGroupStore } from '../src/elb/store.ts'
import { manualClock, type Scenario } from '../src/index.ts'
import { logStore } from '../src/logs/store.ts'
import { readInput } from '../src/model/input.ts'
import { serviceModel } from '../src/model/model.ts'
import { checkOutput } from '../src/model/output.ts'
import { refusal } from '../src/model/refusal.ts'
import { parameterStore } from '../src/ssm/store.ts'
import type { ImageLookup, World } from '../src/world.ts'

/** The ARN a seeded target group gets: it follows from the name. */
export function groupArn(name: string): string {
  const suffix = createHash('sha256').update(name).digest('hex').slice(0, 16)
  return `arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/${name}/${suffix}`
}

export const network = { awsvpcConfiguration: { subnets: ['subnet-1a', 'subnet-1b'], securityGroups: ['sg-1'] } }

export const container = (image: string, more: Record<string, unknown> = {}) => ({
  name: 'app',
  image,
  essential: true,
  portMappings: [{ containerPort: 8080 }],
  ...more,
})

export const definition = (family: string, image: string, more: Record<string, unknown> = {}) => ({
  family,
  networkMode: 'awsvpc' as const,
  requiresCompatibilities: ['FARGATE' as const],
  cpu: '256',
  memory: '512',
  executionRoleArn: 'arn:aws:iam::123456789012:role/execution',
  containerDefinitions: [container(image, more)],
})

/** The services that ECS leans on, as the simulator has them, without ECR: every image is there unless `images` says otherwise. */
function worldOf(scenario: Scenario, images: ImageLookup | undefined) {
  const clock = manualClock()
  const place = { accountId: '123456789012', region: 'eu-central-1', now: clock.now }
  const logs = logStore({ ...place, ingestionDelay: () => 0 })
  const parameters = parameterStore(place)
  const targetGroups = targetGroupStore(place)
  const alarms = alarmStore(place)
  const { seed } = scenario
  for (const name of seed?.logGroups ?? []) logs.createGroup(name)
  for (const { name, deregistrationDelay = 300 } of seed?.targetGroups ?? []) {
    targetGroups.create({ name }).attributes.set('deregistration_delay.timeout_seconds', String(deregistrationDelay))
  }
  for (const { name, state } of seed?.alarms ?? []) {
    alarms.put(name)
    alarms.set(name, state, 'seed')
  }
  const invented: ImageLookup = {
    resolve: (reference) => ({
      digest: /@(sha256:.*)$/.exec(reference)?.[1] ?? `sha256:${createHash('sha256').update(reference).digest('hex')}`,
      labels: {},
    }),
  }
  const world: World = {
    ...place,
    clock,
    scenario,
    images: images ?? invented,
    logs,
    parameters,
    targetGroups,
    alarms,
    behaviourFor: behavioursFrom(() => scenario.behaviours ?? []),
  }
  return { world, logs, parameters, targetGroups, alarms }
}

/** What passes the wire is a copy. structuredClone would give Dates of another realm than the tests'. */
function copy(value: unknown): unknown {
  if (value instanceof Date) return new Date(value)
  if (Array.isArray(value)) return value.map(copy)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, copy(member)]))
}

/** Answers SDK commands in this process, checked against the API's model as on the wire: thousands of polls cost nothing. */
function client(world: World, handlers: ReturnType<typeof ecsHandlers>): Pick<ECSClient, 'send'> {
  const model = serviceModel('ecs')
  if (!model) throw new Error('no model of ECS')
  const caller = {
    accountId: world.accountId,
    region: world.region,
    arn: 'arn:aws:sts::123456789012:assumed-role/x/y',
    requestId: '',
  }
  const send = async (command: { input: object }) => {
    const name = command.constructor.name.replace(/Command$/, '')
    const operation = model.operations[name]
    const handler = handlers.operations[name] as ((input: unknown, caller: unknown) => unknown) | undefined
    if (!operation || !handler) throw new Error(`no operation ${name}`)
    const { input, violations, unknown } = readInput(model, operation.input, copy(command.input))
    if (unknown.length) throw new Error(`unknown members: ${unknown.join(', ')}`)
    const refused = refusal('ecs', name, violations)
    if (refused) throw refused
    return copy(checkOutput(model, name, operation.output, await handler(input, caller)))
  }
  return { send: send as ECSClient['send'] }
}

export interface Stage extends ReturnType<typeof worldOf> {
  ecs: Pick<ECSClient, 'send'>
  advance(seconds: number): void
  /** Registers a revision of `web` with this image and returns its ARN. */
  revision(image: string, more?: Record<string, unknown>): Promise<string>
  service(name?: string): Promise<Service>
  update(input: Record<string, unknown>): Promise<Service>
  deployments(): Promise<ServiceDeployment[]>
  /** Event texts since the update, oldest first, without the service's prefix, with ids shortened to `(task T)`. */
  events(): Promise<string[]>
}

/** ECS on a manual clock with one cluster `prod` and one long-settled service `web`. */
export async function stage(
  scenario: Scenario = {},
  service: Partial<CreateServiceCommandInput> = {},
  container: Record<string, unknown> = {},
  images?: ImageLookup,
): Promise<Stage> {
  const parts = worldOf(scenario, images)
  const handlers = ecsHandlers(parts.world)
  await handlers.seed?.({
    clusters: ['prod'],
    taskDefinitions: [definition('web', 'example.com/web:1', container)],
    services: [
      {
        cluster: 'prod',
        serviceName: 'web',
        taskDefinition: 'web',
        desiredCount: 2,
        launchType: 'FARGATE',
        networkConfiguration: network,
        stable: true,
        ...service,
      },
    ],
  })
  const ecs = client(parts.world, handlers)
  const start = parts.world.clock.now()
  const describe = async (name = 'web') => {
    const { services } = await ecs.send(new DescribeServicesCommand({ cluster: 'prod', services: [name] }))
    if (!services?.[0]) throw new Error(`no service ${name}`)
    return services[0]
  }
  return {
    ...parts,
    ecs,
    advance: (seconds) => parts.world.clock.advance(seconds),
    async revision(image, more) {
      const { taskDefinition } = await ecs.send(new RegisterTaskDefinitionCommand(definition('web', image, more)))
      return taskDefinition?.taskDefinitionArn ?? ''
    },
    service: describe,
    async update(input) {
      const { service: updated } = await ecs.send(
        new UpdateServiceCommand({ cluster: 'prod', service: 'web', ...input }),
      )
      if (!updated) throw new Error('no service in the answer')
      return updated
    },
    async deployments() {
      const { serviceDeployments = [] } = await ecs.send(
        new ListServiceDeploymentsCommand({ cluster: 'prod', service: 'web' }),
      )
      const arns = serviceDeployments.flatMap(({ serviceDeploymentArn }) => serviceDeploymentArn ?? [])
      if (!arns.length) return []
      const answer = await ecs.send(new DescribeServiceDeploymentsCommand({ serviceDeploymentArns: arns }))
      return answer.serviceDeployments ?? []
    },
    async events() {
      const { events = [] } = await describe()
      return events
        .filter(({ createdAt }) => createdAt && createdAt >= start)
        .map(({ message = '' }) =>
          message.replace(/^\(service \S+\) /, '').replace(/\(task [0-9a-f]{32}\)/g, '(task T)'),
        )
        .reverse()
    },
  }
}

/** One line per change of `deployments[]` or of the newest service deployment while time goes on: `12s PRIMARY IN_PROGRESS 1/0+1 …`. */
export async function watch(web: Stage, seconds: number, step = 1): Promise<string[]> {
  const lines: string[] = []
  const names = new Map<string, string>()
  const letter = (id = '') => {
    if (!names.has(id)) names.set(id, String.fromCharCode(65 + names.size))
    return names.get(id)
  }
  let last = ''
  for (let at = step; at <= seconds; at += step) {
    web.advance(step)
    const { deployments = [] } = await web.service()
    const shown = [...deployments].reverse().map((deployment) => {
      const { desiredCount, runningCount, pendingCount } = deployment
      return `${letter(deployment.id)} ${deployment.status} ${deployment.rolloutState} ${runningCount}+${pendingCount}/${desiredCount}`
    })
    const [newest] = await web.deployments()
    const line = [...shown.reverse(), newest?.status].join(' | ')
    if (line !== last) lines.push(`${at}s ${line}`)
    last = line
  }
  return lines
}
