import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import type { ECSClient } from '@aws-sdk/client-ecs'
import type { SSMClient } from '@aws-sdk/client-ssm'
import type { Clock, GitHubContext, Log, Summary } from '@deploy-actions/action-kit'
import type { SchemaReader } from '@deploy-actions/release'

export interface Deps {
  /** None of the clients ends with the cancel: afterwards the task has still to be stopped. */
  ecs: ECSClient
  logs: CloudWatchLogsClient
  ssm: SSMClient
  /** Reads what an image says of its migrations; undefined where no image is given. */
  readSchema: SchemaReader | undefined
  clock: Clock
  log: Log
  cancelled: AbortSignal
  summary: Summary
  github: GitHubContext
  /** Where this run stands among those of its workflow. */
  order: string | undefined
  /** This step of this attempt of this run: what a client token is made of. */
  stepId: string
  /** Where files of the workspace are. */
  workspace: string
  /** Remembers for `post`, should this process be killed, that a task may be running. */
  rememberStart(start: { cluster: string; startedBy: string; since: string }): void
  /** Remembers which one it is; undefined: it is over. */
  rememberTask(task: { cluster: string; taskArn: string } | undefined): void
}
