import { DescribeTasksCommand, type ECSClient, ListTasksCommand, type Task } from '@aws-sdk/client-ecs'

/**
 * The tasks that were started under this name and are not meant to stop, oldest first. `startedBy` has to be the
 * only filter besides the cluster; without a desired status ECS lists what shall run, tasks that are still pending
 * included. ECS API: ListTasks.
 */
export async function runningTasksStartedBy(ecs: ECSClient, cluster: string, startedBy: string): Promise<Task[]> {
  const { taskArns = [] } = await ecs.send(new ListTasksCommand({ cluster, startedBy, maxResults: 100 }))
  if (taskArns.length === 0) return []
  const { tasks = [] } = await ecs.send(new DescribeTasksCommand({ cluster, tasks: taskArns }))
  return tasks
    .filter((task) => task.lastStatus !== 'STOPPED' && task.desiredStatus !== 'STOPPED')
    .sort((a, b) => (a.createdAt?.getTime() ?? 0) - (b.createdAt?.getTime() ?? 0))
}

/**
 * A task as ECS shows it now; undefined while ECS does not know it yet, and some hour after it stopped. ECS API:
 * DescribeTasks.
 */
export async function describeTask(ecs: ECSClient, cluster: string, taskArn: string): Promise<Task | undefined> {
  const { tasks = [] } = await ecs.send(new DescribeTasksCommand({ cluster, tasks: [taskArn] }))
  return tasks[0]
}

/** Last part of a task's ARN. */
export function taskId(taskArn: string): string {
  return taskArn.slice(taskArn.lastIndexOf('/') + 1)
}
