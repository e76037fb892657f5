import type { Task } from '@aws-sdk/client-ecs'
import { type DeploymentOutcome, serviceTasks } from '@deploy-actions/ecs'
import type { Deps } from './deps.ts'

const tasksAtMost = 40

interface Bar {
  name: string
  kind: '' | 'active' | 'done' | 'crit'
  from: Date
  to: Date
}

/**
 * A Mermaid chart of the tasks of one deployment and of those it replaced: starting, running, stopping. Undefined when ECS names none. Two calls for
 * listing and one for describing (ECS API: ListTasks, DescribeTasks).
 */
export async function gantt(outcome: DeploymentOutcome, deps: Deps): Promise<string | undefined> {
  const { started } = outcome
  const [running, stopped] = await Promise.all(
    (['RUNNING', 'STOPPED'] as const).map((status) => serviceTasks(deps.clients.ecs, started, status)),
  )
  const begin = started.createdAt
  const own = (task: Task) => task.startedBy === started.deploymentId
  const tasks = [...(running ?? []), ...(stopped ?? [])].sort((a, b) => time(a.createdAt) - time(b.createdAt))
  const ours = tasks.filter(own)
  const before = tasks.filter((task) => !own(task) && time(task.stoppingAt ?? task.stoppedAt) > begin.getTime())
  if (ours.length === 0) return undefined
  // ECS counts by its own clock, which may run differently from ours; the chart ends where the last thing happened.
  const times = tasks.flatMap(({ createdAt, startedAt, stoppingAt, stoppedAt }) => [
    createdAt,
    startedAt,
    stoppingAt,
    stoppedAt,
  ])
  const events = (outcome.observation?.events ?? []).map(({ createdAt }) => createdAt)
  const end = new Date(Math.max(begin.getTime(), ...[...times, ...events].map(time)))
  return [
    '```mermaid',
    'gantt',
    '  dateFormat x',
    '  axisFormat %H:%M:%S',
    ...section('New release', ours, (task) => bars(task, end)),
    ...section('Earlier release', before, (task) => leaving(task, begin, end)),
    '```',
    ...(ours.length + before.length > 2 * tasksAtMost
      ? [`More tasks than are shown: ${ours.length} new, ${before.length} earlier.`]
      : []),
  ].join('\n')
}

function section(name: string, tasks: Task[], barsOf: (task: Task) => Bar[]): string[] {
  if (tasks.length === 0) return []
  const lines = tasks.slice(0, tasksAtMost).flatMap((task) =>
    barsOf(task)
      .filter(({ from, to }) => to > from)
      .map(
        ({ name: text, kind, from, to }) =>
          `  ${shortId(task)} ${text} :${kind ? `${kind}, ` : ''}${from.getTime()}, ${to.getTime()}`,
      ),
  )
  return [`  section ${name}`, ...lines]
}

function bars(task: Task, end: Date): Bar[] {
  const created = task.createdAt ?? end
  const stopped = task.stoppedAt ?? end
  if (!task.startedAt)
    return [
      {
        name: task.stoppedAt ? 'did not start' : 'starting',
        kind: task.stoppedAt ? 'crit' : 'active',
        from: created,
        to: stopped,
      },
    ]
  const stopping = task.stoppingAt ?? stopped
  const failed = task.stopCode === 'EssentialContainerExited' || /health check/i.test(task.stoppedReason ?? '')
  return [
    { name: 'starting', kind: 'active', from: created, to: task.startedAt },
    { name: failed ? 'failed' : 'running', kind: failed ? 'crit' : '', from: task.startedAt, to: stopping },
    { name: 'stopping', kind: 'done', from: stopping, to: stopped },
  ]
}

function leaving(task: Task, begin: Date, end: Date): Bar[] {
  const from = new Date(Math.max(begin.getTime(), time(task.startedAt)))
  const stopped = task.stoppedAt ?? end
  const stopping = task.stoppingAt ?? stopped
  return [
    { name: 'running', kind: '', from, to: stopping },
    { name: 'stopping', kind: 'done', from: stopping, to: stopped },
  ]
}

function shortId(task: Task): string {
  return task.taskArn?.split('/').at(-1)?.slice(0, 8) ?? 'task'
}

function time(date: Date | undefined): number {
  return date?.getTime() ?? 0
}
