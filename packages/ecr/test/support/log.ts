import type { Clock, Log } from '@deploy-actions/action-kit'

/** A log that keeps its lines. */
export function memoryLog(): Log & { lines: string[]; text(): string } {
  const lines: string[] = []
  const keep = (kind: string) => (message: string) => void lines.push(kind + message)
  return {
    lines,
    text: () => lines.join('\n'),
    info: keep(''),
    debug: keep('debug: '),
    notice: keep('notice: '),
    warning: keep('warning: '),
    error: keep('error: '),
    group: async (heading, body) => {
      lines.push(heading)
      return body()
    },
  }
}

/** A clock whose sleeps take no time but are remembered. */
export function instantClock(start = new Date('2026-01-01T00:00:00Z')): Clock & { slept: number[] } {
  let now = start.getTime()
  const slept: number[] = []
  return {
    slept,
    now: () => new Date(now),
    async sleep(milliseconds) {
      slept.push(milliseconds)
      now += milliseconds
    },
  }
}
