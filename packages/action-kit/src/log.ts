import { issue, issueCommand } from '@actions/core/lib/command.js'

/**
 * What a step prints. Whatever text arrives, it stays text: the runner reads commands (`::error::`, `##[add-mask]`)
 * from every line of a step, and the lines of applications, image labels and AWS's reasons are written by others.
 * Annotations appear on the run's page; GitHub shows the first ten of a kind per step.
 */
export interface Log {
  info(message: string): void
  /** Only shown when the run is repeated with debug logging. */
  debug(message: string): void
  notice(message: string, title?: string): void
  warning(message: string, title?: string): void
  error(message: string, title?: string): void
  /**
   * Folds what `body` prints under one heading. Groups do not nest on GitHub: an inner heading is printed as a
   * line.
   */
  group<T>(heading: string, body: () => Promise<T> | T): Promise<T>
}

/** The runner cuts a message there; cutting it ourselves keeps the end mark visible. */
const longestMessage = 4096

/** A log in the runner's dialect, on the process's output. */
export function githubLog(): Log {
  let depth = 0
  const info = (message: string) => void process.stdout.write(`${linesOf(message).map(inert).join('\n')}\n`)
  const annotate = (severity: 'notice' | 'warning' | 'error') => (message: string, title?: string) => {
    const text = message.length > longestMessage ? `${message.slice(0, longestMessage - 2)} …` : message
    issueCommand(severity, title ? { title } : {}, text)
  }
  return {
    info,
    debug: (message) => issue('debug', message),
    notice: annotate('notice'),
    warning: annotate('warning'),
    error: annotate('error'),
    async group(heading, body) {
      if (depth === 0) issue('group', heading)
      else info(heading)
      depth++
      try {
        return await body()
      } finally {
        depth--
        if (depth === 0) issue('endgroup')
      }
    },
  }
}

/** A text as the lines that a reader sees; a break at its end makes no further line. */
export function linesOf(text: string): string[] {
  return text.replace(/(\r\n|\r|\n)$/, '').split(/\r\n|\r|\n/)
}

/**
 * A zero-width space takes a command its meaning and leaves the line readable. The runner skips white space before
 * `::` (by .NET's rules, where U+0085 is one) and finds `##[` anywhere (actions/runner: ActionCommand).
 */
function inert(line: string): string {
  return line.replace(/^([\s\u0085]*):(?=:)/, '$1:\u200b').replaceAll('##[', '#\u200b#[')
}
