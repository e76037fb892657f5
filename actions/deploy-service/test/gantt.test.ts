import type { Task } from '@aws-sdk/client-ecs'
import { type Course, chart } from '../src/report/gantt.ts'

const begin = new Date('2026-11-01T12:00:00Z')
const at = (seconds: number) => new Date(begin.getTime() + seconds * 1000)
const task = (id: string, startedBy: string, fields: Partial<Task> = {}): Task => ({
  taskArn: `arn:aws:ecs:eu-central-1:123456789012:task/prod/${id.padEnd(8, '0')}ffff`,
  startedBy,
  createdAt: at(0),
  ...fields,
})
const course = (tasks: Task[], fields: Partial<Course> = {}): Course => ({
  deploymentId: 'ecs-svc/2',
  begin,
  end: at(100),
  tasks,
  stages: [],
  watched: { from: begin, to: at(100) },
  rollbackAt: undefined,
  ...fields,
})
const lines = (tasks: Task[], fields: Partial<Course> = {}) => chart(course(tasks, fields))?.split('\n') ?? []
const bar = (label: string, from: number, to: number) => `  ${label}${at(from).getTime()}, ${at(to).getTime()}`

test('no task of the deployment, no chart', () => {
  expect(chart(course([task('a', 'ecs-svc/1')]))).toBeUndefined()
})

test('a lone task that has only just been created has a bar', () => {
  expect(lines([task('a', 'ecs-svc/2')], { end: begin })).toContain(bar('a0000000 starting :active, ', 0, 1))
})

test('old tasks that still run are shown to the end, those that ended before are not', () => {
  const before = { createdAt: at(-500), startedAt: at(-490) }
  const shown = lines([
    task('new', 'ecs-svc/2', { startedAt: at(10) }),
    task('still', 'ecs-svc/1', before),
    task('left', 'ecs-svc/1', { ...before, stoppingAt: at(40), stoppedAt: at(50) }),
    task('gone', 'ecs-svc/1', { ...before, stoppingAt: at(-20), stoppedAt: at(-10) }),
  ])
  expect(shown).toContain(bar('still000 running :', 0, 100))
  expect(shown).toContain(bar('left0000 running :', 0, 40))
  expect(shown).toContain(bar('left0000 stopping :done, ', 40, 50))
  expect(shown.join()).not.toContain('gone')
})

test('tasks of whatever took over have a section of their own', () => {
  const shown = lines([task('new', 'ecs-svc/2'), task('other', 'ecs-svc/3', { createdAt: at(60), startedAt: at(70) })])
  const heading = shown.indexOf('  section Other deployments since')
  expect(shown[heading + 1]).toBe(bar('other000 starting :active, ', 60, 70))
})

test('more tasks than are shown are counted', () => {
  const many = Array.from({ length: 60 }, (_, index) => task(`t${index}`, 'ecs-svc/2', { startedAt: at(10) }))
  const shown = lines(many)
  expect(shown.filter((line) => line.includes(' running '))).toHaveLength(40)
  expect(shown.at(-1)).toBe('New release: 40 of 60 tasks are shown.')
})

test('stages stand on the time of AWS, however our clock runs', () => {
  const ours = (seconds: number) => new Date(begin.getTime() + 3_600_000 + seconds * 500)
  const shown = lines([task('a', 'ecs-svc/2', { startedAt: at(10) })], {
    stages: [
      { stage: 'SCALE_UP', at: ours(0) },
      { stage: 'PRODUCTION_TRAFFIC_SHIFT', at: ours(40) },
      { stage: 'BAKE_TIME', at: ours(60) },
    ],
    watched: { from: ours(0), to: ours(100) },
    rollbackAt: at(90),
  })
  const first = shown.indexOf('  section Stages')
  expect(shown.slice(first + 1, first + 5)).toEqual([
    bar('scale up :', 0, 40),
    bar('production traffic shift :', 40, 60),
    bar('bake time :', 60, 100),
    bar('rolling back :crit, ', 90, 100),
  ])
})

describe('tasks that the rollback stops are no failures', () => {
  const removed = {
    stopCode: 'ServiceSchedulerInitiated',
    stoppedReason: 'Scaling activity initiated by (deployment ecs-svc/2)',
    stoppingAt: at(70),
    stoppedAt: at(80),
  } as const
  const shown = (fields: Partial<Task>, rollbackAt: Date | undefined = at(60)) =>
    lines([task('t', 'ecs-svc/2', fields)], { rollbackAt }).filter((line) => line.startsWith('  t'))

  test('before they ran', () => {
    expect(shown(removed)).toEqual([
      bar('t0000000 starting :active, ', 0, 70),
      bar('t0000000 stopped by the rollback :done, ', 70, 80),
    ])
  })

  test('while they ran', () => {
    expect(shown({ ...removed, startedAt: at(10) })).toEqual([
      bar('t0000000 starting :active, ', 0, 10),
      bar('t0000000 running :', 10, 70),
      bar('t0000000 stopped by the rollback :done, ', 70, 80),
    ])
  })

  test('but those that fail are, during a rollback too', () => {
    expect(shown({ stopCode: 'TaskFailedToStart', stoppedAt: at(80) })).toEqual([
      bar('t0000000 did not start :crit, ', 0, 80),
    ])
    const unhealthy = {
      ...removed,
      stoppedReason: 'Task failed ELB health checks in (target-group x)',
      startedAt: at(10),
    }
    expect(shown(unhealthy)).toContain(bar('t0000000 failed :crit, ', 10, 70))
  })

  test('without a rollback they were stopped before they ran', () => {
    expect(lines([task('t', 'ecs-svc/2', removed)])).toContain(bar('t0000000 stopped before it ran :done, ', 70, 80))
  })
})
