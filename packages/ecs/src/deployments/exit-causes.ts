import { formatDuration } from '@deploy-actions/action-kit'
import { endedBadly, guiltyContainer } from './deployment-tasks.ts'
import type { CauseRule, Evidence } from './evidence.ts'
import { sentence } from './texts.ts'
import type { StoppedContainer, StoppedTask } from './types.ts'

interface End {
  task: StoppedTask
  container: StoppedContainer
  /** Milliseconds from start to stop. */
  ran: number | undefined
  log: string
}

/** Tasks that ran and ended. */
export const exitCauses: CauseRule[] = [
  ended(({ container, log }) =>
    /exec format error/i.test(`${container.reason} ${log}`)
      ? {
          text: 'The image was built for another processor architecture than the tasks run on (exec format error).',
          advice:
            'Build for the architecture of the task definition (runtimePlatform.cpuArchitecture; X86_64 when it is not set).',
        }
      : undefined,
  ),
  ended(({ container }) =>
    /OutOfMemory/i.test(container.reason ?? '')
      ? {
          text: `Container "${container.name}" used more memory than it may and was killed.`,
          advice: 'Give the task (or the container) more memory, or limit what the program takes, such as its heap.',
        }
      : undefined,
  ),
  ({ tasks }) =>
    tasks.some(
      ({ stopCode }) =>
        stopCode === 'SpotInterruption' || stopCode === 'TerminationNotice' || stopCode === 'InfrastructureHealth',
    )
      ? {
          text: 'AWS took the capacity under the tasks away (Spot interruption or an unhealthy host).',
          advice: 'Run the job again; for fewer of these, keep a base of capacity that is not Spot.',
        }
      : undefined,
  ended(({ container: { exitCode, name } }) =>
    exitCode === 127 || exitCode === 126
      ? {
          text: `The command of container "${name}" ${exitCode === 127 ? 'is not in the image' : 'may not be executed'} (exit code ${exitCode}).`,
          advice:
            'Check entryPoint and command, the path of the program in the image and, for scripts, their first line and mode.',
        }
      : undefined,
  ),
  ended(({ task, container: { exitCode, name } }) =>
    exitCode === 0 && task.stopCode === 'EssentialContainerExited'
      ? {
          text: `Container "${name}" ended by itself with exit code 0: its program does its work and exits, as a one-off command would.`,
          advice: "A service's program must go on running in the foreground. Check its command.",
        }
      : undefined,
  ),
  ended(({ container: { exitCode, name } }) =>
    exitCode === 137
      ? {
          text: `Container "${name}" was killed (exit code 137), most often for want of memory.`,
          advice: 'Look at the memory of the task in CloudWatch, or give it more and see.',
        }
      : undefined,
  ),
  ended(({ container: { exitCode, name } }) =>
    exitCode === 139
      ? {
          text: `Container "${name}" crashed with a segmentation fault (exit code 139).`,
          advice:
            'Mostly a native library that does not fit the image: another libc (Alpine) or processor architecture.',
        }
      : undefined,
  ),
  ended(({ container: { exitCode, name, reason }, ran, log }) => {
    if (exitCode === undefined || exitCode === 0) return undefined
    const early = ran !== undefined && ran < 120_000
    const line = telling(log)
    return {
      text: `The application in container "${name}" ends with exit code ${exitCode}${early ? ` ${formatDuration(ran)} after its start` : ''}${reason ? ` (${reason})` : ''}${line ? `: ${sentence(line)}` : '.'}`,
      advice: early
        ? 'It fails while starting: mostly a variable or secret that is missing, a database it cannot reach, or a migration that has not run. Its last lines are in the log of this step.'
        : 'Its last lines are in the log of this step.',
    }
  }),
]

/** Makes a rule that looks at the container whose end explains the newest failed task. */
function ended(rule: (end: End) => { text: string; advice: string } | undefined): CauseRule {
  return (evidence: Evidence) => {
    const task = evidence.tasks.find(
      (one) => endedBadly(one) && one.startedAt && one.stopCode !== 'ServiceSchedulerInitiated',
    )
    const container = task && guiltyContainer(task)
    if (!task || !container) return undefined
    const ran = task.endedAt && task.startedAt && task.endedAt.getTime() - task.startedAt.getTime()
    return rule({ task, container, ran, log: evidence.log?.lines.join('\n') ?? '' })
  }
}

/** The last log line that names an error; undefined when none does. */
function telling(log: string): string | undefined {
  const names = (text: string) => /error|exception|fatal|panic|cannot|refused|denied|missing/i.test(text)
  const line = log
    .split('\n')
    .findLast((text) => names(text) && !/^\s+at /.test(text))
    ?.trim()
  return line && (line.length > 200 ? `${line.slice(0, 199)}…` : line)
}
