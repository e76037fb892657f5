import { type Scope, scalarText } from '../language/expressions.ts'
import type { ActionFile } from './action-file.ts'

export interface StepInputs {
  /** By name as declared; undeclared ones by the name given. */
  values: Record<string, string>
  /** Names that the action does not declare: the runner's warning "Unexpected input(s)". */
  unexpected: string[]
  /** What the runner warns about: deprecated inputs that were given. */
  deprecations: string[]
}

/** The inputs of a step: what `with` gives (names in any case), and the action's defaults, evaluated in `scope`. */
export function resolveInputs(action: ActionFile, given: Record<string, string>, scope: Scope): StepInputs {
  const lowered = new Map(Object.entries(given).map(([name, value]) => [name.toLowerCase(), { name, value }]))
  const values: Record<string, string> = {}
  const deprecations: string[] = []
  for (const [name, input] of action.inputs) {
    const own = lowered.get(name.toLowerCase())
    if (own) {
      values[name] = own.value
      if (input.deprecationMessage)
        deprecations.push(`Input '${name}' has been deprecated with message: ${input.deprecationMessage}`)
    } else values[name] = input.default ? scalarText(input.default, scope) : ''
    lowered.delete(name.toLowerCase())
  }
  for (const { name, value } of lowered.values()) values[name] = value
  return { values, unexpected: [...lowered.values()].map(({ name }) => name), deprecations }
}

/** `INPUT_<NAME>` for every input: upper case, blanks become `_`, hyphens stay. */
export function inputVariables(values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`, value]),
  )
}
