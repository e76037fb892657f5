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
import { type Scenario, type Simulator, startSimulator } from '../src/index.ts'
import { clientsOf } from './clients.ts'

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

const open: Simulator[] = []

afterEach(async () => {
  for (const simulator of open.splice(0)) await simulator.close()
})

export interface Stage {
  simulator: Simulator
  ecs: ECSClient
  advance(seconds: number): void
  /** Registers a revision of `web` with this image and returns its ARN. */
  revision(image: string, more?: Record<string, unknown>): Promise<string>
  service(name?: string): Promise<Service>
  update(input: Record<string, unknown>): Promise<Service>
  deployments(): Promise<ServiceDeployment[]>
  /** Event texts since the update, oldest first, without the service's prefix, with ids shortened to `(task T)`. */
  events(): Promise<string[]>
}

/** A simulator on a manual clock, closed after the test, with one cluster `prod` and one long-settled service `web`, spoken to by the real SDK client. */
export async function stage(
  scenario: Scenario = {},
  service: Partial<CreateServiceCommandInput> = {},
  container: Record<string, unknown> = {},
): Promise<Stage> {
  const simulator = await startSimulator({
    clock: 'manual',
    scenario: {
      ...scenario,
      seed: {
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
        ...scenario.seed,
      },
    },
  })
  open.push(simulator)
  const { ecs } = clientsOf(simulator.url)
  const start = simulator.world.clock.now()
  const describe = async (name = 'web') => {
    const { services } = await ecs.send(new DescribeServicesCommand({ cluster: 'prod', services: [name] }))
    if (!services?.[0]) throw new Error(`no service ${name}`)
    return services[0]
  }
  return {
    simulator,
    ecs,
    advance: (seconds) => simulator.world.clock.advance(seconds),
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
