import {
  markdownCode,
  markdownDetails,
  markdownInlineCode,
  markdownTable,
  markdownText,
  verdictMark,
} from '@deploy-actions/action-kit'
import { tidy } from './texts.ts'
import type { FailureReport, StoppedTask, TargetHealthLine } from './types.ts'

/**
 * The report as an annotation: what happened, the likely cause, where to look. Fits GitHub's 4096 characters with
 * room to spare.
 */
export function reportAnnotation(report: FailureReport): string {
  const { outcome, cause, stoppedTasks, consoleUrl } = report
  const end = sameEnds(stoppedTasks)[0]
  const parts = [
    `${outcome.started.service}: ${outcome.verdict}. ${outcome.reason}`,
    cause ? `Likely cause: ${cause.text} ${cause.advice}` : '',
    end && !cause ? `Last stopped task: ${[end.reason, ...end.containers].join(' · ')}` : '',
    consoleUrl,
  ]
  return parts
    .filter(Boolean)
    .map((part) => (part.length > 1200 ? `${part.slice(0, 1199)}…` : part))
    .join('\n')
}

/** The report as lines of the step's log. */
export function reportLines(report: FailureReport): string[] {
  const { outcome, cause, breaker, triggeredAlarms, stoppedTasks, targets, log, events, gaps } = report
  return [
    `${outcome.verdict}: ${outcome.reason}`,
    ...(cause ? [`Likely cause: ${cause.text}`, `What to do: ${cause.advice}`] : []),
    ...(breaker ? [`Circuit breaker: ${breakerText(breaker)}`] : []),
    ...(triggeredAlarms.length > 0 ? [`Alarms that went off: ${triggeredAlarms.join(', ')}`] : []),
    ...section('Stopped tasks', sameEnds(stoppedTasks).flatMap(endLines)),
    ...section('Targets that are not healthy', targets.slice(0, 10).map(targetLine)),
    ...section(
      'Events',
      events.map(({ at, message }) => `${time(at)}  ${message}`),
    ),
    ...(log ? section(`Last log lines of container "${log.container}", task ${log.taskId}`, log.lines) : []),
    ...section('Not read', gaps),
    `Console: ${report.consoleUrl}`,
  ]
}

/** The report for the job summary. */
export function reportMarkdown(report: FailureReport): string {
  const { outcome, cause, breaker, triggeredAlarms, stoppedTasks, targets, log, events, gaps } = report
  const parts = [
    `#### ${verdictMark(outcome.verdict)} \`${outcome.started.service}\`: ${outcome.verdict}`,
    markdownText(outcome.reason),
    cause ? `**Likely cause:** ${markdownText(cause.text)}\n\n**What to do:** ${markdownText(cause.advice)}` : '',
    breaker ? `Circuit breaker: ${breakerText(breaker)}` : '',
    triggeredAlarms.length > 0 ? `Alarms that went off: ${triggeredAlarms.map(markdownInlineCode).join(', ')}` : '',
    stoppedTasks.length > 0
      ? markdownTable(['Stopped task', 'At', 'Reason', 'Containers'], sameEnds(stoppedTasks).map(endRow))
      : '',
    targets.length > 0
      ? markdownTable(
          ['Target', 'State', 'Reason'],
          targets
            .slice(0, 10)
            .map((target) => [
              `\`${target.target}${target.port ? `:${target.port}` : ''}\` in ${markdownText(target.targetGroup)}`,
              target.state,
              markdownText(target.description ?? target.reason ?? ''),
            ]),
        )
      : '',
    log
      ? markdownDetails(
          `Last log lines of container <code>${log.container}</code>, task <code>${log.taskId}</code>`,
          markdownCode(log.lines.join('\n')),
        )
      : '',
    events.length > 0
      ? markdownDetails('Events', markdownCode(events.map(({ at, message }) => `${time(at)}  ${message}`).join('\n')))
      : '',
    gaps.length > 0 ? `Not read: ${markdownText(gaps.join(' '))}` : '',
    `[Open the service in the AWS console](${report.consoleUrl})`,
  ]
  return parts.filter(Boolean).join('\n\n')
}

function section(heading: string, lines: string[]): string[] {
  return lines.length > 0 ? [`${heading}:`, ...lines.map((line) => `  ${line}`)] : []
}

function breakerText({ status, failureCount, threshold }: NonNullable<FailureReport['breaker']>): string {
  const state = status.toLowerCase().replaceAll('_', ' ')
  return failureCount === undefined
    ? state
    : `${state}, ${failureCount} failures${threshold === undefined ? '' : `, threshold ${threshold}`}`
}

/** Tasks that ended in the same way, which after a crash loop are all of them. */
interface SameEnd {
  tasks: StoppedTask[]
  reason: string
  containers: string[]
}

function sameEnds(tasks: StoppedTask[]): SameEnd[] {
  const groups = new Map<string, SameEnd>()
  for (const task of tasks) {
    const reason = `${task.stopCode ?? 'no stop code'}: ${tidy(task.stoppedReason ?? 'no reason given')}`
    const containers = task.containers
      .filter(({ exitCode, reason: own }) => exitCode !== undefined || own)
      .map((container) => containerText(container, task.stoppedReason))
    const key = [reason, ...containers].join('\n')
    const group = groups.get(key) ?? { tasks: [], reason, containers }
    group.tasks.push(task)
    groups.set(key, group)
  }
  return [...groups.values()]
}

function containerText(
  { name, exitCode, reason }: StoppedTask['containers'][number],
  said: string | undefined,
): string {
  const text = exitCode === undefined ? `${name} never ran` : `${name} exit code ${exitCode}`
  return reason && reason !== said ? `${text} (${tidy(reason)})` : text
}

function endLines({ tasks, reason, containers }: SameEnd): string[] {
  const ids = tasks.map(({ taskId, stoppedAt }) => `${stoppedAt ? `${time(stoppedAt)} ` : ''}${taskId}`)
  return [[reason, ...containers].join(' · '), ...ids.map((id) => `  ${id}`)]
}

function endRow({ tasks, reason, containers }: SameEnd): string[] {
  return [
    tasks.map(({ taskId }) => `\`${taskId.slice(0, 8)}\``).join('\n'),
    tasks.map(({ stoppedAt }) => (stoppedAt ? time(stoppedAt) : '')).join('\n'),
    markdownText(reason),
    markdownText(containers.join('\n')),
  ]
}

function targetLine({ targetGroup, target, port, state, reason, description }: TargetHealthLine): string {
  return `${target}${port ? `:${port}` : ''} in ${targetGroup}: ${state}${reason ? `, ${reason}` : ''}${description ? ` (${description})` : ''}`
}

function time(at: Date): string {
  return at.toISOString().slice(11, 19)
}
