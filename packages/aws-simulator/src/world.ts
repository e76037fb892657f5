import type { SimClock } from './clock.ts'
import type { Scenario, Seed, TaskBehaviour } from './scenario.ts'

/**
 * What the rooms of the simulator ask of each other. ECS reads images, parameters and log groups through these and
 * never their state.
 */
export interface World {
  readonly accountId: string
  readonly region: string
  readonly clock: SimClock
  readonly scenario: Scenario
  readonly images: ImageLookup
  readonly logs: LogSink
  readonly parameters: ParameterLookup
  readonly targetGroups: TargetGroups
  readonly alarms: Alarms
  /** What the scenario's rules say about a task. Counts the use of rules with `first`, so ask once per task. */
  readonly behaviourFor: BehaviourFor
}

/** Who calls, and through which region's endpoint. */
export interface Caller {
  accountId: string
  region: string
  /** ARN of the caller, as GetCallerIdentity and access errors show it. */
  arn: string
  requestId: string
}

export interface ImageLookup {
  /**
   * Resolves `host/repo:tag`, `host/repo@sha256:…`. Undefined when it is not there or not pullable; images of
   * foreign hosts resolve to a stable invented digest.
   */
  resolve(reference: string): ResolvedImage | undefined
}

export interface ResolvedImage {
  digest: string
  labels: Record<string, string>
  /** For an index: the image for linux. */
  platformDigest?: string
}

export interface LogSink {
  hasGroup(name: string): boolean
  /** For `awslogs-create-group`. */
  createGroup?(name: string): void
  /** Creates the stream on its first line, as the awslogs driver does. Throws when the group is missing. */
  write(group: string, stream: string, line: string, at: Date): void
}

export interface ParameterLookup {
  /** By name or ARN; undefined when missing. */
  get(nameOrArn: string): string | undefined
}

export interface TargetGroups {
  exists(arn: string): boolean
  deregistrationDelay(arn: string): number
  register(arn: string, target: string, port: number): void
  setHealth(arn: string, target: string, state: 'initial' | 'healthy' | 'unhealthy' | 'draining', reason?: string): void
  deregister(arn: string, target: string): void
}

export interface Alarms {
  state(name: string): 'OK' | 'ALARM' | 'INSUFFICIENT_DATA' | undefined
}

export type BehaviourFor = (task: {
  kind: 'service' | 'run-task'
  cluster: string
  service?: string
  family: string
  image: string
  digest?: string
  labels: Record<string, string>
  env: Record<string, string>
  command: string[]
}) => TaskBehaviour

/**
 * A service of the simulator: one handler per operation, whatever the protocol. A handler gets a request that its
 * model has accepted (types, required members, bounds, enum values), with timestamps as Date and blobs as Buffer,
 * and answers in the same way; members that are undefined are left out, members that the model does not know are a
 * programming error. It refuses by throwing AwsFailure.
 */
export interface ServiceHandlers {
  /** Name in the request signature: ecs, ecr, ssm, logs, rds, elasticloadbalancing, … */
  signingName: string
  operations: Record<string, (input: never, caller: Caller) => unknown | Promise<unknown>>
  /** Creates this service's part of a seed. Called at the start and by the control endpoint. */
  seed?(seed: Seed): void | Promise<void>
  /** What `GET /_simulator/state` shows of this service. */
  state?(): unknown
  close?(): void | Promise<void>
}

/** Thrown by a handler; goes out as AWS's error of that name. */
export class AwsFailure extends Error {
  override readonly name: string
  readonly status: number
  /** Further members of the error's shape. */
  readonly members: Record<string, unknown>

  constructor(name: string, message: string, options: { status?: number; members?: Record<string, unknown> } = {}) {
    super(message)
    this.name = name
    this.status = options.status ?? 400
    this.members = options.members ?? {}
  }
}
