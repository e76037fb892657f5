/**
 * What a scenario file or a test sets: how tasks behave, which calls fail, and which of AWS's unsettled readings is
 * in force.
 */
export interface Scenario {
  /**
   * The first rule that matches a task decides; without a match a task starts, stays healthy and drains properly.
   */
  behaviours?: BehaviourRule[]
  faults?: Fault[]
  ecs?: EcsOptions
  logs?: LogsOptions
  registry?: RegistryOptions
  /** Enforce AWS's token buckets per API category. Default false: scaled clocks make real rates meaningless. */
  rateLimits?: boolean
  /** Resources that exist at the start. More can be made by API calls. */
  seed?: Seed
}

export interface BehaviourRule {
  match: TaskMatch
  behaviour: TaskBehaviour
}

/** Every given field must match. Texts may hold `*`. `label` and `env` read `name=value`. */
export interface TaskMatch {
  image?: string
  digest?: string
  /** A label in the image's config, so that behaviour can travel with the bytes. */
  label?: string
  /** A variable in the container definition or override. */
  env?: string
  command?: string
  family?: string
  service?: string
  cluster?: string
  /** Only tasks of services (`service`) or only one-off tasks (`run-task`). */
  kind?: 'service' | 'run-task'
  /** Only the first n tasks that match. */
  first?: number
}

/** All durations in simulated seconds. */
export interface TaskBehaviour {
  /** From creation to RUNNING. Default 20, as a Fargate task takes. */
  startsAfter?: number
  /**
   * The task never runs: it goes STOPPED with stopCode TaskFailedToStart and this reason (CannotPullContainerError:
   * …, ResourceInitializationError: …).
   */
  failsToStart?: string
  /** Exits this long after RUNNING. Absent: runs until stopped. */
  exitsAfter?: number
  exitCode?: number
  /** Text of containers[].reason, such as `OutOfMemoryError: Container killed due to memory usage`. */
  exitReason?: string
  /** Container health check and targets turn healthy after RUNNING + this. Default 5. */
  healthyAfter?: number
  /** The platform takes the task away this long after RUNNING, without exit codes. */
  interrupted?: {
    after: number
    stopCode: 'SpotInterruption' | 'TerminationNotice' | 'InfrastructureHealth'
    reason: string
  }
  /** Never healthy: `container` health check, or `target` health with the reason text. */
  unhealthy?: { kind: 'container' | 'target'; after?: number; reason?: string }
  /** Lines the container writes, each this long after RUNNING. */
  log?: { after?: number; line: string }[]
  /** Exit codes of other containers when the task stops, by name. */
  sidecarExitCodes?: Record<string, number>
  /** Drain time of its targets before SIGTERM. Default: the target group's deregistration delay (300). */
  drainsFor?: number
  /** DescribeTasks answers MISSING this long after RunTask. */
  missingFor?: number
  /** From SIGTERM to exit. Default 1; at most stopTimeout, then 137. */
  stopsAfter?: number
  /**
   * Nothing is started: RunTask answers 200 with this failure, a service says that it was unable to place a task.
   */
  placementFailure?: { reason: string; detail?: string }
  /** The container of an image with STOPSIGNAL handled: exit code after SIGTERM. Default 143. */
  sigtermExitCode?: number
}

export interface Fault {
  /** `ecs`, `ecr`, `ssm`, `logs`, `registry`, …; `*` any. */
  service?: string
  /** `DescribeServices`, or for the registry `PUT /v2/*`; may hold `*`. */
  operation?: string
  /** Matches a part of the request body or path. */
  contains?: string
  /** Skip this many matches first. */
  skip?: number
  /** Apply to this many matches, then no more. Absent: always. */
  times?: number
  /** Chance of each match, 0 to 1. */
  probability?: number
  effect:
    | {
        kind: 'error'
        name: string
        message?: string
        status?: number
        headers?: Record<string, string>
        body?: string
      }
    /** The connection is cut before the request is handled, or after it, with the answer lost. */
    | { kind: 'drop'; when: 'before' | 'after' | 'mid-body' }
    | { kind: 'delay'; milliseconds: number }
    /** The caller lacks this right: AccessDeniedException in AWS's wording. */
    | { kind: 'deny' }
    /** Registry only: the answer's headers are overwritten, such as a Docker-Content-Digest that lies. */
    | { kind: 'headers'; headers: Record<string, string> }
    /** Registry only: one byte of the answer's body is another. */
    | { kind: 'corrupt' }
}

/** Readings of behaviour that AWS does not document; each default is the best attested one. */
export interface EcsOptions {
  /** ListServiceDeployments shows a new entry this many simulated seconds late. Default 3. */
  serviceDeploymentListDelay?: number
  /** DescribeServices keeps naming the previous currentServiceDeployment this long. Default 3. */
  staleCurrentServiceDeployment?: number
  /** Status of a service deployment whose successor took over. Default STOPPED. */
  supersededStatus?: 'STOPPED' | 'SUCCESSFUL' | 'IN_PROGRESS'
  /** From the breaker's last counted failure to FAILED, as the retry back-off adds. Default 60. */
  breakerLag?: number
  /** SUCCESSFUL comes this long before rolloutState COMPLETED. Default 0. */
  successfulBeforeCompleted?: number
  /** Healthy without load balancer and health check: this long after RUNNING. Default 40, as ECS does. */
  settleSeconds?: number
  /** Failed deployments show DRAINING during a rollback. Default false (ACTIVE). */
  drainingStatus?: boolean
  /** From UpdateService to the first task: as long as PRIMARY counts 0. Default 4. */
  firstTaskAfter?: number
  /** The scheduler looks again this long after something changed, so that events come in batches. Default 1. */
  schedulerTick?: number
  /** From the end of a task's containers to STOPPED. Default 10. */
  deprovisioningSeconds?: number
  /** From creation to RUNNING where a task's behaviour does not say. Default 20. */
  startsAfter?: number
  /** From RUNNING to HEALTHY where a task's behaviour does not say. Default 5. */
  healthyAfter?: number
  /** Alarms of a deployment are looked at this often. Default 10. */
  alarmCheckSeconds?: number
  /** Bake time of a rolling deployment with alarms; ECS derives it from the alarms' own periods. Default 300. */
  alarmBakeSeconds?: number
  /** Tasks that are draining still count in runningCount. Default true. */
  drainingCountsAsRunning?: boolean
  /** Each stage of a blue/green, linear or canary deployment takes at least this long. Default 5. */
  stageSeconds?: number
  /** Error name of StopServiceDeployment on one that has ended. Default ConflictException. */
  stopFinishedError?: 'ConflictException' | 'ClientException'
  /**
   * ECS's own rollback finds no candidate when the old task definition is INACTIVE. Default false: services keep
   * using such ones.
   */
  rollbackNeedsActiveTaskDefinition?: boolean
  /**
   * Tasks that exit after RUNNING but before they were healthy count for the circuit breaker. Default true (false:
   * as before 2024).
   */
  breakerCountsExits?: boolean
  /** Stopped tasks are described this long. Default 3600, as ECS promises at least. */
  stoppedTasksVisibleSeconds?: number
  /**
   * Which digest DescribeTasks shows for an image index: its own or that of the image for the task's platform.
   * Default index.
   */
  imageDigest?: 'index' | 'platform'
  /** Exit codes appear this long after STOPPED. Default 0. */
  exitCodeDelay?: number
  /** Order of ListServiceDeployments. Default newest-first. */
  serviceDeploymentOrder?: 'newest-first' | 'oldest-first'
  /**
   * What Lambda lifecycle hooks answer, by function ARN (may hold `*`) and stage. Without a match: SUCCEEDED at
   * once.
   */
  lambdaHooks?: LambdaHook[]
}

export interface LambdaHook {
  target?: string
  stage?: string
  /** Answered call by call; the last one stays. IN_PROGRESS is asked again after 30 s. */
  answers: ('SUCCEEDED' | 'FAILED' | 'IN_PROGRESS')[]
}

export interface RegistryOptions {
  /**
   * `ecr` (default): Amazon ECR with its deviations. `oci`: the distribution specification as it stands, open to
   * everyone, repositories made by a push.
   */
  profile?: 'oci' | 'ecr'
  /** Seconds until a token of GetAuthorizationToken expires. Default 43,200. */
  tokenLifetime?: number
  /** A token expires after this many requests to the registry, so between two blobs. Default: never. */
  tokenUses?: number
  ecr?: EcrDeviations
}

/** What ECR does differently from the specification; each default is the best attested reading. */
export interface EcrDeviations {
  /** Answer to PATCH. Default 201 (aws/containers-roadmap#2831). */
  patchStatus?: 201 | 202
  /** `Range` stays at the first chunk's end. Default true. */
  frozenRange?: boolean
  /** Every part but the last has at least this many bytes. Default 5 MiB. */
  minimumPart?: number
  /** Largest body of a PUT that carries the whole blob. Default none; one report of 2023 says 10 MB. */
  monolithicLimit?: number
  /** An empty PUT after chunks with Content-Range fails with 500, as in 2022. Default false. */
  emptyPutFails?: boolean
  /** Refuse blobs without a byte. Default true. */
  refuseEmptyBlob?: boolean
  /**
   * Answer GET and DELETE of an upload session, and POST with `digest` and body. Default false (nothing is known).
   */
  uploadExtras?: boolean
  /** A push to a repository that does not exist: 404 NAME_UNKNOWN (default), or the connection is closed. */
  missingRepository?: '404' | 'close'
  /** HTTP PUT of the manifest that the tag has already: 201 (default), or 400 where the tag is immutable. */
  identicalPush?: 201 | 400
  /** Status of a manifest whose layers or children are missing. Default 404. */
  missingLayersStatus?: 400 | 404 | 405
  /** `because the repository is immutable` (default) or the newer `because the tag is immutable`. */
  immutableWording?: 'repository' | 'tag'
  /** Body of the 403 for an expired token: plain text (default) or the JSON error form. */
  expiredForm?: 'text' | 'json'
  /** Refuse manifests with fields that ECR's parser does not know. Default true. */
  strictManifests?: boolean
  /** Uncompressed layers are refused. Default false. */
  refuseUncompressed?: boolean
  /** GET of a manifest answers with Docker-Content-Digest. Default false. */
  digestHeaderOnGet?: boolean
  /** Blobs come from another origin by a 307. Default true. */
  redirectBlobs?: boolean
  /** Blobs that no manifest names cannot be downloaded. Default true. */
  hideUnreferencedBlobs?: boolean
  /** Retry-After seconds on 429. Default: no such header. */
  retryAfter?: number
  /**
   * BatchGetImage of an index without its media type in acceptedMediaTypes: nothing (default), the first platform's
   * image, or the index.
   */
  indexWithoutAccept?: 'nothing' | 'first-image' | 'index'
  /**
   * BatchGetImage of an archived image: failure ImageInaccessible (default), ImageNotFound, or the image as if it
   * were active.
   */
  archivedBatchGet?: 'inaccessible' | 'not-found' | 'given'
  /** DescribeImages of an archived image by its id without a status filter finds it. Default true. */
  archivedById?: boolean
  /**
   * A scan's findings can be asked this many simulated seconds after the push; before: ScanNotFoundException.
   * Default 2.
   */
  scanAppearsAfter?: number
  /** Simulated seconds from then to the scan's end. Default 10. */
  scanTakes?: number
}

/** Readings of CloudWatch Logs' behaviour. */
export interface LogsOptions {
  /**
   * What a task writes can be read this many simulated seconds later. Default 1. PutLogEvents is readable at once.
   */
  ingestionDelay?: number
  /**
   * GetLogEvents answers every position once with an empty page and another token before it gives the events.
   * Default false.
   */
  emptyPages?: boolean
  /** GetLogEvents refuses a nextForwardToken without startFromHead. Default true. */
  forwardTokenNeedsHead?: boolean
}

/** Shapes follow the API's own requests. */
export interface Seed {
  /** Of the home account and region, unless said otherwise. Other accounts' repositories let the caller in. */
  repositories?: { name: string; mutability?: 'MUTABLE' | 'IMMUTABLE'; registryId?: string; region?: string }[]
  /** Small images with real digests, in repositories that exist. */
  images?: SeedImage[]
  roles?: SeedRole[]
  clusters?: string[]
  logGroups?: string[]
  parameters?: { name: string; type: 'String' | 'SecureString'; value: string }[]
  targetGroups?: { name: string; deregistrationDelay?: number }[]
  alarms?: { name: string; state: 'OK' | 'ALARM' }[]
  taskDefinitions?: Record<string, unknown>[]
  /** CreateService requests. With `stable: true` the service starts as long since completed. */
  services?: (Record<string, unknown> & { stable?: boolean })[]
}

export interface SeedRole {
  name: string
  /** Services that may assume it. Default: ecs-tasks.amazonaws.com. */
  trusts?: string[]
  /** Actions, may hold `*`, that SimulatePrincipalPolicy allows. Default: all. */
  allow?: string[]
  /** Actions that it denies explicitly. */
  deny?: string[]
}

export interface SeedImage {
  repository: string
  tags?: string[]
  /** Labels in the image's config. */
  labels?: Record<string, string>
  /** Distinguishes images: other content, other digest. */
  content?: string
  /** `linux/amd64`, …: makes an index of one image per platform. */
  platforms?: string[]
}
