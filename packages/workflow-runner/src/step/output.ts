import { parseCommandLine } from './command-line.ts'
import type { Masks } from './masks.ts'

export type Level = 'error' | 'warning' | 'notice'

export interface Annotation {
  level: Level
  message: string
  title?: string
  file?: string
  line?: number
  endLine?: number
  col?: number
  endColumn?: number
}

/** What a step says on its two streams, taken apart line by line. */
export interface StepOutput {
  /** Takes one line as the process wrote it. */
  line(text: string): void
  /** Shows a line of the runner's own: nothing in it is a command. */
  show(text: string): void
  annotate(level: Level, message: string, properties?: Record<string, string>): void
  /** The lines shown, masked, in the form of GitHub's raw log (`##[group]`, `##[error]`). */
  log: string[]
  annotations: Annotation[]
  /** From the deprecated `::set-output::` and `::save-state::`. */
  outputs: Record<string, string>
  state: Record<string, string>
}

/** The runner keeps that many annotations of each level per step; more are only log lines. */
const annotationsPerLevel = 10
const longestMessage = 4096

export function createStepOutput(options: {
  masks: Masks
  onLine?: (line: string) => void
  /** Show `::debug::` lines, as with the secret ACTIONS_STEP_DEBUG. */
  debug?: boolean
}): StepOutput {
  const { masks } = options
  let stopToken: string | undefined
  let echo = false

  const show = (text: string) => {
    for (const line of masks.hide(text).split(/\r?\n/)) {
      output.log.push(line)
      options.onLine?.(line)
    }
  }

  const output: StepOutput = {
    log: [],
    annotations: [],
    outputs: {},
    state: {},
    show,
    annotate(level, message, properties = {}) {
      show(`##[${level}]${message}`)
      if (output.annotations.filter((known) => known.level === level).length >= annotationsPerLevel) return
      const { title, file, line, endLine, col, endColumn } = properties
      output.annotations.push({
        level,
        message: masks.hide(message).slice(0, longestMessage),
        ...(title && { title: masks.hide(title) }),
        ...(file && { file }),
        ...numeric({ line, endLine, col, endColumn }),
      })
    },
    line(text) {
      const command = parseCommandLine(text)
      if (stopToken !== undefined) {
        if (command?.name === stopToken.toLowerCase()) stopToken = undefined
        else show(text)
        return
      }
      if (!command || !run(command.name, command.properties, command.data)) show(text)
      else if (echo && command.name !== 'add-mask' && command.name !== 'echo') show(text)
    },
  }

  /** Obeys a command; false when the runner knows no such command and shows the line as it is. */
  const run = (name: string, properties: Record<string, string>, data: string): boolean => {
    switch (name) {
      case 'error':
      case 'warning':
      case 'notice':
        output.annotate(name, data, properties)
        return true
      case 'group':
      case 'endgroup':
        show(`##[${name}]${data}`)
        return true
      case 'debug':
        if (options.debug) show(`##[debug]${data}`)
        return true
      case 'add-mask':
        if (data.trim() === '')
          output.annotate('warning', "Can't add secret mask for empty string in ##[add-mask] command.")
        else masks.add(data)
        return true
      case 'stop-commands':
        stopToken = data
        return true
      case 'echo':
        echo = data.trim().toLowerCase() === 'on'
        return true
      case 'set-output':
      case 'save-state':
        output.annotate('warning', `The \`${name}\` command is deprecated. Use the file command instead.`)
        if (properties.name) (name === 'set-output' ? output.outputs : output.state)[properties.name] = data
        return true
      case 'set-env':
      case 'add-path':
        output.annotate('error', `The \`${name}\` command is disabled. Use the file command instead.`)
        return true
      default:
        return false
    }
  }
  return output
}

function numeric(properties: Record<string, string | undefined>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(properties)
      .filter(([, value]) => value !== undefined && /^\d+$/.test(value))
      .map(([name, value]) => [name, Number(value)]),
  )
}
