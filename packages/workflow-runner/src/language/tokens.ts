import type { MappingToken } from '@actions/workflow-parser/templates/tokens/mapping-token'
import type { TemplateToken } from '@actions/workflow-parser/templates/tokens/template-token'
import { isMapping, isSequence } from '@actions/workflow-parser/templates/tokens/type-guards'
import { WorkflowError } from './errors.ts'

export type { MappingToken, TemplateToken }

/** `deploy.yml (Line: 3, Col: 5)`, as GitHub's own messages have it. */
export function place(file: string, token: TemplateToken | undefined): string {
  return token?.line === undefined ? file : `${file} (Line: ${token.line}, Col: ${token.col})`
}

export function invalid(file: string, token: TemplateToken | undefined, message: string): WorkflowError {
  return new WorkflowError(`${place(file, token)}: ${message}`)
}

/** The key-value pairs of a mapping; none for anything else. */
export function entries(
  token: TemplateToken | undefined,
): { key: string; keyToken: TemplateToken; value: TemplateToken }[] {
  if (!token || !isMapping(token)) return []
  return [...token].map(({ key, value }) => ({ key: key.toString(), keyToken: key, value }))
}

export function child(token: TemplateToken | undefined, key: string): TemplateToken | undefined {
  return entries(token).find((entry) => entry.key === key)?.value
}

export function mappingAt(token: TemplateToken | undefined, key: string): MappingToken | undefined {
  const value = child(token, key)
  return value && isMapping(value) ? value : undefined
}

/** A list, or a single value as a list of one. */
export function texts(token: TemplateToken | undefined): string[] {
  if (!token) return []
  return isSequence(token) ? [...token].map(String) : [token.toString()]
}
