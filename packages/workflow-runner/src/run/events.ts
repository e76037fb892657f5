import { WorkflowError } from '../language/errors.ts'
import { evaluateToken, type Scope } from '../language/expressions.ts'
import { asText, type Value } from '../language/values.ts'
import type { InputDefinition, PushFilter } from '../model/triggers.ts'
import type { Workflow } from '../model/workflow.ts'
import { matchesFilter } from './glob.ts'

/** What of an event decides whether a workflow starts. */
export interface EventFacts {
  name: string
  ref: string
  /** Paths that the push changed; undefined when unknown. */
  changedPaths: () => string[]
}

/** Why the event does not start this workflow; undefined when it does. */
export function reasonNotToStart(workflow: Workflow, event: EventFacts): string | undefined {
  const { triggers } = workflow
  if (!triggers.events.includes(event.name))
    return `${workflow.file} is not started by '${event.name}', only by: ${triggers.events.join(', ')}`
  if (event.name !== 'push' || !triggers.push) return undefined
  return pushRefused(triggers.push, event) ? `${workflow.file} is not started by a push to ${event.ref}` : undefined
}

function pushRefused(filter: PushFilter, event: EventFacts): boolean {
  const branch = /^refs\/heads\/(.+)$/.exec(event.ref)?.[1]
  const tag = /^refs\/tags\/(.+)$/.exec(event.ref)?.[1]
  const anyRefFilter = filter.branches ?? filter.branchesIgnore ?? filter.tags ?? filter.tagsIgnore
  // A filter on branches alone means that no tag starts the workflow, and the other way round.
  if (anyRefFilter) {
    const [only, ignore, name] = branch
      ? [filter.branches, filter.branchesIgnore, branch]
      : [filter.tags, filter.tagsIgnore, tag ?? '']
    if (!only && !ignore) return true
    if (only && !matchesFilter(only, name)) return true
    if (ignore && matchesFilter(ignore, name)) return true
  }
  if (tag !== undefined || (!filter.paths && !filter.pathsIgnore)) return false
  const changed = event.changedPaths()
  const { paths, pathsIgnore } = filter
  if (paths && !changed.some((file) => matchesFilter(paths, file))) return true
  return pathsIgnore !== undefined && changed.length > 0 && changed.every((file) => matchesFilter(pathsIgnore, file))
}

/**
 * The `inputs` of a manual run: what the form sends, with defaults, checked as GitHub's API checks it.
 * Throws a WorkflowError that names the input and what is valid.
 */
export function dispatchInputs(
  definitions: InputDefinition[],
  given: Record<string, string | boolean | number>,
  environments: string[],
): Record<string, Value> {
  for (const name of Object.keys(given))
    if (!definitions.some((definition) => definition.name === name))
      throw new WorkflowError(
        `Unexpected inputs provided: ["${name}"]. Inputs: ${definitions.map((each) => each.name).join(', ')}`,
      )
  return Object.fromEntries(
    definitions.map((definition) => {
      const { name, type, required, options } = definition
      const value = given[name] ?? literalDefault(definition)
      const text = value === undefined ? '' : String(value)
      if (required && text === '') throw new WorkflowError(`Required input '${name}' not provided`)
      if (type === 'boolean') {
        if (!['true', 'false', ''].includes(text)) throw wrong(name, text, 'true, false')
        return [name, text === 'true']
      }
      if (type === 'number') {
        if (text !== '' && !Number.isFinite(Number(text))) throw wrong(name, text, 'a number')
        return [name, text === '' ? '' : Number(text)]
      }
      if (type === 'choice') {
        // The form preselects the first option.
        const chosen = text === '' && !required ? (value === undefined ? (options[0] ?? '') : text) : text
        if (!options.includes(chosen)) throw wrong(name, chosen, options.join(', '))
        return [name, chosen]
      }
      if (type === 'environment' && text !== '' && !environments.includes(text))
        throw wrong(name, text, environments.join(', '))
      return [name, text]
    }),
  )
}

function literalDefault(definition: InputDefinition): Value | undefined {
  return definition.default && evaluateToken(definition.default, { contexts: {} })
}

function wrong(name: string, value: string, valid: string): WorkflowError {
  return new WorkflowError(`Provided value '${value}' for input '${name}' is not valid. Valid: ${valid}`)
}

/**
 * The `inputs` of a called workflow. `given` holds what the caller's `with` came to; `scope` is for defaults that
 * are expressions. Throws a WorkflowError where a value has not the declared type.
 */
export function callInputs(
  definitions: InputDefinition[],
  given: Record<string, Value>,
  scope: Scope,
  uses: string,
): Record<string, Value> {
  const lowered = new Map(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]))
  const empty: Record<string, Value> = { boolean: false, number: 0 }
  return Object.fromEntries(
    definitions.map(({ name, type, default: fallback }) => {
      const value = lowered.get(name.toLowerCase()) ?? (fallback ? evaluateToken(fallback, scope) : (empty[type] ?? ''))
      if (type === 'string') return [name, asText(value)]
      if (typeof value === type) return [name, value]
      throw new WorkflowError(
        `Calling '${uses}': input '${name}' is a ${type}, but its value is ${value === '' ? 'empty' : `the ${typeof value} '${asText(value)}'`}`,
      )
    }),
  )
}
