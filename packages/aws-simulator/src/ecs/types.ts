import type {
  Attachment,
  CapacityProviderStrategyItem,
  Cluster,
  CreateServiceRequest,
  DeploymentConfiguration,
  DeploymentLifecycleHookDetail,
  Rollback,
  RunTaskRequest,
  ServiceDeploymentStatus,
  ServiceEvent,
  Tag,
  TaskDefinition,
  TaskOverride,
} from '@aws-sdk/client-ecs'
import type { EcsOptions, TaskBehaviour } from '../scenario.ts'
import type { World } from '../world.ts'
import type { StageStep } from './deployments/stages.ts'

/**
 * Everything the simulated ECS knows. Functions take it first; nothing of it is global, so several simulators live
 * in one process.
 */
export interface Ecs {
  readonly world: World
  readonly options: Required<EcsOptions>
  readonly clusters: Map<string, ClusterState>
  readonly families: Map<string, Family>
  readonly tasks: Map<string, TaskState>
  /** RunTask's idempotency tokens, per cluster. */
  readonly runTokens: Map<string, { request: string; arns: string[] }>
  /** One look of the scheduler at a service. */
  step(service: ServiceState): void
}

export interface ClusterState {
  arn: string
  name: string
  status: 'ACTIVE' | 'INACTIVE'
  tags: Tag[]
  settings: Cluster['settings']
  configuration: Cluster['configuration']
  serviceConnectDefaults: Cluster['serviceConnectDefaults']
  capacityProviders: string[]
  defaultCapacityProviderStrategy: CapacityProviderStrategyItem[]
  services: Map<string, ServiceState>
}

export interface Family {
  name: string
  /** The last number given; never reused, also after deletion. */
  lastRevision: number
  revisions: Map<number, RegisteredTaskDefinition>
}

export interface RegisteredTaskDefinition {
  definition: TaskDefinition & { taskDefinitionArn: string; family: string; revision: number }
  tags: Tag[]
}

export type ServiceSettings = Pick<
  CreateServiceRequest,
  | 'capacityProviderStrategy'
  | 'launchType'
  | 'loadBalancers'
  | 'networkConfiguration'
  | 'platformVersion'
  | 'serviceConnectConfiguration'
  | 'serviceRegistries'
  | 'volumeConfigurations'
  | 'vpcLatticeConfigurations'
>

/**
 * A service revision: what a deployment puts into service. Its number is the deployment's (`ecs-svc/N`) and its ARN
 * ends in it.
 */
export interface Revision {
  number: string
  arn: string
  createdAt: Date
  taskDefinition: RegisteredTaskDefinition
  settings: ServiceSettings
  /** Image digests by container name, established by the first task that pulled them. */
  digests: Map<string, string>
  digestState: 'unresolved' | 'resolved' | 'given-up'
  failedDigestAttempts: number
  /** Blue/green colours: whether its tasks are in the alternate target group. */
  alternate: boolean
}

export interface ServiceState {
  arn: string
  name: string
  cluster: ClusterState
  status: 'ACTIVE' | 'DRAINING' | 'INACTIVE'
  controller: 'ECS' | 'CODE_DEPLOY' | 'EXTERNAL'
  createdAt: Date
  /**
   * As given at creation; members that a revision holds are read from the PRIMARY deployment's revision instead.
   */
  request: CreateServiceRequest
  /** The request of CreateService, unchanged: the same one again is answered, another is refused. */
  given: CreateServiceRequest
  desiredCount: number
  deploymentConfiguration: DeploymentConfiguration
  tags: Tag[]
  revisions: Revision[]
  /** PRIMARY first, then newest first. */
  deployments: DeploymentState[]
  /** Oldest first. */
  serviceDeployments: ServiceDeploymentState[]
  /** What DescribeServices calls currentServiceDeployment, from `at` on: it lags behind. Newest last. */
  current: { arn: string; at: number }[]
  events: ServiceEvent[]
  /**
   * When an event with this text was last sent: duplicates are held back until the matter is resolved or six hours
   * are over.
   */
  said: Map<string, number>
  tasks: Set<TaskState>
  /** Tasks whose drain ended since the last step of the scheduler, for one event about them all. */
  stoppedRunning: TaskState[]
  /** Target groups in which tasks were registered since the last step. */
  registered: string[]
  steady: boolean
  cancelSteadyReminder?: () => void
  cancelStep?: () => void
  wakeUps: Map<string, () => void>
}

export interface DeploymentState {
  id: string
  revision: Revision
  service: ServiceState
  status: 'PRIMARY' | 'ACTIVE' | 'DRAINING'
  createdAt: Date
  updatedAt: Date
  rolloutState: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED'
  rolloutStateReason: string
  desiredCount: number
  failedTasks: number
  /** Consecutive launches that never reached RUNNING: what ECS throttles. */
  neverRan: number
  /** No task is started before (milliseconds). */
  notBefore: number
  /** Starts no tasks any more. */
  halted: boolean
  /** The breaker has counted enough; FAILED follows when the next start is due. */
  tripped: boolean
  /** When the tripped breaker fails it (milliseconds). */
  failAt?: number
  /** The service deployment that this deployment carries out, also when it is the target of that one's rollback. */
  serviceDeployment?: ServiceDeploymentState
  /**
   * Its lifecycle stages where it has any, and where it stands. `waiting`: hooks and time of the stage are over.
   */
  stages?: { steps: StageStep[]; at: number; waiting: boolean }
  /** What ContinueServiceDeployment can do about its hooks, by hook id. */
  pauses: Map<string, { proceed: () => void; rollBack: () => void }>
  /** When all its tasks were healthy, while baking. */
  bakingSince?: number
}

export interface ServiceDeploymentState {
  id: string
  arn: string
  service: ServiceState
  target: Revision
  sources: Revision[]
  createdAt: Date
  startedAt?: Date
  finishedAt?: Date
  stoppedAt?: Date
  updatedAt: Date
  status: ServiceDeploymentStatus
  statusReason?: string
  stage?: string
  /** Share of production and test traffic of the target, 0 to 100; the sources have the rest. */
  productionTraffic?: number
  testTraffic?: number
  hooks: DeploymentLifecycleHookDetail[]
  rollback?: Rollback
  /** Why it is rolled back; becomes statusReason of a rollback that ended well. */
  rollbackReason?: string
  configuration: DeploymentConfiguration
  failureCount: number
  threshold: number
  breakerStatus: 'TRIGGERED' | 'MONITORING' | 'MONITORING_COMPLETE' | 'DISABLED'
  alarmStatus?: 'TRIGGERED' | 'MONITORING' | 'MONITORING_COMPLETE' | 'DISABLED'
  triggeredAlarms: string[]
  /** ListServiceDeployments shows it from then on (milliseconds). */
  visibleAt: number
}

export type TaskStatus =
  | 'PROVISIONING'
  | 'PENDING'
  | 'ACTIVATING'
  | 'RUNNING'
  | 'DEACTIVATING'
  | 'STOPPING'
  | 'DEPROVISIONING'
  | 'STOPPED'

export interface ContainerState {
  name: string
  arn: string
  image: string
  essential: boolean
  lastStatus: 'PENDING' | 'RUNNING' | 'STOPPED'
  /** What its reference resolved to; a service revision records it. */
  pulledDigest?: string
  /** What DescribeTasks shows. */
  imageDigest?: string
  runtimeId?: string
  exitCode?: number
  reason?: string
  hasHealthCheck: boolean
  healthStatus: 'UNKNOWN' | 'HEALTHY' | 'UNHEALTHY'
}

export interface TaskState {
  id: string
  arn: string
  cluster: ClusterState
  service?: ServiceState
  deployment?: DeploymentState
  definition: RegisteredTaskDefinition
  behaviour: TaskBehaviour
  containers: ContainerState[]
  overrides: TaskOverride
  request: Pick<RunTaskRequest, 'enableExecuteCommand' | 'launchType' | 'capacityProviderStrategy' | 'platformVersion'>
  startedBy?: string
  group: string
  tags: Tag[]
  attachments: Attachment[]
  privateIp?: string
  availabilityZone: string
  lastStatus: TaskStatus
  desiredStatus: 'RUNNING' | 'STOPPED'
  createdAt: Date
  /** DescribeTasks and ListTasks do not know it before (milliseconds). */
  visibleAt: number
  connectivityAt?: Date
  pullStartedAt?: Date
  pullStoppedAt?: Date
  startedAt?: Date
  stoppingAt?: Date
  executionStoppedAt?: Date
  stoppedAt?: Date
  stopCode?: string
  stoppedReason?: string
  version: number
  /** Counts towards the healthy tasks of its service. */
  healthy: boolean
  /** Was healthy at some time: its end is no failed start. */
  wasHealthy: boolean
  /** Reported as unhealthy; the scheduler replaces it. */
  unhealthy: boolean
  /** The scheduler or a caller is stopping it, so it is nobody's capacity any more. */
  stopRequested: boolean
  /** What its replacement writes as stoppedReason. */
  stopReason?: string
  targets: { targetGroup: string; port: number }[]
  timers: Set<() => void>
}
