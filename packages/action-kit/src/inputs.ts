import { formatDuration, parseDuration } from './duration.ts'
import { UserError } from './errors.ts'

/** Reads the step's inputs by their kebab-case names. An empty input counts as absent, as it does for GitHub. */
export interface InputReader {
  text(name: string): string | undefined
  /** Throws a UserError that names the input when it is empty; `hint` says what belongs there. */
  required(name: string, hint?: string): string
  flag(name: string, fallback: boolean): boolean
  choice<const T extends string>(name: string, valid: readonly T[], fallback?: T): T
  /** One entry a line, or separated by commas; blanks are dropped. */
  list(name: string): string[]
  /** One entry a line; commas belong to the entry. */
  lines(name: string): string[]
  /** One `NAME=value` a line; the value may hold further `=`. */
  pairs(name: string): Record<string, string>
  /**
   * Milliseconds from `90s`, `15m`, `1h30m`, `7d`. Bounds are milliseconds too; the default is at most 7 days,
   * which every timer can wait for.
   */
  duration(name: string, fallback: number, bounds?: Bounds): number
  optionalDuration(name: string, bounds?: Bounds): number | undefined
  integer(name: string, bounds?: Bounds): number | undefined
  matching(name: string, pattern: RegExp, valid: string): string | undefined
  /** The region of the `region` input or of the environment; throws when neither is set. */
  region(name?: string): string
}

export interface Bounds {
  min?: number
  max?: number
}

const week = 7 * 86_400_000

/** The inputs in `env`, where the runner puts them as `INPUT_<NAME>`. */
export function inputReader(env: NodeJS.ProcessEnv): InputReader {
  const text = (name: string) => env[`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`]?.trim() || undefined
  const lines = (name: string) =>
    (text(name) ?? '')
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter(Boolean)
  const optionalDuration = (name: string, { min = 0, max = week }: Bounds = {}) => {
    const value = text(name)
    if (value === undefined) return undefined
    const milliseconds = parseDuration(value)
    if (milliseconds === undefined) throw invalid(name, value, 'a duration such as 90s, 15m, 1h30m or 7d')
    if (milliseconds < min) throw invalid(name, value, `at least ${formatDuration(min)}`)
    if (milliseconds > max) throw invalid(name, value, `at most ${formatDuration(max)}`)
    return milliseconds
  }

  return {
    text,
    lines,
    optionalDuration,
    required(name, hint) {
      const value = text(name)
      if (value === undefined) throw new UserError(`Input "${name}" is required${hint ? `: ${hint}` : ''}.`)
      return value
    },
    flag(name, fallback) {
      const value = text(name)
      if (value === undefined) return fallback
      if (/^(true|True|TRUE)$/.test(value)) return true
      if (/^(false|False|FALSE)$/.test(value)) return false
      throw invalid(name, value, 'true or false')
    },
    choice(name, valid, fallback) {
      const value = text(name) ?? fallback
      const found = valid.find((candidate) => candidate === value)
      if (found !== undefined) return found
      if (value === undefined) throw new UserError(`Input "${name}" is required. Valid values: ${valid.join(', ')}.`)
      throw invalid(name, value, valid.join(', '))
    },
    list: (name) =>
      lines(name)
        .flatMap((line) => line.split(','))
        .map((entry) => entry.trim())
        .filter(Boolean),
    pairs: (name) =>
      Object.fromEntries(
        lines(name).map((line) => {
          const at = line.indexOf('=')
          if (at < 1) throw invalid(name, line, 'one NAME=value a line')
          return [line.slice(0, at).trim(), line.slice(at + 1)]
        }),
      ),
    duration: (name, fallback, bounds) => optionalDuration(name, bounds) ?? fallback,
    integer(name, { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER }: Bounds = {}) {
      const value = text(name)
      if (value === undefined) return undefined
      const number = Number(value)
      if (/^-?\d+$/.test(value) && number >= min && number <= max) return number
      throw invalid(name, value, `a whole number${rangeText(min, max)}`)
    },
    matching(name, pattern, valid) {
      const value = text(name)
      if (value !== undefined && !pattern.test(value)) throw invalid(name, value, valid)
      return value
    },
    region(name = 'region') {
      const value = text(name) ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION
      if (!value)
        throw new UserError(
          `No AWS region: input "${name}" is empty and AWS_REGION is not set. Run aws-actions/configure-aws-credentials before this step, or set ${name}, for example eu-central-1.`,
        )
      if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(value)) throw invalid(name, value, 'an AWS region such as eu-central-1')
      return value
    },
  }
}

function invalid(name: string, value: string, valid: string): UserError {
  return new UserError(`Input "${name}" is "${value}". Valid: ${valid}.`)
}

function rangeText(min: number, max: number): string {
  if (min > Number.MIN_SAFE_INTEGER && max < Number.MAX_SAFE_INTEGER) return ` from ${min} to ${max}`
  if (min > Number.MIN_SAFE_INTEGER) return ` of at least ${min}`
  if (max < Number.MAX_SAFE_INTEGER) return ` of at most ${max}`
  return ''
}
