import type { ECSClient, Service, ServiceDeployment } from '@aws-sdk/client-ecs'
import type { Clock, Log } from '@deploy-actions/action-kit'
import { readableAwsError } from '../../aws/src/errors.ts'
import { type DeploymentOutcome, type StartedDeployment, type WatchOptions, watchDeployments } from '../src/index.ts'
import { at, started } from './observations.ts'

/** What ECS answers, call by call: `call` counts that operation's calls from 1 on. An Error is thrown as the SDK would throw it. */
export interface Script {
  services: (call: number) => Service[] | Error
  list?: (call: number) => { serviceDeploymentArn: string; targetServiceRevisionArn: string }[] | Error
  serviceDeployments?: (call: number, arns: string[]) => ServiceDeployment[] | Error
}

export interface Watched {
  outcomes: DeploymentOutcome[]
  seconds: number
  lines: string[]
  warnings: string[]
  /** Times an operation was called. */
  calls: Record<string, number>
}

export const awsError = (name: string, message = 'x') => Object.assign(new Error(message), { name })

/** Watches against scripted answers, for what a real cluster does too rarely to wait for. The clock begins `clockAheadMs` off AWS's. */
export async function watchScripted(
  script: Script,
  {
    deployments = [started],
    clockAheadMs = 0,
    ...options
  }: Partial<WatchOptions> & { deployments?: StartedDeployment[]; clockAheadMs?: number } = {},
): Promise<Watched> {
  const begun = at(1).getTime() + clockAheadMs
  let time = begun
  const advance = (milliseconds: number) => {
    time += milliseconds
  }
  const clock: Clock = { now: () => new Date(time), sleep: async (milliseconds) => advance(milliseconds) }
  const lines: string[] = []
  const warnings: string[] = []
  const log: Log = {
    info: (line) => void lines.push(line),
    debug() {},
    notice() {},
    warning: (line) => void warnings.push(line),
    error() {},
    group: async (_, body) => body(),
  }
  const calls: Record<string, number> = {}
  const answers: Record<string, (call: number, input: never) => object | Error> = {
    DescribeServicesCommand: (call) => named('services', script.services(call)),
    ListServiceDeploymentsCommand: (call) => named('serviceDeployments', script.list?.(call) ?? []),
    DescribeServiceDeploymentsCommand: (call, { serviceDeploymentArns }: { serviceDeploymentArns: string[] }) =>
      named('serviceDeployments', script.serviceDeployments?.(call, serviceDeploymentArns) ?? []),
  }
  const send = async (command: { input: never }) => {
    const operation = command.constructor.name
    calls[operation] = (calls[operation] ?? 0) + 1
    const answer = answers[operation]!(calls[operation], command.input)
    if (answer instanceof Error) throw readableAwsError(answer, 'ECSClient', operation)
    return { $metadata: { attempts: 1 }, ...answer }
  }
  const outcomes = await watchDeployments(
    { ecs: { send } as unknown as ECSClient, clock, log, random: () => 0.5 },
    deployments,
    { timeoutMs: 1_800_000, ...options },
  )
  return { outcomes, seconds: (time - begun) / 1000, lines, warnings, calls }
}

function named(key: string, answer: object | Error): object | Error {
  return answer instanceof Error ? answer : { [key]: answer }
}
