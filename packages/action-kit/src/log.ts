import { annotationCommand, escapeData } from './commands.ts'

/** What a step prints. Annotations appear on the run's page; GitHub shows the first ten of a kind per step. */
export interface Log {
  info(message: string): void
  /** Only shown when the run is repeated with debug logging. */
  debug(message: string): void
  notice(message: string, title?: string): void
  warning(message: string, title?: string): void
  error(message: string, title?: string): void
  /** Folds what `body` prints under one heading. Groups do not nest on GitHub: an inner heading is printed as a line. */
  group<T>(heading: string, body: () => Promise<T> | T): Promise<T>
}

/** A log in the runner's dialect; `write` receives whole lines with their line break. */
export function githubLog(write: (text: string) => void): Log {
  let depth = 0
  const line = (text: string) => write(`${text}\n`)
  return {
    info: (message) => line(message),
    debug: (message) => line(`::debug::${escapeData(message)}`),
    notice: (message, title) => line(annotationCommand('notice', message, title)),
    warning: (message, title) => line(annotationCommand('warning', message, title)),
    error: (message, title) => line(annotationCommand('error', message, title)),
    async group(heading, body) {
      line(depth === 0 ? `::group::${escapeData(heading)}` : heading)
      depth++
      try {
        return await body()
      } finally {
        depth--
        if (depth === 0) line('::endgroup::')
      }
    },
  }
}
