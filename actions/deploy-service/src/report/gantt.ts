import type { Task } from '@aws-sdk/client-ecs'
import { type DeploymentOutcome, serviceTasks } from '@deploy-actions/ecs'
import type { Deps } from '../deps.ts'
import type { StageTime } from './lifecycle-stages.ts'

const tasksAtMost = 40
/** Shorter bars are drawn as this, so that none disappears. */
const shortestMs = 1_000

interface Bar {
  name: string
  kind: '' | 'active' | 'done' | 'crit'
  from: Date
  to: Date
}

/** What a chart shows. Times are AWS's, but for those of the stages. */
export interface Course {
  /** `ecs-svc/N` */
  deploymentId: string
  begin: Date
  end: Date
  tasks: Task[]
  stages: StageTime[]
  /** When we began to watch and when the deployment had ended, by the clock of the stages. */
  watched: { from: Date; to: Date }
  rollbackAt: Date | undefined
}

/**
 * The chart of one deployment; undefined when ECS names none of its tasks. Two calls for listing and one for
 * describing (ECS API: ListTasks, DescribeTasks).
 */
export async function gantt(
  outcome: DeploymentOutcome,
  stages: StageTime[],
  watchedFrom: Date,
  deps: Deps,
): Promise<string | undefined> {
  const { started, observation } = outcome
  const [running, stopped] = await Promise.all(
    (['RUNNING', 'STOPPED'] as const).map((status) => serviceTasks(deps.clients.ecs, started, status)),
  )
  const tasks = [...(running ?? []), ...(stopped ?? [])]
  // ECS counts by its own clock, which may run differently from ours; the chart ends where the last thing happened.
  const times = tasks.flatMap(({ createdAt, startedAt, stoppingAt, stoppedAt }) => [
    createdAt,
    startedAt,
    stoppingAt,
    stoppedAt,
  ])
  const events = (observation?.events ?? []).map(({ createdAt }) => createdAt)
  const deployment = observation?.serviceDeployment
  const ends = [deployment?.finishedAt, deployment?.stoppedAt]
  return chart({
    deploymentId: started.deploymentId,
    begin: started.createdAt,
    end: new Date(Math.max(time(started.createdAt), ...[...times, ...events, ...ends].map(time))),
    tasks,
    stages,
    watched: { from: watchedFrom, to: outcome.endedAt },
    rollbackAt: deployment?.rollback?.startedAt,
  })
}

/**
 * A Mermaid chart of a deployment's stages, its tasks, those it replaced, and those of whatever took over:
 * starting, running, stopping.
 */
export function chart(course: Course): string | undefined {
  const { deploymentId, begin, end, tasks } = course
  const sorted = [...tasks].sort((a, b) => time(a.createdAt) - time(b.createdAt))
  const ours = sorted.filter(({ startedBy }) => startedBy === deploymentId)
  if (ours.length === 0) return undefined
  const others = sorted.filter(({ startedBy }) => startedBy !== deploymentId)
  const before = others.filter((task) => time(task.createdAt) < time(begin) && runsAfter(task, begin))
  const since = others.filter((task) => time(task.createdAt) >= time(begin))
  const sections = [
    { name: 'New release', tasks: ours, bars: (task: Task) => bars(task, course) },
    { name: 'Earlier release', tasks: before, bars: (task: Task) => leaving(task, begin, end) },
    { name: 'Other deployments since', tasks: since, bars: (task: Task) => bars(task, course) },
  ].filter((section) => section.tasks.length > 0)
  const hidden = sections.filter((section) => section.tasks.length > tasksAtMost)
  return [
    '```mermaid',
    'gantt',
    '  dateFormat x',
    '  axisFormat %H:%M:%S',
    ...stageSection(course),
    ...sections.flatMap((section) => [
      `  section ${section.name}`,
      ...section.tasks
        .slice(0, tasksAtMost)
        .flatMap((task) => visible(section.bars(task)).map((bar) => line(shortId(task), bar))),
    ]),
    '```',
    ...hidden.map(({ name, tasks: { length } }) => `${name}: ${tasksAtMost} of ${length} tasks are shown.`),
  ].join('\n')
}

function stageSection({ stages, rollbackAt, begin, end, watched }: Course): string[] {
  const at = (date: Date) => placed(date, watched, { from: begin, to: end })
  const found = stages.map(({ stage, at: from }, index): Bar => {
    const next = stages[index + 1]
    return { name: words(stage), kind: '', from: at(from), to: next ? at(next.at) : end }
  })
  if (rollbackAt) found.push({ name: 'rolling back', kind: 'crit', from: rollbackAt, to: end })
  return found.length > 0 ? ['  section Stages', ...visible(found).map((bar) => line('', bar))] : []
}

/**
 * A moment of our clock on AWS's: the two need neither agree nor run equally fast, but begin and end are known by
 * both.
 */
function placed(moment: Date, ours: { from: Date; to: Date }, aws: { from: Date; to: Date }): Date {
  const whole = time(ours.to) - time(ours.from)
  const share = whole > 0 ? Math.min(1, Math.max(0, (time(moment) - time(ours.from)) / whole)) : 0
  return new Date(time(aws.from) + Math.round(share * (time(aws.to) - time(aws.from))))
}

function line(label: string, { name, kind, from, to }: Bar): string {
  return `  ${label ? `${label} ` : ''}${name} :${kind ? `${kind}, ` : ''}${from.getTime()}, ${to.getTime()}`
}

/** Bars of no length are left out, unless they are all there is. */
function visible(all: Bar[]): Bar[] {
  const long = all.filter(({ from, to }) => to > from)
  if (long.length > 0) return long
  return all.slice(0, 1).map((bar) => ({ ...bar, to: new Date(bar.from.getTime() + shortestMs) }))
}

function bars(task: Task, { end, rollbackAt }: Course): Bar[] {
  const created = task.createdAt ?? end
  const stopped = task.stoppedAt ?? end
  const stopping = task.stoppingAt ?? stopped
  const unhealthy = /health check/i.test(task.stoppedReason ?? '')
  const removed = task.stopCode === 'ServiceSchedulerInitiated' && !unhealthy
  const byRollback = removed && rollbackAt !== undefined && stopping >= rollbackAt
  if (!task.startedAt) {
    if (!task.stoppedAt) return [{ name: 'starting', kind: 'active', from: created, to: stopped }]
    if (!removed) return [{ name: 'did not start', kind: 'crit', from: created, to: stopped }]
    return [
      { name: 'starting', kind: 'active', from: created, to: stopping },
      {
        name: byRollback ? 'stopped by the rollback' : 'stopped before it ran',
        kind: 'done',
        from: stopping,
        to: stopped,
      },
    ]
  }
  const failed = task.stopCode === 'EssentialContainerExited' || unhealthy
  return [
    { name: 'starting', kind: 'active', from: created, to: task.startedAt },
    { name: failed ? 'failed' : 'running', kind: failed ? 'crit' : '', from: task.startedAt, to: stopping },
    { name: byRollback ? 'stopped by the rollback' : 'stopping', kind: 'done', from: stopping, to: stopped },
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

/** One that still runs has no time of its end. */
function runsAfter({ stoppingAt, stoppedAt }: Task, moment: Date): boolean {
  const left = stoppingAt ?? stoppedAt
  return !left || left > moment
}

function words(stage: string): string {
  return stage.toLowerCase().replaceAll('_', ' ')
}

function shortId(task: Task): string {
  return task.taskArn?.split('/').at(-1)?.slice(0, 8) ?? 'task'
}

function time(date: Date | undefined): number {
  return date?.getTime() ?? 0
}
