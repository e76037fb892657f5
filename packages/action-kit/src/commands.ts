import { randomUUID } from 'node:crypto'
import { appendFileSync } from 'node:fs'

/**
 * GitHub's workflow commands, as far as this suite needs them (docs.github.com: workflow commands for GitHub Actions).
 * Written here because @actions/core brings an HTTP client that costs a step about 100 ms before its first line.
 */
export type Severity = 'notice' | 'warning' | 'error'

/** The runner cuts a message there; cutting it ourselves keeps the end mark visible. */
const longestMessage = 4096

/** `::error title=…::message`, with the characters escaped that the runner would read as syntax. */
export function annotationCommand(severity: Severity, message: string, title?: string): string {
  const text = message.length > longestMessage ? `${message.slice(0, longestMessage - 2)} …` : message
  const properties = title ? ` title=${escapeProperty(title)}` : ''
  return `::${severity}${properties}::${escapeData(text)}`
}

export function maskCommand(secret: string): string {
  return `::add-mask::${escapeData(secret)}`
}

/** Escapes a value for the message part of a command. */
export function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}

/** Appends `name=value` to one of the runner's command files (outputs, state), in the form that takes any value. */
export function appendToCommandFile(file: string, name: string, value: string): void {
  const delimiter = `ghadelimiter_${randomUUID()}`
  appendFileSync(file, `${name}<<${delimiter}\n${value}\n${delimiter}\n`)
}
