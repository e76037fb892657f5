/** A workflow command found in a line of output: `::error file=a.js,line=1::text`. */
export interface CommandLine {
  name: string
  properties: Record<string, string>
  data: string
}

/**
 * Reads `line` as a workflow command (GitHub's "Workflow commands for GitHub Actions"; actions/runner:
 * ActionCommand): `::name key=value,…::data` after leading blanks, or the older `##[name key=value;…]data` anywhere
 * in the line. Names are of any case. Undefined for ordinary output.
 */
export function parseCommandLine(line: string): CommandLine | undefined {
  const trimmed = line.trimStart()
  if (trimmed.startsWith('::')) {
    const end = trimmed.indexOf('::', 2)
    if (end > 2) return command(trimmed.slice(2, end), trimmed.slice(end + 2), ',', propertyEscapes, dataEscapes)
  }
  const start = line.indexOf('##[')
  const end = line.indexOf(']', start)
  if (start < 0 || end < 0) return undefined
  return command(line.slice(start + 3, end), line.slice(end + 1), ';', olderEscapes, olderEscapes)
}

type Escapes = readonly (readonly [escaped: string, text: string])[]

const dataEscapes: Escapes = [
  ['%0D', '\r'],
  ['%0A', '\n'],
  ['%25', '%'],
]
const propertyEscapes: Escapes = [['%3A', ':'], ['%2C', ','], ...dataEscapes]
const olderEscapes: Escapes = [['%3B', ';'], ['%5D', ']'], ...dataEscapes]

function command(
  head: string,
  data: string,
  separator: string,
  properties: Escapes,
  text: Escapes,
): CommandLine | undefined {
  const space = head.indexOf(' ')
  const name = space < 0 ? head : head.slice(0, space)
  if (name === '') return undefined
  const pairs = (space < 0 ? '' : head.slice(space + 1).trim()).split(separator).flatMap((pair) => {
    const at = pair.indexOf('=')
    return at > 0 && at < pair.length - 1 ? [[pair.slice(0, at), unescaped(pair.slice(at + 1), properties)]] : []
  })
  return { name: name.toLowerCase(), properties: Object.fromEntries(pairs), data: unescaped(data, text) }
}

function unescaped(text: string, escapes: Escapes): string {
  return escapes.reduce((result, [escaped, plain]) => result.replaceAll(escaped, plain), text)
}
