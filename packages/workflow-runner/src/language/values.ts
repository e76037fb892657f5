import { data } from '@actions/expressions'

/** What contexts and evaluated expressions are made of. */
export type Value = string | number | boolean | null | Value[] | { [key: string]: Value }

/** A plain value as the evaluator wants it. */
export function toData(value: Value): data.ExpressionData {
  if (value === null) return new data.Null()
  if (typeof value === 'string') return new data.StringData(value)
  if (typeof value === 'number') return new data.NumberData(value)
  if (typeof value === 'boolean') return new data.BooleanData(value)
  if (Array.isArray(value)) return new data.Array(...value.map(toData))
  return new data.Dictionary(...Object.entries(value).map(([key, entry]) => ({ key, value: toData(entry) })))
}

/** The evaluator's result as a plain value. */
export function fromData(value: data.ExpressionData): Value {
  return JSON.parse(JSON.stringify(value, data.replacer) ?? 'null') as Value
}

/** The text GitHub makes of a value where text is expected: `null` is empty, whole numbers have no decimals. */
export function asText(value: Value): string {
  return toData(value).coerceString()
}

/** Whether an `if` with this result holds: everything but `false`, `0`, `''` and `null`. */
export function isTruthy(value: Value): boolean {
  return !(value === false || value === 0 || value === '' || value === null || Number.isNaN(value))
}

/** Secrets and variables with their names as GitHub keeps them: in upper case. */
export function upperCased(values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name.toUpperCase(), value]))
}
