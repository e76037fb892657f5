import { isMapping, isSequence, isString } from '@actions/workflow-parser/templates/tokens/type-guards'
import { child, entries, type MappingToken, mappingAt, type TemplateToken, texts } from '../language/tokens.ts'

export type InputType = 'string' | 'boolean' | 'number' | 'choice' | 'environment'

export interface InputDefinition {
  name: string
  type: InputType
  required: boolean
  default: TemplateToken | undefined
  options: string[]
}

export interface PushFilter {
  branches: string[] | undefined
  branchesIgnore: string[] | undefined
  tags: string[] | undefined
  tagsIgnore: string[] | undefined
  paths: string[] | undefined
  pathsIgnore: string[] | undefined
}

/** The interface of a reusable workflow: `on.workflow_call`. */
export interface CallInterface {
  inputs: InputDefinition[]
  secrets: { name: string; required: boolean }[]
  outputs: { name: string; value: TemplateToken }[]
}

/** `on`: the events that start a workflow. */
export interface Triggers {
  events: string[]
  push: PushFilter | undefined
  dispatch: InputDefinition[] | undefined
  call: CallInterface | undefined
}

export function readTriggers(on: TemplateToken | undefined): Triggers {
  const events =
    on && isMapping(on)
      ? entries(on).map(({ key }) => key)
      : texts(on && (isString(on) || isSequence(on)) ? on : undefined)
  const settings = (event: string) => (on && isMapping(on) ? mappingAt(on, event) : undefined)
  return {
    events,
    push: events.includes('push') ? readPush(settings('push')) : undefined,
    dispatch: events.includes('workflow_dispatch')
      ? readInputs(child(settings('workflow_dispatch'), 'inputs'))
      : undefined,
    call: events.includes('workflow_call') ? readCall(settings('workflow_call')) : undefined,
  }
}

function readPush(token: MappingToken | undefined): PushFilter {
  const list = (key: string) => {
    const value = child(token, key)
    return value ? texts(value) : undefined
  }
  return {
    branches: list('branches'),
    branchesIgnore: list('branches-ignore'),
    tags: list('tags'),
    tagsIgnore: list('tags-ignore'),
    paths: list('paths'),
    pathsIgnore: list('paths-ignore'),
  }
}

function readCall(token: MappingToken | undefined): CallInterface {
  return {
    inputs: readInputs(child(token, 'inputs')),
    secrets: entries(child(token, 'secrets')).map(({ key, value }) => ({
      name: key,
      required: child(value, 'required')?.toString() === 'true',
    })),
    outputs: entries(child(token, 'outputs')).flatMap(({ key, value }) => {
      const output = child(value, 'value')
      return output ? [{ name: key, value: output }] : []
    }),
  }
}

function readInputs(token: TemplateToken | undefined): InputDefinition[] {
  return entries(token).map(({ key, value }) => ({
    name: key,
    type: (child(value, 'type')?.toString() ?? 'string') as InputType,
    required: child(value, 'required')?.toString() === 'true',
    default: child(value, 'default'),
    options: texts(child(value, 'options')),
  }))
}
