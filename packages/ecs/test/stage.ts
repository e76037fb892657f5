import { createHash } from 'node:crypto'
import { ECSClient } from '@aws-sdk/client-ecs'
import type { Clock, Log } from '@deploy-actions/action-kit'
import { awsClient } from '@deploy-actions/aws'
import { type Scenario, type Simulator, startSimulator } from '@deploy-actions/aws-simulator'
import {
  type DeploymentOutcome,
  type Judgement,
  type Observation,
  type StartedDeployment,
  startDeployment,
  type UpdateRequest,
  type WatchOptions,
  watchDeployments,
} from '../src/index.ts'

const network = { awsvpcConfiguration: { subnets: ['subnet-1a'], securityGroups: ['sg-1'] } }
export const image = (letter: string) => `registry.example.com/shop@sha256:${letter.repeat(64)}`

export const definition = (letter: string, family = 'web', container: Record<string, unknown> = {}) => ({
  family,
  networkMode: 'awsvpc',
  requiresCompatibilities: ['FARGATE'],
  cpu: '256',
  memory: '512',
  executionRoleArn: 'arn:aws:iam::123456789012:role/execution',
  containerDefinitions: [
    { name: 'app', image: image(letter), essential: true, portMappings: [{ containerPort: 8080 }], ...container },
  ],
})

/** The simulator names target groups by their name, so that a seed can refer to one. */
export function targetGroupArn(name: string): string {
  const suffix = createHash('sha256').update(name).digest('hex').slice(0, 16)
  return `arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/${name}/${suffix}`
}

export interface Trace {
  /** What the judge said, each once in a row: phases, and the verdict at the end. */
  judged: string[]
  /** Status of the service deployment, each once in a row; `-` before it is known. */
  statuses: string[]
  polls: number
}

export interface Stage {
  simulator: Simulator
  ecs: ECSClient
  clock: Clock
  lines: string[]
  warnings: string[]
  update(request?: Partial<UpdateRequest>): Promise<StartedDeployment>
  watch(started: StartedDeployment[], options?: Partial<WatchOptions>): Promise<DeploymentOutcome[]>
  /** Updates `web` to revision 2 and watches it; `during` runs after every poll. */
  deploy(options?: Partial<WatchOptions>, during?: (poll: number) => Promise<void> | void): Promise<DeploymentOutcome>
  trace: Trace
  counts(): Record<string, number>
  close(): Promise<void>
}

export interface StageOptions {
  scenario?: Scenario
  service?: Record<string, unknown>
  services?: string[]
  container?: Record<string, unknown>
  signal?: AbortSignal
}

/**
 * A cluster `prod` whose services run `web:1` (image a…), with `web:2` (b…) and `web:3` (c…) registered, on a clock that moves only when somebody waits: a
 * deployment of many minutes is watched in milliseconds, poll by poll.
 */
export async function stage(options: StageOptions = {}): Promise<Stage> {
  const simulator = await startSimulator({
    clock: 'manual',
    scenario: {
      ...options.scenario,
      seed: {
        clusters: ['prod'],
        taskDefinitions: ['a', 'b', 'c'].map((letter) => definition(letter, 'web', options.container)),
        services: (options.services ?? ['web']).map((serviceName) => ({
          cluster: 'prod',
          serviceName,
          taskDefinition: 'web:1',
          desiredCount: 2,
          launchType: 'FARGATE',
          networkConfiguration: network,
          deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } },
          stable: true,
          ...options.service,
        })),
        ...options.scenario?.seed,
      },
    },
  })
  Object.assign(process.env, simulator.env)
  const time = simulator.world.clock
  const lines: string[] = []
  const warnings: string[] = []
  const log: Log = {
    info: (message) => void lines.push(message),
    debug: () => {},
    notice: (message) => void lines.push(message),
    warning: (message) => void warnings.push(message),
    error: (message) => void warnings.push(message),
    group: async (_, body) => body(),
  }
  let during: ((poll: number) => Promise<void> | void) | undefined
  const trace: Trace = { judged: [], statuses: [], polls: 0 }
  const clock: Clock = {
    now: () => time.now(),
    async sleep(milliseconds) {
      await during?.(trace.polls)
      time.advance(milliseconds / 1000)
    },
  }
  const ecs = awsClient(ECSClient, { region: 'eu-central-1', log, clock })
  const note = (list: string[], entry: string) => {
    if (list.at(-1) !== entry) list.push(entry)
  }
  const onObserved = (observation: Observation, judgement: Judgement) => {
    trace.polls++
    note(trace.judged, judgement.ended ? judgement.verdict : judgement.phase)
    note(trace.statuses, observation.serviceDeployment?.status ?? '-')
  }
  const self: Stage = {
    simulator,
    ecs,
    clock,
    lines,
    warnings,
    trace,
    update: (request = {}) =>
      startDeployment(ecs, { cluster: 'prod', service: 'web', taskDefinition: 'web:2', ...request }),
    watch: (started, watchOptions = {}) =>
      watchDeployments({ ecs, clock, log, signal: options.signal, random: () => 0.5 }, started, {
        timeoutMs: 3_600_000,
        onObserved,
        ...watchOptions,
      }),
    async deploy(watchOptions, action) {
      during = action
      const [outcome] = await self.watch([await self.update()], watchOptions)
      return outcome!
    },
    counts() {
      const found: Record<string, number> = {}
      for (const { operation } of simulator.calls) found[operation] = (found[operation] ?? 0) + 1
      return found
    },
    close: () => simulator.close(),
  }
  return self
}
