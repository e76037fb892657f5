/** One line of a run's log, masked. */
export interface LogLine {
  job: string
  step: string
  /** As in GitHub's raw log: `##[group]…`, `##[endgroup]`, `##[error]…`, or plain. */
  text: string
}

/**
 * Writes lines the way GitHub's page shows them: a heading where job or step change, groups indented, annotations
 * with their level in words.
 */
export function consoleLog(write: (text: string) => void, options: { colour?: boolean } = {}): (line: LogLine) => void {
  const paint = (code: string, text: string) => (options.colour ? `\x1b[${code}m${text}\x1b[0m` : text)
  let job = ''
  let step = ''
  const grouped = new Map<string, boolean>()
  return (line) => {
    if (line.job !== job) write(`\n${paint('1', `■ ${line.job}`)}\n`)
    if (line.job !== job || line.step !== step) write(`  ${paint('1', `▸ ${line.step}`)}\n`)
    job = line.job
    step = line.step
    const place = `${job}\n${step}`
    const marked = /^##\[(\w+)\](.*)$/s.exec(line.text)
    const indent = grouped.get(place) ? '      ' : '    '
    if (!marked) return write(`${indent}${line.text}\n`)
    const [, mark, text] = marked
    if (mark === 'group') {
      grouped.set(place, true)
      return write(`    ${paint('36', `▾ ${text}`)}\n`)
    }
    if (mark === 'endgroup') return void grouped.set(place, false)
    const colours: Record<string, string> = { error: '31', warning: '33', notice: '34', debug: '35' }
    const title = `${mark?.[0]?.toUpperCase()}${mark?.slice(1)}`
    write(`${indent}${paint(colours[mark ?? ''] ?? '0', `${title}: ${text}`)}\n`)
  }
}
