import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import type { ContainerDefinition, Task } from '@aws-sdk/client-ecs'
import { type Clock, type Log, messageOf } from '@deploy-actions/action-kit'
import { isAccessError } from '@deploy-actions/aws'
import { logLocationFor } from './log-location.ts'
import { logTail } from './log-tail.ts'

export interface FollowedLines {
  /** Starts a read without waiting for it, so that a throttled log never delays the task's state. */
  poll(task: Task): void
  /** Reads on until nothing has come for a moment: lines reach CloudWatch Logs later than they were written. */
  finish(task: Task): Promise<void>
  printed(): number
}

/**
 * How long the last lines are waited for after a container's end: the log driver hands them over before the
 * container counts as ended, and what remains is their way into CloudWatch Logs. First lines take longer, as their
 * stream has to be made. While lines come, reading goes on.
 */
const lastLinesMs = 1_200
const firstLinesMs = 3_000
const quietMs = 700
const lookMs = 100
const finishAtMostMs = 30_000

/**
 * Hands the lines of one container of a task to `print` as they come. Where they cannot be read it says so, once,
 * and goes on without.
 */
export function followLines(
  { logs, clock, log }: { logs: CloudWatchLogsClient; clock: Clock; log: Log },
  definition: ContainerDefinition | undefined,
  print: (line: string) => void,
): FollowedLines {
  let tail: (() => Promise<number>) | undefined
  let given = false
  let printed = 0
  let reading: Promise<number> | undefined

  function giveUp(text: string): undefined {
    if (!given) log.info(text)
    given = true
  }

  async function read(task: Task): Promise<number> {
    if (given || !definition) return 0
    try {
      const location = tail ? undefined : await logLocationFor(logs, definition, task)
      if (location && 'unreadable' in location) giveUp(location.unreadable)
      else if (location) tail = logTail(logs, location, count)
      return (await tail?.()) ?? 0
    } catch (error) {
      // A log that cannot be read for a while says nothing about the task.
      if (isAccessError(error)) giveUp(`Log lines are not shown: ${error.message}`)
      else log.debug(`Reading the log failed: ${messageOf(error)}`)
      return 0
    }
  }

  function count(line: string): void {
    printed++
    print(line)
  }

  function start(task: Task): Promise<number> {
    reading ??= read(task).finally(() => {
      reading = undefined
    })
    return reading
  }

  return {
    printed: () => printed,
    poll: (task) => void start(task),
    async finish(task) {
      const ran = task.containers?.some(({ name, exitCode }) => name === definition?.name && exitCode !== undefined)
      if (!ran) return
      // A throttled read goes on for minutes; the step does not wait for it longer than this.
      const enough = new AbortController()
      const late = clock.sleep(finishAtMostMs, enough.signal).then(() => 'late' as const)
      const begun = clock.now().getTime()
      let until = begun + (printed > 0 ? lastLinesMs : firstLinesMs)
      while (!given && clock.now().getTime() < until) {
        const count = await Promise.race([start(task), late])
        if (count === 'late') break
        if (count > 0) until = Math.max(begun + lastLinesMs, clock.now().getTime() + quietMs)
        await clock.sleep(lookMs)
      }
      enough.abort()
    },
  }
}
