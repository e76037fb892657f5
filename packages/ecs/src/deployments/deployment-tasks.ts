import { DescribeTasksCommand, type ECSClient, ListTasksCommand, type Task } from '@aws-sdk/client-ecs'
import { inBatches } from '../batches.ts'
import { isKilled } from '../tasks/exit-codes.ts'
import type { StartedDeployment, StoppedTask } from './types.ts'

/** More pages than a report has use for; a service that crashes fast leaves hundreds of tasks behind. */
const pagesAtMost = 3

/**
 * The service's tasks in one state, those of earlier deployments included. Stopped ones stay visible for about an
 * hour. Listed by service rather than by `startedBy`, which would allow no other filter (ECS API: ListTasks).
 */
export async function serviceTasks(
  ecs: ECSClient,
  { cluster, service }: Pick<StartedDeployment, 'cluster' | 'service'>,
  desiredStatus: 'RUNNING' | 'STOPPED',
): Promise<Task[]> {
  const arns: string[] = []
  let nextToken: string | undefined
  for (let page = 0; page < pagesAtMost && (page === 0 || nextToken); page++) {
    const answer = await ecs.send(new ListTasksCommand({ cluster, serviceName: service, desiredStatus, nextToken }))
    arns.push(...(answer.taskArns ?? []))
    nextToken = answer.nextToken
  }
  const answers = await Promise.all(
    inBatches(arns, 100).map((batch) => ecs.send(new DescribeTasksCommand({ cluster, tasks: batch }))),
  )
  return answers.flatMap(({ tasks = [] }) => tasks)
}

/** A task's end in the report's terms. `essential` holds the names of the essential containers. */
export function stoppedTask(task: Task, essential: Set<string>): StoppedTask {
  return {
    taskArn: task.taskArn ?? '',
    taskId: task.taskArn?.split('/').at(-1) ?? '',
    taskDefinition: task.taskDefinitionArn ?? '',
    stopCode: task.stopCode,
    stoppedReason: task.stoppedReason,
    createdAt: task.createdAt,
    startedAt: task.startedAt,
    endedAt: task.executionStoppedAt ?? task.stoppingAt ?? task.stoppedAt,
    stoppedAt: task.stoppedAt ?? task.stoppingAt,
    containers: (task.containers ?? []).map(({ name = '', exitCode, reason, healthStatus }) => ({
      name,
      essential: essential.size === 0 || essential.has(name),
      exitCode,
      reason,
      health: healthStatus,
    })),
  }
}

/** Whether a task ended for a fault of its own, not because the scheduler or a person had no more use for it. */
export function endedBadly({ stopCode, stoppedReason = '', containers }: StoppedTask): boolean {
  if (stopCode === 'UserInitiated') return false
  if (stopCode === 'ServiceSchedulerInitiated') return /health check/i.test(stoppedReason)
  if (stopCode !== undefined) return true
  return containers.some(({ exitCode }) => exitCode)
}

/** Those with a fault first, each group newest first. */
export function byInterest(a: StoppedTask, b: StoppedTask): number {
  return Number(endedBadly(b)) - Number(endedBadly(a)) || (b.stoppedAt?.getTime() ?? 0) - (a.stoppedAt?.getTime() ?? 0)
}

/**
 * The container whose end explains the task's: an essential one that failed, else one with a reason, else the first
 * essential one.
 */
export function guiltyContainer({ containers }: StoppedTask) {
  const essential = containers.filter((container) => container.essential)
  return (
    essential.find((container) => container.exitCode && !isKilled(container)) ??
    containers.find(({ reason }) => reason) ??
    essential.find(({ exitCode }) => exitCode !== undefined) ??
    essential.find(({ health }) => health === 'UNHEALTHY') ??
    essential[0] ??
    containers[0]
  )
}
