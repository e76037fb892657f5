import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import type { ECSClient } from '@aws-sdk/client-ecs'
import type { SSMClient } from '@aws-sdk/client-ssm'
import type { ActionRuntime, Clock, GitHubContext, Log, Summary } from '@deploy-actions/action-kit'
import { ecrClient } from '@deploy-actions/ecr'
import { ecsClient, logsClient } from '@deploy-actions/ecs'
import { runOrder, type SchemaReader, schemaReader, ssmClient } from '@deploy-actions/release'
import type { Abandoned } from './abandoned.ts'
import type { Inputs } from './inputs.ts'

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
  /**
   * Remembers for `post`, should this process be killed, that a task may be running. Undefined: none does any more.
   */
  remember(task: Omit<Abandoned, 'region'> | undefined): void
}

export function createDeps({ region, registryRegion, image }: Inputs, runtime: ActionRuntime): Deps {
  const { log, clock, cancelled, summary, github, env, saveState } = runtime
  const options = { region, log, clock }
  return {
    ecs: ecsClient(options),
    logs: logsClient(options),
    ssm: ssmClient(options),
    readSchema: image && schemaReader(ecrClient({ ...options, region: registryRegion }), image.repository),
    log,
    clock,
    cancelled,
    summary,
    github,
    order: runOrder(env),
    stepId: [github.runId || clock.now().toISOString(), github.runAttempt, github.job, env.GITHUB_ACTION].join('/'),
    workspace: github.workspace,
    remember: (task) => saveState('task', task ? JSON.stringify({ region, ...task }) : ''),
  }
}
