import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import type { ECSClient, Task, TaskDefinition } from '@aws-sdk/client-ecs'
import type { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2'
import { messageOf } from '@deploy-actions/action-kit'
import { consoleLink } from '@deploy-actions/aws'
import { isEssential } from '../task-definitions/changes.ts'
import { fetchTaskDefinition } from '../task-definitions/fetch.ts'
import type { LastLines } from '../tasks/last-lines.ts'
import { byInterest, endedBadly, guiltyContainer, serviceTasks, stoppedTask } from './deployment-tasks.ts'
import { isTrouble, oldestFirst, withoutServicePrefix } from './event-texts.ts'
import { likelyCause } from './likely-cause.ts'
import { targetGroupsOf } from './target-groups.ts'
import { targetsOfTasks } from './task-targets.ts'
import type { DeploymentOutcome, FailureReport, StoppedTask } from './types.ts'

export interface ExplainClients {
  ecs: ECSClient
  /** Built only when there is a log to read. */
  logs: () => Promise<CloudWatchLogsClient>
  /** Built only when the service has target groups. */
  elb: () => Promise<ElasticLoadBalancingV2Client>
}

const tasksShown = 5
const linesShown = 20
const eventsShown = 12

/**
 * Gathers the evidence of a deployment that did not complete. Never throws for what cannot be read: a missing
 * permission takes its part from the report and stands in `gaps`.
 */
export async function explainFailure(clients: ExplainClients, outcome: DeploymentOutcome): Promise<FailureReport> {
  const { started, observation } = outcome
  const gaps: string[] = []
  const orGap = async <T>(fallback: T, what: string, read: () => Promise<T>): Promise<T> => {
    try {
      return await read()
    } catch (error) {
      gaps.push(`${what}: ${messageOf(error)}`)
      return fallback
    }
  }
  const groups = targetGroupsOf(observation?.service)
  const [definition, tasks, targets] = await Promise.all([
    orGap(
      undefined,
      'The task definition',
      async () => (await fetchTaskDefinition(clients.ecs, started.taskDefinition)).taskDefinition,
    ),
    orGap([], 'The stopped tasks', () => serviceTasks(clients.ecs, started, 'STOPPED')),
    groups.length === 0
      ? []
      : orGap([], 'The health of the targets', async () => {
          const { unhealthyTargets } = await import('./target-health.ts')
          return unhealthyTargets(await clients.elb(), groups, await targetsOfTasks(clients.ecs, started))
        }),
  ])
  const essential = new Set((definition?.containerDefinitions ?? []).filter(isEssential).map(({ name = '' }) => name))
  const isOurs = ({ startedBy }: Task) => startedBy === started.deploymentId
  const others = tasks.filter((task) => !isOurs(task)).map(({ taskArn = '' }) => taskArn.split('/').at(-1) ?? '')
  const stopped = tasks
    .filter(isOurs)
    .map((task) => stoppedTask(task, essential))
    .sort(byInterest)
  const log = definition && (await logOf(clients, definition, stopped, gaps))
  const events = oldestFirst(observation?.events ?? [])
    .map(({ createdAt, message = '' }) => ({
      at: createdAt ?? started.createdAt,
      message: withoutServicePrefix(message),
    }))
    .filter(({ message }) => isTrouble(message))
  const deployment = observation?.serviceDeployment
  const breaker = deployment?.deploymentCircuitBreaker

  const evidence = {
    outcome,
    breaker: breaker?.status
      ? {
          status: breaker.status,
          failureCount: breaker.failureCount,
          // One that is off counts all the same, towards nothing.
          threshold: breaker.status === 'DISABLED' ? undefined : breaker.threshold,
        }
      : undefined,
    triggeredAlarms: deployment?.alarms?.triggeredAlarmNames ?? [],
    stoppedTasks: stopped.slice(0, tasksShown),
    targets,
    log,
    events: events.slice(-eventsShown),
    consoleUrl: consoleLink(started.serviceArn),
    gaps,
  }
  return {
    ...evidence,
    cause: likelyCause({
      ...evidence,
      events: evidence.events.filter(({ message }) => !others.some((id) => message.includes(`(task ${id})`))),
      definition,
      tasks: stopped,
    }),
  }
}

/** The last lines of the container that failed, of the newest task that has any. */
async function logOf(
  { logs }: ExplainClients,
  definition: TaskDefinition,
  stopped: StoppedTask[],
  gaps: string[],
): Promise<FailureReport['log']> {
  const candidates = stopped.filter((task) => endedBadly(task) && task.startedAt).slice(0, 2)
  if (candidates.length === 0) return undefined
  // Loaded only now: the client for logs would cost every deployment some milliseconds at its start.
  const { lastLogLines } = await import('../tasks/last-lines.ts')
  let note: string | undefined
  for (const task of candidates) {
    const container = guiltyContainer(task)?.name
    if (!container) continue
    const found = await logs()
      .then((client) => lastLogLines(client, definition, task.taskArn, container, linesShown))
      .catch((error: unknown): LastLines => ({ lines: [], note: messageOf(error) }))
    if (found.lines.length > 0) return { taskId: task.taskId, container, lines: found.lines }
    note ??= found.note
  }
  if (note) gaps.push(`The log: ${note}`)
  return undefined
}
