import { appendFileSync, statSync } from 'node:fs'

/** The step's part of the job summary, in GitHub's Markdown. */
export interface Summary {
  /**
   * Appends Markdown and a blank line. GitHub drops a step's summary above 1 MiB whole, so what would pass it is
   * left out and said.
   */
  add(markdown: string): void
}

const limit = 1_048_576
const notice =
  '\n_The rest of this summary is left out: GitHub shows at most 1 MiB per step. The log has everything._\n'

/** Writes to the file of GITHUB_STEP_SUMMARY; without one (outside a runner) it writes nothing. */
export function fileSummary(file: string | undefined): Summary {
  let full = false
  return {
    add(markdown) {
      if (!file || full) return
      const text = `${markdown}\n\n`
      const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0
      full = size + Buffer.byteLength(text) + Buffer.byteLength(notice) > limit
      appendFileSync(file, full ? notice : text)
    },
  }
}

/**
 * One sign for how something ended, so that a reader sees red or green before reading. Takes every verdict, and
 * `begun`, `done`, `unchanged`, `refused`.
 */
export function verdictMark(verdict: string): string {
  if (['completed', 'begun', 'done', 'unchanged'].includes(verdict)) return '✅'
  if (verdict === 'paused') return '⏸️'
  return ['failed', 'rolled-back', 'refused'].includes(verdict) ? '❌' : '⚠️'
}

/** The heading of a step's summary: what was done (Markdown), and how it ended. */
export function summaryHeading(title: string, verdict: string, mark: string = verdictMark(verdict)): string {
  return `### ${mark} ${title}: ${verdict}`
}

/** Folds the full digests of what a table shows by its first digits. Empty without digests. */
export function markdownDigests(digests: string[]): string {
  const all = [...new Set(digests)]
  if (all.length === 0) return ''
  return markdownDetails(all.length === 1 ? 'Full digest' : 'Full digests', all.map((one) => `\`${one}\``).join('<br>'))
}

/** A Markdown table. Cells may hold Markdown; line breaks and pipes in them are made safe. */
export function markdownTable(header: string[], rows: string[][]): string {
  const row = (cells: string[]) => `| ${cells.map(tableCell).join(' | ')} |`
  return [row(header), row(header.map(() => '---')), ...rows.map(row)].join('\n')
}

/** Folds a text under a heading the reader opens by a click. */
export function markdownDetails(heading: string, body: string): string {
  return `<details><summary>${heading}</summary>\n\n${body}\n\n</details>`
}

/**
 * Text of others (AWS's, an application's, a commit's) as Markdown that shows it as it is: nothing in it formats,
 * links or is HTML, and its line breaks stay in the same paragraph or cell.
 */
export function markdownText(text: string): string {
  return text
    .trim()
    .replace(/[\\`*[\]<~]|&(?=[#\w])|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, '\\$&')
    .replace(/^[#>+=-]/, '\\$&')
    .replace(/^(\d+)([.)])/, '$1\\$2')
    .replace(/(?:\r\n|[\r\n])\s*/g, '<br>')
}

/** Text of others as code within a line: a name, a command, a value. Empty text stays empty. */
export function markdownInlineCode(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  if (line === '') return ''
  const fence = '`'.repeat(longestRun(line) + 1)
  const space = line.startsWith('`') || line.endsWith('`') ? ' ' : ''
  return `${fence}${space}${line}${space}${fence}`
}

/** A fenced block whose fence is longer than any run of backticks inside. */
export function markdownCode(text: string, language = ''): string {
  const fence = '`'.repeat(Math.max(2, longestRun(text)) + 1)
  return `${fence}${language}\n${text}\n${fence}`
}

/** How many backticks stand together at most. */
function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))
}

/** A table takes a backslash before a pipe for an escape even within code, so their number has to be odd. */
function tableCell(text: string): string {
  return text
    .replace(/(\\*)\|/g, (_, slashes: string) => `${slashes}${slashes.length % 2 === 0 ? '' : '\\'}\\|`)
    .replace(/\r\n|[\r\n]/g, '<br>')
}
