/**
 * A log event's message as the lines a reader sees, each safe to print in a step: an application that writes `::set-output` or `##[add-mask]`
 * would otherwise speak to the runner, which reads commands from every step's output (actions/runner: ActionCommand).
 */
export function printableLines(message: string): string[] {
  return message
    .replace(/(\r\n|\r|\n)$/, '')
    .split(/\r\n|\r|\n/)
    .map(inert)
}

/** A zero-width space takes a command its meaning and leaves the line readable. */
function inert(line: string): string {
  return line.replace(/^(\s*):(?=:)/, '$1\u200b:').replaceAll('##[', '#\u200b#[')
}
