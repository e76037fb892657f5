/** A workflow command found in a line of output: `::error file=a.js,line=1::text`. */
export interface CommandLine {
  name: string
  properties: Record<string, string>
  data: string
}

/**
 * Reads `line` as a workflow command, as the runner does (leading blanks allowed; names of any case; see GitHub's "Workflow commands").
 * Undefined for ordinary output.
 */
export function parseCommandLine(line: string): CommandLine | undefined {
  const match = /^\s*::([^\s:][^\s]*?)?(?:\s+(.*?))?::(.*)$/s.exec(line)
  if (!match?.[1]) return undefined
  const properties: Record<string, string> = {}
  for (const pair of (match[2] ?? '').split(',')) {
    const at = pair.indexOf('=')
    if (at > 0) properties[pair.slice(0, at).trim()] = unescapeProperty(pair.slice(at + 1))
  }
  return { name: match[1].toLowerCase(), properties, data: unescapeData(match[3] ?? '') }
}

function unescapeData(text: string): string {
  return text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%')
}

function unescapeProperty(text: string): string {
  return unescapeData(text.replaceAll('%3A', ':').replaceAll('%2C', ','))
}
