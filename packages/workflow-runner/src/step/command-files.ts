import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { WorkflowError } from '../language/errors.ts'

/** The files through which a step speaks to the runner, and the variables that name them. */
const variables = {
  output: 'GITHUB_OUTPUT',
  state: 'GITHUB_STATE',
  env: 'GITHUB_ENV',
  path: 'GITHUB_PATH',
  summary: 'GITHUB_STEP_SUMMARY',
} as const

export interface FileCommands {
  outputs: Record<string, string>
  state: Record<string, string>
  env: Record<string, string>
  path: string[]
  summary: string
}

export interface CommandFiles {
  /** GITHUB_OUTPUT … with the paths of the empty files. */
  variables: Record<string, string>
  /** What the step wrote. Throws a WorkflowError for a malformed line, as the runner fails the step. */
  read(): FileCommands
}

/** Creates the empty command files of one step in `directory`. */
export function createCommandFiles(directory: string): CommandFiles {
  mkdirSync(directory, { recursive: true })
  const files = Object.fromEntries(
    Object.entries(variables).map(([kind, variable]) => {
      const file = path.join(directory, kind)
      writeFileSync(file, '')
      return [variable, file]
    }),
  )
  const textOf = (variable: string) => readFileSync(files[variable] ?? '', 'utf8')
  return {
    variables: files,
    read: () => ({
      outputs: parsePairs(textOf('GITHUB_OUTPUT'), 'GITHUB_OUTPUT'),
      state: parsePairs(textOf('GITHUB_STATE'), 'GITHUB_STATE'),
      env: withoutBlocked(parsePairs(textOf('GITHUB_ENV'), 'GITHUB_ENV')),
      path: textOf('GITHUB_PATH')
        .split(/\r?\n/)
        .filter((line) => line !== ''),
      summary: textOf('GITHUB_STEP_SUMMARY'),
    }),
  }
}

/** Reads `name=value` lines and `name<<MARK … MARK` blocks; the later of two equal names wins. */
export function parsePairs(text: string, variable: string): Record<string, string> {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  const pairs: Record<string, string> = {}
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? ''
    if (line === '') continue
    const equals = line.indexOf('=')
    const heredoc = line.indexOf('<<')
    if (equals >= 0 && (heredoc < 0 || equals < heredoc)) {
      if (equals === 0) throw new WorkflowError(`Invalid format '${line}' in ${variable}. Name must not be empty`)
      pairs[line.slice(0, equals)] = line.slice(equals + 1)
    } else if (heredoc >= 0) {
      const name = line.slice(0, heredoc)
      const delimiter = line.slice(heredoc + 2)
      if (name === '' || delimiter === '')
        throw new WorkflowError(`Invalid format '${line}' in ${variable}. Name and delimiter must not be empty`)
      const end = lines.indexOf(delimiter, at + 1)
      if (end < 0) throw new WorkflowError(`Invalid value in ${variable}. Matching delimiter not found '${delimiter}'`)
      pairs[name] = lines.slice(at + 1, end).join('\n')
      at = end
    } else {
      throw new WorkflowError(`Invalid format '${line}' in ${variable}`)
    }
  }
  return pairs
}

function withoutBlocked(env: Record<string, string>): Record<string, string> {
  const blocked = Object.keys(env).find((name) => name.toUpperCase() === 'NODE_OPTIONS')
  if (blocked) throw new WorkflowError(`Can't store ${blocked} output parameter using '$GITHUB_ENV' command.`)
  return env
}
