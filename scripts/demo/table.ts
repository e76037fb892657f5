import type { Shown } from './stage.ts'
import type { Chapter } from './story.ts'

/** The chapters as rows, for a terminal. */
export function table(played: { chapter: Chapter; shown: Shown; problems: string[] }[]): string {
  const header = ['', 'what happened', 'where', 'run', 'verdict', 'digest', 'schema', 'seconds', 'AWS calls']
  const rows = played.map(({ chapter, shown, problems }) => [
    problems.length === 0 ? '✓' : '✗',
    chapter.title,
    chapter.environment,
    shown.conclusion,
    shown.verdict || '–',
    shown.digest.slice(7, 19) || '–',
    shown.schemaLevel || '–',
    shown.seconds.toFixed(1),
    String(Object.values(shown.apiCalls).reduce((sum, calls) => sum + calls, 0)),
  ])
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column]!.length)))
  const line = (row: string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd()
  return [line(header), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(line)].join('\n')
}
