import type { Service, ServiceDeployment, ServiceEvent } from '@aws-sdk/client-ecs'

/**
 * How a deployment ended. Only `completed` means that this release serves. `unknown`: it may go on, as this step
 * lost sight of it (credentials, a missing right) or was cancelled and did not stop it.
 */
export type Verdict =
  | 'completed'
  | 'rolled-back'
  | 'failed'
  | 'superseded'
  | 'stopped'
  | 'paused'
  | 'timed-out'
  | 'unknown'

/**
 * One service's update, as the answer of UpdateService tells it: what a watch needs to follow this deployment and
 * no other.
 */
export interface StartedDeployment {
  /** Name or ARN, as it was given. */
  cluster: string
  /** The short name. */
  service: string
  serviceArn: string
  /** `ecs-svc/N`. The service revision has the same number N. */
  deploymentId: string
  /** ARN of the revision that is being deployed. */
  taskDefinition: string
  /** ARN of what was PRIMARY before, and its deployment. Equal to the above when nothing changed. */
  previousTaskDefinition: string
  previousDeploymentId: string
  /** By AWS's clock, not ours. */
  createdAt: Date
  /** Events before this moment are of earlier deployments. By AWS's clock. */
  eventsFrom: Date
  /** False: nothing changed, so ECS started no new deployment and the one above is what ran already. */
  created: boolean
}

/**
 * How much is known of the service deployment. `pending`: not found yet, as it appears late. `linked`: it is in the
 * observation. `denied`: the role lacks the permission. `absent`: it never appeared (old accounts and regions,
 * services without it).
 */
export type ServiceDeploymentAccess = 'pending' | 'linked' | 'denied' | 'absent'

/** Everything known of one deployment at one moment. `judge` needs nothing else. */
export interface Observation {
  started: StartedDeployment
  /**
   * All times below are by our clock, as is this; AWS's own may be minutes off and are compared with each other
   * only.
   */
  now: Date
  /** When the watch began. */
  since: Date
  /** From DescribeServices; undefined before its first answer. */
  service: Service | undefined
  /** Since when DescribeServices says that there is no such service. */
  missingSince: Date | undefined
  /** Collected over all polls, from this deployment's `createdAt` on, any order. */
  events: ServiceEvent[]
  access: ServiceDeploymentAccess
  serviceDeployment: ServiceDeployment | undefined
  /** When `serviceDeployment.status` was first seen as it is now. */
  statusSince: Date | undefined
  /** The statuses seen so far, oldest first. */
  statuses: string[]
  /**
   * Whether an earlier or this poll of DescribeServices showed this deployment. Before that, an answer may be older
   * than the update.
   */
  seen: boolean
  /** When the PRIMARY deployment was first seen to be the one it is now. */
  primarySince: Date | undefined
  /** When this deployment was first seen as FAILED, by its rolloutState or its event. */
  failedSince: Date | undefined
  /** When this deployment was first seen as COMPLETED, in the same way. */
  completedSince: Date | undefined
  /** The last `rolloutState` seen of this deployment. */
  lastRolloutState: string | undefined
}

/** Where a deployment stands while it has not ended. */
export type Phase = 'starting' | 'rolling' | 'shifting' | 'baking' | 'paused' | 'cleaning' | 'rolling-back' | 'settling'

/** A lifecycle hook of type PAUSE that waits for a human. */
export interface PausedHook {
  hookId: string | undefined
  stage: string | undefined
  expiresAt: Date | undefined
  timeoutAction: string | undefined
}

/** What the judge can say of an end; the other verdicts are the watch's. */
export type EndedVerdict = Exclude<Verdict, 'paused' | 'timed-out' | 'unknown'>

export type Judgement =
  | { ended: false; phase: Phase; reason: string; hook?: PausedHook }
  | {
      ended: true
      verdict: EndedVerdict
      reason: string
      supersededBy?: string
    }

/** What became of one deployment, with the last that was seen of it. */
export interface DeploymentOutcome {
  started: StartedDeployment
  verdict: Verdict
  /** One or two sentences for a reader: what happened, and what serves now. */
  reason: string
  /** What ended the wait before ECS ended the deployment. Its verdict is then `timed-out`, else `unknown`. */
  interrupted: 'timeout' | 'cancelled' | 'credentials' | undefined
  phase: Phase | undefined
  serviceDeploymentArn: string | undefined
  supersededBy: string | undefined
  /** The last observation; undefined when the first poll never came back. */
  observation: Observation | undefined
  endedAt: Date
}

/** What a stopped task says about its end. */
export interface StoppedTask {
  taskArn: string
  taskId: string
  taskDefinition: string
  stopCode: string | undefined
  stoppedReason: string | undefined
  createdAt: Date | undefined
  startedAt: Date | undefined
  /** When its containers ended; STOPPED comes later. */
  endedAt: Date | undefined
  stoppedAt: Date | undefined
  containers: StoppedContainer[]
}

export interface StoppedContainer {
  name: string
  essential: boolean
  /** Undefined for a container that never ran: the API then has no such member. */
  exitCode: number | undefined
  reason: string | undefined
  health: string | undefined
}

export interface TargetHealthLine {
  targetGroup: string
  target: string
  port: number | undefined
  state: string
  reason: string | undefined
  description: string | undefined
}

/** The evidence of a deployment that did not complete. */
export interface FailureReport {
  outcome: DeploymentOutcome
  /** The most probable cause in plain words and what to do about it; undefined when nothing known fits. */
  cause: { text: string; advice: string } | undefined
  breaker: { status: string; failureCount: number | undefined; threshold: number | undefined } | undefined
  triggeredAlarms: string[]
  stoppedTasks: StoppedTask[]
  targets: TargetHealthLine[]
  /** Last lines of the container that failed, oldest first. */
  log: { taskId: string; container: string; lines: string[] } | undefined
  /** Events of this deployment that speak of trouble, oldest first. */
  events: { at: Date; message: string }[]
  consoleUrl: string
  /** What could not be read, and why: a missing permission, a log driver other than awslogs. */
  gaps: string[]
}
