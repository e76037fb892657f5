import { type CommandLine, parseCommandLine } from './command-line.ts'
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
  /** A command could not be obeyed, which fails the step whatever its exit code. */
  failed: boolean
}

/** The runner keeps that many annotations of each level per step; more are only log lines. */
const annotationsPerLevel = 10
const longestMessage = 4096

type Handler = (command: CommandLine) => string | undefined

export function createStepOutput(options: {
  masks: Masks
  onLine?: (line: string) => void
  /** Show `::debug::` lines, as with the secret ACTIONS_STEP_DEBUG. */
  debug?: boolean
}): StepOutput {
  const { masks } = options
  let stopToken: string | undefined
  let echo = false

  const output: StepOutput = {
    log: [],
    annotations: [],
    outputs: {},
    state: {},
    failed: false,
    show(text) {
      for (const line of masks.hide(text).split(/\r?\n/)) {
        output.log.push(line)
        options.onLine?.(line)
      }
    },
    annotate(level, message, properties = {}) {
      output.show(`##[${level}]${message}`)
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
        return output.show(text)
      }
      const handle = command && handlers.get(command.name)
      if (!handle) return output.show(text)
      if (echo && !['add-mask', 'echo', 'stop-commands'].includes(command.name)) output.show(text)
      const refusal = handle(command)
      if (refusal === undefined) return
      output.annotate('error', `Unable to process command '${text}' successfully. ${refusal}`)
      output.failed = true
    },
  }

  const annotation: Handler = ({ name, data, properties }) => {
    output.annotate(name as Level, data, properties)
    return undefined
  }
  const mark: Handler = ({ name, data }) => {
    output.show(`##[${name}]${data}`)
    return undefined
  }
  const named =
    (target: Record<string, string>): Handler =>
    ({ name, data, properties }) => {
      if (!properties.name) return `Required field 'name' is missing in ##[${name}] command.`
      output.annotate(
        'warning',
        `The \`${name}\` command is deprecated and will be disabled soon. Please upgrade to using Environment Files.`,
      )
      target[properties.name] = data
      return undefined
    }
  const disabled: Handler = ({ name }) =>
    `The \`${name}\` command is disabled. Please upgrade to using Environment Files.`
  const unsupported: Handler = ({ name }) => `The \`${name}\` command is not supported by this runner.`

  // Each answers why the command cannot be obeyed, or nothing. Other names are no commands, and shown as they are.
  const handlers = new Map<string, Handler>(
    Object.entries({
      error: annotation,
      warning: annotation,
      notice: annotation,
      group: mark,
      endgroup: mark,
      debug: (command) => (options.debug ? mark(command) : undefined),
      'add-mask': ({ data }) => {
        if (data.trim() !== '') masks.add(data)
        else output.annotate('warning', "Can't add secret mask for empty string in ##[add-mask] command.")
        return undefined
      },
      'stop-commands': ({ data }) => {
        stopToken = data
        output.show(`::stop-commands::${data}`)
        return undefined
      },
      echo: ({ data }) => {
        const value = data.trim().toLowerCase()
        if (value !== 'on' && value !== 'off')
          return `Invalid echo command value. Possible values can be: 'on', 'off'. Current value is: '${data}'.`
        echo = value === 'on'
        return undefined
      },
      'set-output': named(output.outputs),
      'save-state': named(output.state),
      'set-env': disabled,
      'add-path': disabled,
      'add-matcher': unsupported,
      'remove-matcher': unsupported,
    }),
  )
  return output
}

function numeric(properties: Record<string, string | undefined>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(properties)
      .filter(([, value]) => value !== undefined && /^\d+$/.test(value))
      .map(([name, value]) => [name, Number(value)]),
  )
}
